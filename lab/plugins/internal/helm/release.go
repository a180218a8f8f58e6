// Package helm is the part of the Kubernetes stand-in that installs Helm releases, as resources of
// type kubernetes:helm.sh/v3:Release. It drives the Helm library, as the real plugin does.
package helm

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"sigs.k8s.io/yaml"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const defaultTimeoutSeconds = 300

// release has the inputs and outputs of the resource, named as in pulumi-kubernetes.
type release struct {
	AllowNullValues          bool                `json:"allowNullValues,omitempty"`
	Atomic                   bool                `json:"atomic,omitempty"`
	Chart                    string              `json:"chart,omitempty"`
	CleanupOnFail            bool                `json:"cleanupOnFail,omitempty"`
	CreateNamespace          bool                `json:"createNamespace,omitempty"`
	DependencyUpdate         bool                `json:"dependencyUpdate,omitempty"`
	Description              string              `json:"description,omitempty"`
	Devel                    bool                `json:"devel,omitempty"`
	DisableCRDHooks          bool                `json:"disableCRDHooks,omitempty"`
	DisableOpenapiValidation bool                `json:"disableOpenapiValidation,omitempty"`
	DisableWebhooks          bool                `json:"disableWebhooks,omitempty"`
	ForceUpdate              bool                `json:"forceUpdate,omitempty"`
	Keyring                  string              `json:"keyring,omitempty"`
	Lint                     bool                `json:"lint,omitempty"`
	MaxHistory               *int                `json:"maxHistory,omitempty"`
	Name                     string              `json:"name,omitempty"`
	Namespace                string              `json:"namespace,omitempty"`
	Postrender               string              `json:"postrender,omitempty"`
	RecreatePods             bool                `json:"recreatePods,omitempty"`
	RenderSubchartNotes      bool                `json:"renderSubchartNotes,omitempty"`
	Replace                  bool                `json:"replace,omitempty"`
	RepositoryOpts           *repository         `json:"repositoryOpts,omitempty"`
	ResetValues              bool                `json:"resetValues,omitempty"`
	ReuseValues              bool                `json:"reuseValues,omitempty"`
	Values                   map[string]any      `json:"values,omitempty"`
	SkipCrds                 bool                `json:"skipCrds,omitempty"`
	Timeout                  int                 `json:"timeout,omitempty"`
	Verify                   bool                `json:"verify,omitempty"`
	Version                  string              `json:"version,omitempty"`
	SkipAwait                bool                `json:"skipAwait,omitempty"`
	WaitForJobs              bool                `json:"waitForJobs,omitempty"`
	ResourceNames            map[string][]string `json:"resourceNames,omitempty"`
	Status                   *status             `json:"status,omitempty"`
}

// repository says where a chart comes from that is given by its bare name.
type repository struct {
	Repo     string `json:"repo,omitempty"`
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	Password string `json:"password,omitempty"`
	Username string `json:"username,omitempty"`
}

// status is what Helm says of the release.
type status struct {
	AppVersion string `json:"appVersion,omitempty"`
	Chart      string `json:"chart,omitempty"`
	Name       string `json:"name,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
	Revision   *int   `json:"revision,omitempty"`
	Status     string `json:"status,omitempty"`
	Version    string `json:"version,omitempty"`
}

// decode reads inputs or outputs; secrets are revealed, unknown values become nil.
func decode(properties resource.PropertyMap) (*release, error) {
	files, err := valueFiles(provider.Reveal(properties["valueYamlFiles"]))
	if err != nil {
		return nil, err
	}
	known := resource.PropertyMap{}
	for name, value := range properties {
		if name != "valueYamlFiles" && !resource.IsInternalPropertyKey(name) {
			known[name] = value
		}
	}
	encoded, err := json.Marshal(provider.Plain(known))
	if err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	read := &release{}
	if err := json.Unmarshal(encoded, read); err != nil {
		return nil, fmt.Errorf("decoding failure: %w", err)
	}
	if files != nil || read.Values != nil {
		read.Values = merge(files, read.Values)
	}
	return read, nil
}

func valueFiles(value resource.PropertyValue) (map[string]any, error) {
	if !value.IsArray() {
		return nil, nil
	}
	merged := map[string]any{}
	for _, file := range value.ArrayValue() {
		if !file.IsAsset() {
			return nil, fmt.Errorf("unsupported type for 'valueYamlFiles' arg: %s", file.TypeString())
		}
		content, err := file.AssetValue().Bytes()
		if err != nil {
			return nil, err
		}
		var values map[string]any
		if err := yaml.Unmarshal(content, &values); err != nil {
			return nil, err
		}
		merged = merge(merged, values)
	}
	return merged, nil
}

// merge lays the values of over onto base, map by map.
func merge(base, over map[string]any) map[string]any {
	merged := make(map[string]any, len(base)+len(over))
	for name, value := range base {
		merged[name] = value
	}
	for name, value := range over {
		below, isMap := merged[name].(map[string]any)
		if above, also := value.(map[string]any); isMap && also {
			value = merge(below, above)
		}
		merged[name] = value
	}
	return merged
}

// observe takes over what Helm knows of the release.
func (r *release) observe(live *helmrelease.Release) error {
	if r.Name == "" {
		r.Name, r.Namespace = live.Name, live.Namespace
	}
	metadata := live.Chart.Metadata
	if r.Chart == "" {
		r.Chart = metadata.Name
	}
	r.Values = merge(r.Values, live.Config)
	r.Version = metadata.Version
	names, err := resourceNames(live.Manifest)
	if err != nil {
		return err
	}
	r.ResourceNames = names
	r.Status = &status{
		AppVersion: metadata.AppVersion, Chart: metadata.Name, Version: metadata.Version,
		Name: live.Name, Namespace: live.Namespace, Revision: &live.Version, Status: live.Info.Status.String(),
	}
	return nil
}

func (r *release) timeout() time.Duration {
	if r.Timeout == 0 {
		return defaultTimeoutSeconds * time.Second
	}
	return time.Duration(r.Timeout) * time.Second
}

// identifier is the resource's id.
func (r *release) identifier() string { return r.Namespace + "/" + r.Name }

func parseIdentifier(id string) (namespace, name string) {
	if namespace, name, found := strings.Cut(id, "/"); found {
		return namespace, name
	}
	return "", id
}
