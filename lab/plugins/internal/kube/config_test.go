package kube

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

func kubeconfig(server, user string) string {
	return fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"c",
		"clusters":[{"name":"k","cluster":{"server":%q}}],"users":[{"name":"u","user":{"token":%q}}],
		"contexts":[{"name":"c","context":{"cluster":"k","user":"u"}}]}`, server, user)
}

func TestProviderIsReplacedForAnotherClusterOnly(t *testing.T) {
	const server = "https://127.0.0.1:1"
	unknown := resource.MakeComputed(resource.NewProperty(""))
	for name, test := range map[string]struct {
		kubeconfig resource.PropertyValue
		before     string
		after      string
		replaces   []resource.PropertyKey
	}{
		"same":              {resource.NewProperty(kubeconfig(server, "t")), "", "", nil},
		"another token":     {resource.MakeSecret(resource.NewProperty(kubeconfig(server, "u"))), "", "", nil},
		"another server":    {resource.NewProperty(kubeconfig("https://127.0.0.1:2", "t")), "", "", []resource.PropertyKey{"kubeconfig"}},
		"unknown":           {unknown, "", "", []resource.PropertyKey{"kubeconfig"}},
		"unknown, pinned":   {unknown, "id", "id", nil},
		"elsewhere, pinned": {resource.NewProperty(kubeconfig("https://127.0.0.1:2", "t")), "id", "id", nil},
		"another id":        {resource.NewProperty(kubeconfig(server, "t")), "id", "id2", []resource.PropertyKey{clusterIdentifier}},
	} {
		olds := resource.PropertyMap{"kubeconfig": resource.MakeSecret(resource.NewProperty(kubeconfig(server, "t")))}
		news := resource.PropertyMap{"kubeconfig": test.kubeconfig}
		if test.before != "" {
			olds[clusterIdentifier] = resource.NewProperty(test.before)
			news[clusterIdentifier] = resource.NewProperty(test.after)
		}
		diff, err := newKube(t, nil).DiffConfig(context.Background(), plugin.DiffConfigRequest{OldOutputs: olds, NewInputs: news})
		if err != nil || !slices.Equal(diff.ReplaceKeys, test.replaces) {
			t.Errorf("%s: replaces %v, %v", name, diff.ReplaceKeys, err)
		}
	}
}

func TestSettingsComeAsJSONText(t *testing.T) {
	k := newKube(t, map[string]any{
		"enableSecretMutable": "true", "upsertExistingObjects": true, "helmReleaseSettings": `{"driver":"configmap"}`,
		"kubeconfig": kubeconfig("https://127.0.0.1:1", "t"), "namespace": "mine",
	})
	if !k.settings.secretMutable || !k.settings.upsert || k.settings.helm.Driver != "configmap" || k.cluster.Namespace() != "mine" {
		t.Errorf("got %+v, namespace %s", k.settings, k.cluster.Namespace())
	}
}

func TestClientSideApplyIsRefused(t *testing.T) {
	_, err := newKube(t, nil).Configure(context.Background(), plugin.ConfigureRequest{
		Inputs: fields(map[string]any{"enableServerSideApply": "false"}),
	})
	if err == nil {
		t.Error("taken")
	}
}

func TestUnreachableCluster(t *testing.T) {
	ctx := context.Background()
	k := newKube(t, map[string]any{"kubeconfig": kubeconfig("https://127.0.0.1:1", "t")})
	inputs := check(t, k, configMap, nil, fields(map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}))
	preview, err := k.Create(ctx, plugin.CreateRequest{Type: configMap, Preview: true, Properties: inputs})
	if err != nil || !preview.Properties.HasValue("metadata") {
		t.Error("preview:", err)
	}
	if _, err := k.Create(ctx, plugin.CreateRequest{Type: configMap, Properties: inputs}); err == nil {
		t.Error("created")
	}
	outputs := stateOf(inputs)
	if _, err := k.Read(ctx, plugin.ReadRequest{Type: configMap, ID: "n/x", State: outputs}); err == nil {
		t.Error("read")
	}
	if _, err := k.Delete(ctx, plugin.DeleteRequest{Type: configMap, ID: "n/x", Outputs: outputs}); err == nil {
		t.Error("deleted")
	}
	k.settings.deleteUnreachable = true
	found, err := k.Read(ctx, plugin.ReadRequest{Type: configMap, ID: "n/x", State: outputs})
	if err != nil || found.ID != "" {
		t.Error("kept:", found, err)
	}
	if _, err := k.Delete(ctx, plugin.DeleteRequest{Type: configMap, ID: "n/x", Outputs: outputs}); err != nil {
		t.Error(err)
	}
}
