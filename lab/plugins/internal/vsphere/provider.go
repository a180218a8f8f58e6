// Package vsphere is the stand-in for pulumi-resource-vsphere: anti-affinity rules of a vSphere cluster,
// with the inputs, outputs, ids and replacement rules of pulumi-vsphere, which is the Terraform
// provider "vsphere" under a bridge. Like it, it logs in when it is configured, at a preview, too.
package vsphere

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/vmware/govmomi"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const (
	version  = "4.18.2"
	ruleType = "vsphere:index/computeClusterVmAntiAffinityRule:ComputeClusterVmAntiAffinityRule"
)

type vsphere struct {
	provider.Base

	guard  sync.Mutex
	client *govmomi.Client
}

// New returns the stand-in.
func New(host *provider.Host) plugin.Provider {
	return &vsphere{Base: provider.NewBase("vsphere", version, host)}
}

// CheckConfig requires user, password and server, which the environment may have.
func (v *vsphere) CheckConfig(_ context.Context, req plugin.CheckConfigRequest) (plugin.CheckConfigResponse, error) {
	_, _, failures := read(req.News)
	return plugin.CheckConfigResponse{Properties: req.News, Failures: failures}, nil
}

// Configure logs in.
func (v *vsphere) Configure(ctx context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	found, known, failures := read(req.Inputs)
	if !known {
		return plugin.ConfigureResponse{}, nil
	}
	if len(failures) > 0 {
		return plugin.ConfigureResponse{}, errors.New(failures[0].Reason)
	}
	operation, done := v.Operation(ctx)
	defer done()
	client, err := login(operation, found)
	if err != nil {
		return plugin.ConfigureResponse{}, failure("", err)
	}
	v.guard.Lock()
	defer v.guard.Unlock()
	v.client = client
	return plugin.ConfigureResponse{}, nil
}

// Close ends the session.
func (v *vsphere) Close() error {
	v.guard.Lock()
	defer v.guard.Unlock()
	if v.client == nil {
		return nil
	}
	return v.client.Logout(context.Background())
}

// begin returns the context of an operation on a resource, and the session.
func (v *vsphere) begin(
	ctx context.Context, token tokens.Type,
) (context.Context, context.CancelFunc, *govmomi.Client, error) {
	if err := v.supported(token); err != nil {
		return nil, nil, nil, err
	}
	v.guard.Lock()
	defer v.guard.Unlock()
	if v.client == nil {
		return nil, nil, nil, errors.New("the provider is not configured")
	}
	operation, done := v.Operation(ctx)
	return operation, done, v.client, nil
}

func (v *vsphere) supported(token tokens.Type) error {
	if token == ruleType {
		return nil
	}
	return v.Unsupported("resource type " + string(token))
}

// Check fills in defaults; the name is given by autonaming when it is missing, as by the bridge.
func (v *vsphere) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if err := v.supported(req.Type); err != nil {
		return plugin.CheckResponse{}, err
	}
	inputs := req.News.Copy()
	if _, given := inputs["name"]; !given {
		inputs["name"] = req.Olds["name"]
		if old := req.Olds["name"]; !old.IsString() {
			name, err := resource.NewUniqueName(req.RandomSeed, req.URN.Name()+"-", 7, 80, nil)
			if err != nil {
				return plugin.CheckResponse{}, err
			}
			inputs["name"] = resource.NewProperty(name)
		}
	}
	if value, given := inputs["enabled"]; !given || value.IsNull() {
		inputs["enabled"] = resource.NewProperty(true)
	}
	return plugin.CheckResponse{Properties: inputs, Failures: check(inputs)}, nil
}

// Diff compares the virtual machines as a set: their order is of no meaning.
func (v *vsphere) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	if err := v.supported(req.Type); err != nil {
		return plugin.DiffResponse{}, err
	}
	olds, news := resource.PropertyMap{}, resource.PropertyMap{}
	for name := range fields {
		if value, has := req.OldOutputs[name]; has {
			olds[name] = sorted(value)
		}
		if value, has := req.NewInputs[name]; has && !value.IsNull() {
			news[name] = sorted(value)
		} else if fields[name] == flag {
			news[name] = resource.NewProperty(false)
		}
		if slices.Contains(req.IgnoreChanges, string(name)) {
			news[name] = olds[name]
		}
	}
	diff := provider.InputDiff(olds, news, func(property string) bool { return property == "computeClusterId" })
	// As the bridge does for resources with a fixed name, of which two cannot coexist.
	diff.DeleteBeforeReplace = len(diff.ReplaceKeys) > 0
	return diff, nil
}

// failure words an error as the bridge does.
func failure(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s1 error occurred:\n\t* %w\n\n", doing, err)
}

func (v *vsphere) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Preview {
		return plugin.CreateResponse{Properties: outputs(req.Properties, "")}, nil
	}
	operation, done, client, err := v.begin(ctx, req.Type)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	defer done()
	id, state, err := create(operation, client, ruleOf(req.Properties))
	if err != nil {
		return plugin.CreateResponse{}, failure("", err)
	}
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state}, nil
}

func (v *vsphere) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Preview {
		return plugin.UpdateResponse{Properties: outputs(req.NewInputs, string(req.ID))}, nil
	}
	operation, done, client, err := v.begin(ctx, req.Type)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	defer done()
	state, err := update(operation, client, string(req.ID), ruleOf(req.NewInputs))
	return plugin.UpdateResponse{Properties: state}, failure(fmt.Sprintf("updating %s: ", req.URN), err)
}

// Read is the refresh of a rule, and its import by `{"compute_cluster_path": ..., "name": ...}`.
func (v *vsphere) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	operation, done, client, err := v.begin(ctx, req.Type)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	defer done()
	id := string(req.ID)
	if len(req.State) == 0 {
		if id, err = imported(operation, client, id); err != nil {
			// An error means not found; the engine reports that the resource does not exist.
			return plugin.ReadResponse{}, nil //nolint:nilerr
		}
	}
	state, err := get(operation, client, id)
	if err != nil || state == nil {
		return plugin.ReadResponse{}, failure(fmt.Sprintf("refreshing %s: ", req.URN), err)
	}
	inputs := resource.PropertyMap{}
	for name := range fields {
		inputs[name] = state[name]
	}
	for name, value := range req.Inputs { // the order of a set that is the same is kept
		if provider.Reveal(sorted(value)).DeepEquals(sorted(inputs[name])) {
			inputs[name] = value
		}
	}
	return plugin.ReadResponse{ReadResult: plugin.ReadResult{ID: resource.ID(id), Inputs: inputs, Outputs: state}}, nil
}

func (v *vsphere) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	operation, done, client, err := v.begin(ctx, req.Type)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	defer done()
	err = remove(operation, client, string(req.ID))
	return plugin.DeleteResponse{}, failure(fmt.Sprintf("deleting %s: ", req.URN), err)
}
