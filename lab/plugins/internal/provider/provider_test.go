package provider

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const urn = "urn:pulumi:test::test::pkg:index:Thing::thing"

// sample replaces on every change of "name".
type sample struct {
	Base
}

func (s *sample) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	return InputDiff(req.OldInputs, req.NewInputs, func(property string) bool { return property == "name" }), nil
}

func properties(values map[string]any) resource.PropertyMap {
	return resource.NewPropertyMapFromMap(values)
}

func TestDiffTellsItsDetails(t *testing.T) {
	server := NewServer(&sample{NewBase("pkg", "1.2.3", NewHost(nil))})
	keep := plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}
	olds, err := plugin.MarshalProperties(properties(map[string]any{
		"name": "a", "tags": map[string]any{"x": "1", "y": "2"}, "same": resource.MakeSecret(resource.NewProperty("s")),
	}), keep)
	if err != nil {
		t.Fatal(err)
	}
	news, err := plugin.MarshalProperties(properties(map[string]any{
		"tags": map[string]any{"x": "3", "y": "2"}, "same": "s",
	}), keep)
	if err != nil {
		t.Fatal(err)
	}
	diff, err := server.Diff(context.Background(), &pulumirpc.DiffRequest{Urn: urn, Olds: olds, OldInputs: olds, News: news})
	if err != nil {
		t.Fatal(err)
	}
	if !diff.HasDetailedDiff || !slices.Equal(diff.Diffs, []string{"name", "tags"}) {
		t.Errorf("diff names %v, detailed %v", diff.Diffs, diff.HasDetailedDiff)
	}
	if kind := diff.DetailedDiff["name"].Kind; kind != pulumirpc.PropertyDiff_DELETE_REPLACE {
		t.Errorf("the removed name is a %v", kind)
	}
	if kind := diff.DetailedDiff["tags.x"].Kind; kind != pulumirpc.PropertyDiff_UPDATE {
		t.Errorf("the changed tag is a %v", kind)
	}
}

func TestPluginInfoIsTheRealOnes(t *testing.T) {
	server := NewServer(&sample{NewBase("pkg", "1.2.3", NewHost(nil))})
	info, err := server.GetPluginInfo(context.Background(), &emptypb.Empty{})
	if err != nil || info.Version != "1.2.3" {
		t.Errorf("got %v, %v", info, err)
	}
}

func TestUnsupportedNamesTheRemedy(t *testing.T) {
	base := NewBase("pkg", "1.2.3", NewHost(nil))
	_, err := base.Invoke(context.Background(), plugin.InvokeRequest{Tok: "pkg:index:function"})
	want := "function pkg:index:function: not supported by this pulumi-resource-pkg, which is the lab's stand-in for the " +
		"real plugin; install the real one (`pulumi plugin install resource pkg 1.2.3`) and put it in front on PATH"
	if status.Convert(err).Message() != want {
		t.Errorf("got %v", err)
	}
}

func TestCancellationEndsOperations(t *testing.T) {
	base := NewBase("pkg", "1.2.3", NewHost(nil))
	operation, done := base.Operation(context.Background())
	defer done()
	if operation.Err() != nil {
		t.Fatal("cancelled too early")
	}
	if err := base.SignalCancellation(context.Background()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-operation.Done():
	case <-time.After(time.Second):
		t.Error("not cancelled")
	}
}

func TestPlainRevealsSecretsAndDropsUnknowns(t *testing.T) {
	plain := Plain(resource.PropertyMap{
		"secret":  resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"in": resource.NewProperty("s")})),
		"unknown": Unknown(),
		"both":    resource.MakeSecret(Unknown()),
	})
	if plain["secret"].(map[string]any)["in"] != "s" || plain["unknown"] != nil || plain["both"] != nil {
		t.Errorf("got %v", plain)
	}
}
