package command

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

func inputs(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func stdout(t *testing.T, outputs resource.PropertyMap) string {
	t.Helper()
	if !outputs["stdout"].IsString() {
		t.Fatalf("stdout is %v", outputs["stdout"])
	}
	return outputs["stdout"].StringValue()
}

func TestLifeOfACommand(t *testing.T) {
	ctx, standIn, dir := context.Background(), New(provider.NewHost(nil)), t.TempDir()
	given := inputs(map[string]any{
		"create": "echo made $A; cat; echo trouble >&2; touch file.txt other.txt", "update": "echo was $PULUMI_COMMAND_STDOUT",
		"delete": "echo $PULUMI_COMMAND_STDOUT > gone", "dir": dir, "stdin": "fed",
		"environment": map[string]any{"A": resource.MakeSecret(resource.NewProperty("b"))},
		"assetPaths":  []any{"*.txt", "!other*"},
	})
	preview, err := standIn.Create(ctx, plugin.CreateRequest{Name: "c", Preview: true, Properties: given})
	if err != nil || !preview.Properties["stdout"].IsComputed() {
		t.Fatal(err, preview.Properties)
	}
	made, err := standIn.Create(ctx, plugin.CreateRequest{Name: "c", Properties: given})
	if err != nil {
		t.Fatal(err)
	}
	if stdout(t, made.Properties) != "made b\nfed" || made.Properties["stderr"].StringValue() != "trouble" {
		t.Errorf("printed %v", made.Properties)
	}
	assets := made.Properties["assets"].ObjectValue()
	if len(assets) != 1 || assets["file.txt"].AssetValue().Path != filepath.Join(dir, "file.txt") {
		t.Errorf("assets %v", assets)
	}
	updated, err := standIn.Update(ctx, plugin.UpdateRequest{ID: made.ID, NewInputs: given, OldOutputs: made.Properties})
	if err != nil || stdout(t, updated.Properties) != "was made b fed" {
		t.Fatal(err, updated.Properties)
	}
	if _, err := standIn.Delete(ctx, plugin.DeleteRequest{ID: made.ID, Outputs: updated.Properties}); err != nil {
		t.Fatal(err)
	}
	if gone, err := os.ReadFile(filepath.Join(dir, "gone")); err != nil || string(gone) != "was made b fed\n" {
		t.Errorf("%q, %v", gone, err)
	}
}

func TestFailureTellsWhatWasPrinted(t *testing.T) {
	_, err := New(provider.NewHost(nil)).Create(context.Background(), plugin.CreateRequest{
		Name: "c", Properties: inputs(map[string]any{"create": "echo why; exit 3"}),
	})
	if err == nil || !strings.Contains(err.Error(), "exit status 3: running \"echo why; exit 3\":\nwhy") {
		t.Error(err)
	}
}

func TestTriggersReplaceAndOthersUpdate(t *testing.T) {
	standIn := New(provider.NewHost(nil))
	olds := inputs(map[string]any{"create": "a", "triggers": []any{1.0}})
	for name, test := range map[string]struct {
		news     map[string]any
		replaces bool
	}{
		"create":   {map[string]any{"create": "b", "triggers": []any{1.0}}, false},
		"triggers": {map[string]any{"create": "a", "triggers": []any{2.0}}, true},
	} {
		diff, err := standIn.Diff(context.Background(), plugin.DiffRequest{OldInputs: olds, NewInputs: inputs(test.news)})
		if err != nil || diff.Changes != plugin.DiffSome || diff.Replace() != test.replaces {
			t.Errorf("%s: %v %v", name, diff, err)
		}
	}
}

func TestRunFunction(t *testing.T) {
	result, err := New(provider.NewHost(nil)).Invoke(context.Background(), plugin.InvokeRequest{
		Tok: funcRun, Args: inputs(map[string]any{"command": "print(6 * 7)", "interpreter": []any{"python3", "-c"}}),
	})
	if err != nil || stdout(t, result.Properties) != "42" {
		t.Error(err, result.Properties)
	}
}

func TestCheckReportsEveryFault(t *testing.T) {
	checked, err := New(provider.NewHost(nil)).Check(context.Background(), plugin.CheckRequest{
		Type: typeCommand, News: inputs(map[string]any{"create": 1, "logging": "loud", "cmd": "x", "triggers": []any{1}}),
	})
	if err != nil || len(checked.Failures) != 3 {
		t.Error(err, checked.Failures)
	}
}
