package helm

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"helm.sh/helm/v3/pkg/chart"
	helmrelease "helm.sh/helm/v3/pkg/release"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/provider"
)

func newReleases() *Releases {
	base := provider.NewBase("kubernetes", "0.0.0", provider.NewHost(nil))
	return New(&base, cluster.New(cluster.Settings{Namespace: "mine"}), Settings{})
}

// writeChart makes a chart in a folder.
func writeChart(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "demo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Chart.yaml"), []byte("apiVersion: v2\nname: demo\nversion: 1.2.3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func inputs(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

var secretValue = resource.MakeSecret(resource.NewProperty("hidden"))

func TestCheckFillsIn(t *testing.T) {
	checked, err := newReleases().Check(context.Background(), plugin.CheckRequest{Name: "rel", News: inputs(map[string]any{
		"chart": writeChart(t), "values": map[string]any{"a": secretValue, "b": 1},
	})})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatal(err, checked.Failures)
	}
	found := checked.Properties
	if !strings.HasPrefix(found["name"].StringValue(), "rel-") || found["namespace"].StringValue() != "mine" ||
		found["timeout"].NumberValue() != 300 || found["version"].StringValue() != "1.2.3" {
		t.Errorf("checked %v", found)
	}
	values := found["values"].ObjectValue()
	if !values["a"].IsSecret() || values["b"].IsSecret() {
		t.Errorf("values %v", values)
	}
}

func TestCheckNamesAMissingChart(t *testing.T) {
	checked, err := newReleases().Check(context.Background(), plugin.CheckRequest{
		Name: "rel", News: inputs(map[string]any{"chart": "./missing", "name": "r"}),
	})
	if err != nil || len(checked.Failures) != 1 ||
		!strings.Contains(checked.Failures[0].Reason, `path "./missing" not found; check the chart name`) {
		t.Error(err, checked.Failures)
	}
}

func TestUnknownsPassThrough(t *testing.T) {
	releases := newReleases()
	checked, err := releases.Check(context.Background(), plugin.CheckRequest{Name: "rel", News: inputs(map[string]any{
		"chart": "not looked at", "name": "r", "values": map[string]any{
			"host": provider.Unknown(), "list": []any{"x", provider.Unknown()}, "both": resource.MakeSecret(provider.Unknown()),
		},
	})})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatal(err, checked.Failures)
	}
	values := checked.Properties["values"].ObjectValue()
	if !values["host"].IsComputed() || !values["list"].ArrayValue()[1].IsComputed() || !values["both"].ContainsUnknowns() {
		t.Errorf("values %v", values)
	}
	made, err := releases.Create(context.Background(), plugin.CreateRequest{Preview: true, Properties: checked.Properties})
	if err != nil || !made.Properties["status"].IsComputed() || !made.Properties[keyInputs].IsSecret() {
		t.Error(err, made.Properties)
	}
}

// installed are the outputs of a release as Helm knows it, with the given values.
func installed(t *testing.T, given resource.PropertyMap, config map[string]any) resource.PropertyMap {
	t.Helper()
	read, err := decode(given)
	if err != nil {
		t.Fatal(err)
	}
	err = read.observe(&helmrelease.Release{
		Name: "r", Namespace: "mine", Version: 2, Config: config,
		Chart: &chart.Chart{Metadata: &chart.Metadata{Name: "demo", Version: "1.2.3"}},
		Info:  &helmrelease.Info{Status: helmrelease.StatusDeployed},
		Manifest: "---\napiVersion: v1\nkind: Service\nmetadata: {name: b, namespace: ns}\n---\napiVersion: v1\nkind: Service\n" +
			"metadata: {name: a}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\n# nothing\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	return read.checkpoint(given, false)
}

func TestOutputs(t *testing.T) {
	given := inputs(map[string]any{"name": "r", "namespace": "mine", "values": map[string]any{"a": secretValue}})
	outputs := installed(t, given, map[string]any{"a": "hidden"})
	names := provider.Plain(outputs)["resourceNames"].(map[string]any)
	services := names["Service/v1"].([]any)
	if len(services) != 2 || services[0] != "a" || services[1] != "ns/b" || names["Deployment.apps/apps/v1"].([]any)[0] != "d" {
		t.Errorf("names %v", names)
	}
	if !outputs["values"].ObjectValue()["a"].IsSecret() || outputs["status"].ObjectValue()["revision"].NumberValue() != 2 {
		t.Errorf("outputs %v", outputs)
	}
}

func TestDiff(t *testing.T) {
	base := map[string]any{
		"name": "r", "namespace": "mine", "chart": "demo", "version": "1.2.3", "values": map[string]any{"a": "1", "gone": "x"},
	}
	for name, test := range map[string]struct {
		values, live map[string]any
		version      string
		paths        []string
		replaces     bool
	}{
		"nothing":          {map[string]any{"a": "1", "gone": "x"}, map[string]any{"a": "1", "gone": "x"}, "1.2.3", nil, false},
		"a value":          {map[string]any{"a": "2", "gone": "x"}, map[string]any{"a": "1", "gone": "x"}, "1.2.3", []string{"values.a"}, false},
		"a value less":     {map[string]any{"a": "1"}, map[string]any{"a": "1", "gone": "x"}, "1.2.3", []string{"values.gone"}, false},
		"changed by hand":  {map[string]any{"a": "1", "gone": "x"}, map[string]any{"a": "9", "gone": "x"}, "1.2.3", []string{"values.a"}, false},
		"added by hand":    {map[string]any{"a": "1", "gone": "x"}, map[string]any{"a": "1", "gone": "x", "theirs": "y"}, "1.2.3", nil, false},
		"another version":  {map[string]any{"a": "1", "gone": "x"}, map[string]any{"a": "1", "gone": "x"}, "2.0.0", []string{"version"}, false},
		"a secret as such": {map[string]any{"a": resource.MakeSecret(resource.NewProperty("1")), "gone": "x"}, map[string]any{"a": "1"}, "1.2.3", nil, false},
	} {
		olds := installed(t, inputs(base), test.live)
		news := inputs(base)
		news["values"] = resource.NewProperty(inputs(test.values))
		news["version"] = resource.NewProperty(test.version)
		diff, err := newReleases().Diff(context.Background(), plugin.DiffRequest{OldOutputs: olds, NewInputs: news})
		if err != nil || len(diff.DetailedDiff) != len(test.paths) || diff.Replace() != test.replaces {
			t.Errorf("%s: %v %v", name, diff.DetailedDiff, err)
		}
		for _, path := range test.paths {
			if _, ok := diff.DetailedDiff[path]; !ok {
				t.Errorf("%s: no %s in %v", name, path, diff.DetailedDiff)
			}
		}
	}
	elsewhere := inputs(base)
	elsewhere["namespace"] = resource.NewProperty("other")
	diff, err := newReleases().Diff(context.Background(), plugin.DiffRequest{OldOutputs: installed(t, inputs(base), nil), NewInputs: elsewhere})
	if err != nil || !diff.Replace() {
		t.Error(err, diff)
	}
}
