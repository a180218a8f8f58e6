package kube

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/helm"
	"rancher-on-pks/lab/plugins/internal/provider"
)

// settings are the provider's configuration beside the choice of the cluster.
type settings struct {
	deleteUnreachable, skipUpdateUnreachable bool
	patchForce, upsert                       bool
	configMapMutable, secretMutable          bool
	suppressHookWarnings                     bool
	helm                                     helm.Settings
}

// flags are the switches with the environment variables that set them where the program does not.
func (s *settings) flags() map[string]struct {
	variable string
	target   *bool
} {
	type flag = struct {
		variable string
		target   *bool
	}
	return map[string]flag{
		"deleteUnreachable":        {"PULUMI_K8S_DELETE_UNREACHABLE", &s.deleteUnreachable},
		"skipUpdateUnreachable":    {"PULUMI_K8S_SKIP_UPDATE_UNREACHABLE", &s.skipUpdateUnreachable},
		"enablePatchForce":         {"PULUMI_K8S_ENABLE_PATCH_FORCE", &s.patchForce},
		"upsertExistingObjects":    {"PULUMI_K8S_UPSERT_EXISTING_OBJECTS", &s.upsert},
		"enableConfigMapMutable":   {"PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE", &s.configMapMutable},
		"enableSecretMutable":      {"PULUMI_K8S_ENABLE_SECRET_MUTABLE", &s.secretMutable},
		"suppressHelmHookWarnings": {"PULUMI_K8S_SUPPRESS_HELM_HOOK_WARNINGS", &s.suppressHookWarnings},
	}
}

// clientSettings are those of the input kubeClientSettings.
type clientSettings struct {
	QPS     float32 `json:"qps"`
	Burst   int     `json:"burst"`
	Timeout int     `json:"timeout"`
}

// parseSettings reads the provider's inputs. refuse makes the error for what a stand-in cannot do.
func parseSettings(inputs resource.PropertyMap, refuse func(string) error) (*settings, cluster.Settings, error) {
	parsed := &settings{}
	for name, flag := range parsed.flags() {
		value := text(inputs, name)
		if value == "" {
			value = os.Getenv(flag.variable)
		}
		*flag.target = value == "true"
	}
	if text(inputs, "renderYamlToDirectory") != "" {
		return nil, cluster.Settings{}, refuse("provider setting renderYamlToDirectory")
	}
	apply := text(inputs, "enableServerSideApply")
	if apply == "" {
		apply = os.Getenv("PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY")
	}
	if apply == "false" {
		return nil, cluster.Settings{}, refuse("provider setting enableServerSideApply=false (client-side apply)")
	}
	client := clientSettings{QPS: 50, Burst: 120}
	if err := decode(inputs, "kubeClientSettings", &client); err != nil {
		return nil, cluster.Settings{}, err
	}
	if err := decode(inputs, "helmReleaseSettings", &parsed.helm); err != nil {
		return nil, cluster.Settings{}, err
	}
	return parsed, cluster.Settings{
		Kubeconfig: text(inputs, "kubeconfig"),
		Context:    text(inputs, "context"),
		Cluster:    text(inputs, "cluster"),
		Namespace:  text(inputs, "namespace"),
		QPS:        client.QPS,
		Burst:      client.Burst,
		Timeout:    time.Duration(client.Timeout) * time.Second,
	}, nil
}

// text reads an input as text: SDKs send booleans and objects of a provider's configuration as JSON.
func text(inputs resource.PropertyMap, name string) string {
	value := provider.Reveal(inputs[resource.PropertyKey(name)])
	switch {
	case value.IsNull() || value.IsComputed():
		return ""
	case value.IsString():
		return value.StringValue()
	default:
		encoded, err := json.Marshal(value.Mappable())
		if err != nil {
			return ""
		}
		return string(encoded)
	}
}

func decode(inputs resource.PropertyMap, name string, into any) error {
	value := text(inputs, name)
	if value == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(value), into); err != nil {
		return fmt.Errorf("failed to unmarshal %s option: %w", name, err)
	}
	return nil
}
