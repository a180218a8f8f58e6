package vsphere

import (
	"context"
	"crypto/tls"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/vmware/govmomi/simulator"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const urn = "urn:pulumi:test::test::" + ruleType + "::masters"

// site is a stand-in that is logged in at a simulated vCenter.
type site struct {
	*vsphere
	t       *testing.T
	cluster string
	uuids   []string
	config  resource.PropertyMap
}

func newSite(t *testing.T) *site {
	t.Helper()
	model := simulator.VPX()
	model.Machine = 4
	if err := model.Create(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(model.Remove)
	model.Service.TLS = new(tls.Config)
	model.Service.Listen = &url.URL{User: url.UserPassword("somebody", "their password")}
	server := model.Service.NewServer()
	t.Cleanup(server.Close)
	found := &site{vsphere: New(provider.NewHost(nil)).(*vsphere), t: t}
	for _, entity := range model.Map().All("VirtualMachine") {
		found.uuids = append(found.uuids, entity.(*simulator.VirtualMachine).Config.Uuid)
	}
	slices.Sort(found.uuids)
	found.cluster = model.Map().Any("ClusterComputeResource").Reference().Value
	password, _ := server.URL.User.Password()
	found.config = properties(map[string]any{
		"user": server.URL.User.Username(), "password": resource.MakeSecret(resource.NewProperty(password)),
		"vsphereServer": server.URL.Host, "allowUnverifiedSsl": "true",
	})
	return found
}

func (s *site) configure() {
	s.t.Helper()
	if _, err := s.Configure(context.Background(), plugin.ConfigureRequest{Inputs: s.config}); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) inputs(name string, machines ...string) resource.PropertyMap {
	return properties(map[string]any{"name": name, "computeClusterId": s.cluster, "virtualMachineIds": machines, "enabled": true})
}

func (s *site) create(inputs resource.PropertyMap) plugin.CreateResponse {
	s.t.Helper()
	made, err := s.Create(context.Background(), plugin.CreateRequest{URN: urn, Type: ruleType, Properties: inputs})
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *site) read(id resource.ID, state, inputs resource.PropertyMap) (plugin.ReadResponse, error) {
	request := plugin.ReadRequest{URN: urn, Type: ruleType, ID: id, State: state, Inputs: inputs}
	return s.Read(context.Background(), request)
}

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func machines(state resource.PropertyMap) []string {
	var found []string
	for _, item := range state["virtualMachineIds"].ArrayValue() {
		found = append(found, item.StringValue())
	}
	return found
}

func TestTheLifeOfARule(t *testing.T) {
	s := newSite(t)
	s.configure()
	made := s.create(s.inputs("one PKS cluster", s.uuids[2], s.uuids[0], s.uuids[1]))
	if !strings.HasPrefix(string(made.ID), s.cluster+":") || !slices.Equal(machines(made.Properties), s.uuids[:3]) {
		t.Fatalf("made %s %v", made.ID, made.Properties)
	}
	if made.Properties["mandatory"].BoolValue() || !made.Properties["enabled"].BoolValue() {
		t.Errorf("made %v", made.Properties)
	}
	other := s.inputs("one PKS cluster", s.uuids[0], s.uuids[1], s.uuids[3])
	other["mandatory"] = resource.NewProperty(true)
	changed, err := s.Update(context.Background(), plugin.UpdateRequest{URN: urn, Type: ruleType, ID: made.ID, NewInputs: other})
	if err != nil || !slices.Contains(machines(changed.Properties), s.uuids[3]) || !changed.Properties["mandatory"].BoolValue() {
		t.Fatalf("changed %v, %v", changed.Properties, err)
	}
	seen, err := s.read(made.ID, made.Properties, other)
	if err != nil || !seen.Outputs.DeepEquals(changed.Properties) || !seen.Inputs.DeepEquals(other) {
		t.Errorf("read %v, %v", seen, err)
	}
	imported, err := s.read(`{"compute_cluster_path": "/DC0/host/DC0_C0", "name": "one PKS cluster"}`, nil, nil)
	if err != nil || imported.ID != made.ID || imported.Inputs["name"].StringValue() != "one PKS cluster" {
		t.Errorf("imported %v, %v", imported, err)
	}
	if absent, err := s.read(`{"compute_cluster_path": "/DC0/host/DC0_C0", "name": "absent"}`, nil, nil); err != nil || absent.ID != "" {
		t.Errorf("imported %v, %v", absent, err)
	}
	remove := plugin.DeleteRequest{URN: urn, Type: ruleType, ID: made.ID}
	if _, err := s.Delete(context.Background(), remove); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.read(made.ID, made.Properties, other); err != nil || gone.ID != "" {
		t.Errorf("read after deletion %v, %v", gone, err)
	}
}

func TestTheOrderOfMachinesIsNoChange(t *testing.T) {
	s := &vsphere{Base: provider.NewBase("vsphere", version, provider.NewHost(nil))}
	olds := rule{"r", "domain-c1", []string{"a", "b"}, true, false}.properties("domain-c1:1")
	diff := func(change map[string]any) plugin.DiffResult {
		inputs := map[string]any{"name": "r", "computeClusterId": "domain-c1", "virtualMachineIds": []string{"b", "a"}, "enabled": true}
		for key, value := range change {
			inputs[key] = value
		}
		found, err := s.Diff(context.Background(), plugin.DiffRequest{
			URN: urn, Type: ruleType, OldOutputs: olds, NewInputs: properties(inputs),
		})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := diff(nil); found.Changes != plugin.DiffNone {
		t.Errorf("the same set: %v", found)
	}
	if found := diff(map[string]any{"virtualMachineIds": []string{"a", "c"}}); found.Changes != plugin.DiffSome || len(found.ReplaceKeys) > 0 {
		t.Errorf("another set: %v", found)
	}
	if found := diff(map[string]any{"mandatory": true}); found.Changes != plugin.DiffSome || len(found.ReplaceKeys) > 0 {
		t.Errorf("must: %v", found)
	}
	if found := diff(map[string]any{"computeClusterId": "domain-c2"}); len(found.ReplaceKeys) != 1 || !found.DeleteBeforeReplace {
		t.Errorf("another cluster: %v", found)
	}
	if found := diff(map[string]any{"virtualMachineIds": provider.Unknown()}); found.Changes != plugin.DiffSome {
		t.Errorf("not known yet: %v", found)
	}
}

func TestWrongAccessIsToldWhenTheProviderIsConfigured(t *testing.T) {
	s := newSite(t)
	for key, want := range map[resource.PropertyKey]string{
		"password":           "Login failure", // vcsim's words
		"allowUnverifiedSsl": "certificate",
	} {
		config := s.config.Copy()
		config[key] = resource.NewProperty("false")
		_, err := s.Configure(context.Background(), plugin.ConfigureRequest{Inputs: config})
		if err == nil || !strings.Contains(err.Error(), "error setting up new vSphere SOAP client: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func TestMissingAccessNamesEverySetting(t *testing.T) {
	s := New(provider.NewHost(nil))
	for _, setting := range settings {
		t.Setenv(setting.variable, "")
	}
	found, err := s.CheckConfig(context.Background(), plugin.CheckConfigRequest{News: resource.PropertyMap{}})
	if err != nil || len(found.Failures) != 3 {
		t.Errorf("%v, %v", found, err)
	}
	t.Setenv("VSPHERE_USER", "u")
	t.Setenv("VSPHERE_PASSWORD", "p")
	t.Setenv("VSPHERE_SERVER", "s")
	if found, _ := s.CheckConfig(context.Background(), plugin.CheckConfigRequest{}); len(found.Failures) > 0 {
		t.Errorf("with the environment: %v", found)
	}
}

func TestRefusals(t *testing.T) {
	s := newSite(t)
	s.configure()
	s.create(s.inputs("taken", s.uuids[0], s.uuids[1]))
	for name, inputs := range map[string]resource.PropertyMap{
		"InvalidArgument": s.inputs("taken", s.uuids[0], s.uuids[1]),
		"not found":       s.inputs("other", s.uuids[0], "00000000-0000-0000-0000-000000000000"),
		"cannot locate":   properties(map[string]any{"name": "x", "computeClusterId": "domain-c0", "virtualMachineIds": []string{}}),
	} {
		_, err := s.Create(context.Background(), plugin.CreateRequest{URN: urn, Type: ruleType, Properties: inputs})
		if err == nil || !strings.Contains(err.Error()+strings.ReplaceAll(err.Error(), "invalid argument", "InvalidArgument"), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	checked, err := s.Check(context.Background(), plugin.CheckRequest{URN: urn, Type: ruleType, News: properties(map[string]any{"colour": "red", "name": "x"})})
	if err != nil || len(checked.Failures) != 3 {
		t.Errorf("%v, %v", checked, err)
	}
	_, err = s.Check(context.Background(), plugin.CheckRequest{URN: urn, Type: "vsphere:index/folder:Folder"})
	if err == nil || !strings.Contains(err.Error(), "stand-in") {
		t.Errorf("%v", err)
	}
}

func TestTwoRulesDoNotChangeAtATime(t *testing.T) {
	s := newSite(t)
	s.configure()
	waiting.Lock() // as while another rule changes
	request := plugin.CreateRequest{URN: urn, Type: ruleType, Properties: s.inputs("one", s.uuids[0], s.uuids[1])}
	_, err := s.Create(context.Background(), request)
	waiting.Unlock()
	if err == nil || !strings.Contains(err.Error(), "another rule is changing") {
		t.Errorf("at a time: %v", err)
	}
	s.create(request.Properties)
}
