package kube

import (
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const (
	configMap = "kubernetes:core/v1:ConfigMap"
	secret    = "kubernetes:core/v1:Secret"
)

func newKube(t *testing.T, config map[string]any) *kube {
	t.Helper()
	k := New(provider.NewHost(nil)).(*kube)
	inputs := resource.NewPropertyMapFromMap(config)
	if _, err := k.Configure(context.Background(), plugin.ConfigureRequest{Inputs: inputs}); err != nil {
		t.Fatal(err)
	}
	return k
}

func check(t *testing.T, k *kube, token string, olds, news resource.PropertyMap) resource.PropertyMap {
	t.Helper()
	checked, err := k.Check(context.Background(), plugin.CheckRequest{
		Type: tokens.Type(token), Name: "thing", Olds: olds, News: news,
	})
	if err != nil {
		t.Fatal(err)
	}
	return checked.Properties
}

func fields(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

// stateOf makes the outputs of an object as the API server would give it back, with added metadata.
func stateOf(inputs resource.PropertyMap) resource.PropertyMap {
	live := toObject(inputs)
	live.SetUID("1234")
	live.SetResourceVersion("7")
	made := &state{inputs: toObject(inputs), live: live, apiVersion: "v1", fieldManager: "pulumi-kubernetes-x"}
	return made.checkpoint(inputs)
}

func TestNames(t *testing.T) {
	k := newKube(t, map[string]any{"kubeconfig": kubeconfig("https://127.0.0.1:1", "t")})
	given := fields(map[string]any{"apiVersion": "v1", "kind": "ConfigMap"})
	first := check(t, k, configMap, nil, given)
	metadata := first["metadata"].ObjectValue()
	name := metadata["name"].StringValue()
	if len(name) != len("thing-")+8 || metadata["namespace"].StringValue() != "default" {
		t.Fatalf("got %v", metadata)
	}
	again := check(t, k, configMap, first, given)["metadata"].ObjectValue()
	if again["name"].StringValue() != name || again["annotations"].ObjectValue()[annotationAutonamed].StringValue() != "true" {
		t.Errorf("then %v", again)
	}
	clusterWide := check(t, k, "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", nil,
		fields(map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": map[string]any{"name": "r"}}))
	if clusterWide["metadata"].ObjectValue().HasValue("namespace") {
		t.Errorf("a namespace in %v", clusterWide)
	}
}

func TestSecretsAreSecretAndNormal(t *testing.T) {
	checked := check(t, newKube(t, nil), secret, nil, fields(map[string]any{
		"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"},
		"stringData": map[string]any{"k": "hidden"},
	}))
	if checked.HasValue("stringData") || !checked["data"].IsSecret() {
		t.Fatalf("checked %v", checked)
	}
	data := provider.Reveal(checked["data"]).ObjectValue()
	if data["k"].StringValue() != base64.StdEncoding.EncodeToString([]byte("hidden")) {
		t.Errorf("data %v", data)
	}
	outputs := stateOf(checked)
	if !outputs["data"].IsSecret() || !outputs[keyInputs].ObjectValue()["data"].IsSecret() {
		t.Errorf("outputs %v", outputs)
	}
}

func TestDiff(t *testing.T) {
	base := map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "c", "namespace": "n"},
		"data": map[string]any{"k": "v"},
	}
	for name, test := range map[string]struct {
		config, change map[string]any
		replaces       bool
		paths          []string
	}{
		"nothing":           {nil, nil, false, nil},
		"content":           {nil, map[string]any{"data": map[string]any{"k": "w"}}, true, []string{"data.k"}},
		"mutable content":   {map[string]any{"enableConfigMapMutable": "true"}, map[string]any{"data": map[string]any{"k": "w"}}, false, []string{"data.k"}},
		"content gone":      {nil, map[string]any{"data": resource.NewNullProperty()}, true, []string{"data"}},
		"unknown content":   {nil, map[string]any{"data": map[string]any{"k": resource.MakeComputed(resource.NewProperty(""))}}, true, []string{"data.k"}},
		"another name":      {nil, map[string]any{"metadata": map[string]any{"name": "d", "namespace": "n"}}, true, []string{"metadata.name"}},
		"another namespace": {nil, map[string]any{"metadata": map[string]any{"name": "c"}}, true, []string{"metadata.namespace"}},
		"a label": {nil, map[string]any{"metadata": map[string]any{"name": "c", "namespace": "n", "labels": map[string]any{"a": "b"}}},
			false, []string{"metadata.labels"}},
	} {
		k := newKube(t, test.config)
		changed := maps.Clone(base)
		maps.Copy(changed, test.change)
		diff, err := k.Diff(context.Background(), plugin.DiffRequest{
			Type: configMap, OldOutputs: stateOf(fields(base)), NewInputs: fields(changed),
		})
		if err != nil {
			t.Fatal(name, err)
		}
		paths := slices.Sorted(maps.Keys(diff.DetailedDiff))
		if !slices.Equal(paths, test.paths) || diff.Replace() != test.replaces {
			t.Errorf("%s: %v, replaces %v", name, diff.DetailedDiff, diff.Replace())
		}
		sameName := name == "content" || name == "content gone" || name == "unknown content"
		if diff.DeleteBeforeReplace != sameName {
			t.Errorf("%s: delete before replace %v", name, diff.DeleteBeforeReplace)
		}
	}
}

func TestDriftShows(t *testing.T) {
	inputs := fields(map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "n", "labels": map[string]any{"a": "b"}},
	})
	outputs := stateOf(inputs)
	outputs["metadata"].ObjectValue()["labels"].ObjectValue()["a"] = resource.NewProperty("z")
	outputs["metadata"].ObjectValue()["labels"].ObjectValue()["theirs"] = resource.NewProperty("x")
	diff, err := newKube(t, nil).Diff(context.Background(), plugin.DiffRequest{
		Type: "kubernetes:core/v1:Namespace", OldOutputs: outputs, NewInputs: inputs,
	})
	if err != nil || len(diff.DetailedDiff) != 1 || diff.DetailedDiff["metadata.labels.a"].Kind != plugin.DiffUpdate {
		t.Error(err, diff.DetailedDiff)
	}
}

func TestIgnoredChangesAreNone(t *testing.T) {
	inputs := fields(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "n"}})
	news := fields(map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "n", "labels": map[string]any{"a": "b"}},
	})
	diff, err := newKube(t, nil).Diff(context.Background(), plugin.DiffRequest{
		Type: "kubernetes:core/v1:Namespace", OldOutputs: stateOf(inputs), NewInputs: news, IgnoreChanges: []string{"metadata.labels"},
	})
	if err != nil || diff.Changes != plugin.DiffNone {
		t.Error(err, diff)
	}
}

func TestSpellingsOfOneValueAreTheSame(t *testing.T) {
	deployment := func(cpu string) resource.PropertyMap {
		return fields(map[string]any{
			"apiVersion": "apps/v1", "kind": "Deployment",
			"metadata": map[string]any{"name": "d", "annotations": map[string]any{annotationSkipAwait: "true"}},
			"spec": map[string]any{"replicas": 1, "template": map[string]any{"spec": map[string]any{"containers": []any{
				map[string]any{"name": "c", "resources": map[string]any{"requests": map[string]any{"cpu": cpu}}},
			}}}},
		})
	}
	k := newKube(t, nil)
	token := "kubernetes:apps/v1:Deployment"
	olds := check(t, k, token, nil, deployment("1000m"))
	diff, err := k.Diff(context.Background(), plugin.DiffRequest{
		Type: tokens.Type(token), OldOutputs: stateOf(olds), NewInputs: check(t, k, token, olds, deployment("1")),
	})
	if err != nil || diff.Changes != plugin.DiffNone {
		t.Error(err, diff)
	}
}

func TestOtherTypesAreRefused(t *testing.T) {
	k := newKube(t, nil)
	for _, token := range []string{
		"kubernetes:core/v1:PodList", "kubernetes:core/v1:NamespacePatch", "kubernetes:yaml/v2:ConfigFile", "kubernetes:core/v1:Pod",
		"kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v4:Chart", "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition",
	} {
		if _, err := k.Check(context.Background(), plugin.CheckRequest{Type: tokens.Type(token), Name: "x"}); err == nil {
			t.Errorf("%s is taken", token)
		}
	}
}
