package helm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/storage/driver"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/provider"
)

// Releases are the Helm releases in one cluster.
type Releases struct {
	*provider.Base
	cluster  *cluster.Cluster
	settings Settings
}

// New gives access to the releases in the cluster.
func New(base *provider.Base, in *cluster.Cluster, settings Settings) *Releases {
	return &Releases{Base: base, cluster: in, settings: settings}
}

// configuration is Helm's way to the cluster, for releases in the namespace.
func (h *Releases) configuration(namespace string) (*action.Configuration, error) {
	connection, err := h.cluster.Reach()
	if err != nil {
		return nil, err
	}
	kind := h.settings.Driver
	if kind == "" {
		kind = os.Getenv("PULUMI_K8S_HELM_DRIVER")
	}
	if kind == "" {
		kind = "secret"
	}
	configuration := &action.Configuration{}
	quiet := func(string, ...any) {}
	return configuration, configuration.Init(connection.Getter(namespace), namespace, kind, quiet)
}

// Check fills in what the program leaves out: the name, the namespace, the timeout, and the version
// that the chart really has. So the chart must be there already at preview, unless inputs are unknown.
func (h *Releases) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	news := req.News.Copy()
	if !news.HasValue("name") || isEmpty(news["name"]) {
		name := provider.Reveal(req.Olds["name"])
		if !name.IsString() || name.StringValue() == "" {
			generated, err := resource.NewUniqueHex(req.Name+"-", 0, 0)
			if err != nil {
				return plugin.CheckResponse{}, err
			}
			name = resource.NewProperty(generated)
		}
		news["name"] = name
	}
	if !news.HasValue("namespace") || isEmpty(news["namespace"]) {
		news["namespace"] = resource.NewProperty(h.cluster.Namespace())
	}
	skip := provider.Reveal(news["skipAwait"])
	if !news.HasValue("timeout") && (!skip.IsBool() || !skip.BoolValue()) && !skip.IsComputed() {
		news["timeout"] = resource.NewProperty(float64(defaultTimeoutSeconds))
	}
	verify := provider.Reveal(news["verify"])
	if verify.IsBool() && verify.BoolValue() && isEmpty(news["keyring"]) {
		news["keyring"] = resource.NewProperty(os.ExpandEnv("$HOME/.gnupg/pubring.gpg"))
	}
	wanted, err := decode(news)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	var failures []plugin.CheckFailure
	if !news.ContainsUnknowns() {
		chart, _, err := h.settings.load(wanted)
		if err != nil {
			reason := fmt.Sprintf("%v; check the chart name and repository configuration.", err)
			failures = append(failures, plugin.CheckFailure{Property: "chart", Reason: reason})
		} else {
			wanted.Version = chart.Metadata.Version
		}
	}
	return plugin.CheckResponse{Properties: wanted.inputs(req.News), Failures: failures}, nil
}

func isEmpty(value resource.PropertyValue) bool {
	value = provider.Reveal(value)
	return value.IsNull() || (value.IsString() && value.StringValue() == "")
}

// Diff compares the wanted release with the state: with what Helm said of it last, for what the
// program sets or had set.
func (h *Releases) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	news := provider.RevealMap(req.NewInputs)
	olds := provider.RevealMap(req.OldOutputs)
	for _, ignored := range req.IgnoreChanges {
		if ignored == "version" {
			news["version"] = olds["version"]
		}
	}
	before := provider.RevealMap(checkpointInputs(req.OldOutputs))
	delete(before, "resourceNames")
	present := resource.PropertyMap{}
	for name, value := range olds {
		if kept, ok := common(value, news[name], before[name]); ok {
			present[name] = kept
		}
	}
	return provider.InputDiff(present, news, func(property string) bool {
		return property == "name" || property == "namespace"
	}), nil
}

// common keeps of the value what at least one of the inputs, new and old, has.
func common(value, news, olds resource.PropertyValue) (resource.PropertyValue, bool) {
	if news.IsNull() && olds.IsNull() {
		return resource.PropertyValue{}, false
	}
	if !value.IsObject() || (!news.IsObject() && !olds.IsObject()) {
		return value, true
	}
	at := func(v resource.PropertyValue, name resource.PropertyKey) resource.PropertyValue {
		if !v.IsObject() {
			return resource.NewNullProperty()
		}
		return v.ObjectValue()[name]
	}
	kept := resource.PropertyMap{}
	for name, element := range value.ObjectValue() {
		if below, ok := common(element, at(news, name), at(olds, name)); ok {
			kept[name] = below
		}
	}
	return resource.NewProperty(kept), true
}

// Read asks Helm for the release. By an id alone (an import) its inputs are those that Helm knows.
func (h *Releases) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	found, err := decode(req.State)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	namespace, name := found.Namespace, found.Name
	if len(req.State) == 0 {
		namespace, name = parseIdentifier(string(req.ID))
	}
	configuration, err := h.configuration(namespace)
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	live, err := action.NewGet(configuration).Run(name)
	if isNotFound(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	if err := found.observe(live); err != nil {
		return plugin.ReadResponse{}, err
	}
	inputs := checkpointInputs(req.State)
	if inputs == nil {
		if found.Timeout == 0 {
			found.Timeout = defaultTimeoutSeconds
		}
		inputs = found.inputs(nil)
		delete(inputs, "status")
	}
	result := plugin.ReadResult{ID: req.ID, Inputs: inputs, Outputs: found.checkpoint(inputs, false)}
	return plugin.ReadResponse{ReadResult: result}, nil
}

func isNotFound(err error) bool {
	return errors.Is(err, driver.ErrReleaseNotFound) || (err != nil && strings.Contains(err.Error(), "release: not found"))
}
