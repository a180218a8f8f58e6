package provider

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumiprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// Main serves the stand-in that start makes until the engine ends it, and never returns before.
func Main(pkg string, start func(*Host) plugin.Provider) {
	err := pulumiprovider.Main(pkg, func(engine *pulumiprovider.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return NewServer(start(NewHost(engine))), nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// server completes the diffs of the SDK's own server: it says that there is a detailed part, which the
// engine would drop otherwise, names the changed properties as the engine's display wants them, and
// tells a removal that replaces from one that does not.
type server struct {
	pulumirpc.ResourceProviderServer
}

// NewServer serves p over the provider protocol.
func NewServer(p plugin.Provider) pulumirpc.ResourceProviderServer {
	return server{plugin.NewProviderServer(p)}
}

func (s server) Diff(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return detailed(s.ResourceProviderServer.Diff(ctx, req))
}

func (s server) DiffConfig(ctx context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return detailed(s.ResourceProviderServer.DiffConfig(ctx, req))
}

func detailed(resp *pulumirpc.DiffResponse, err error) (*pulumirpc.DiffResponse, error) {
	if resp == nil || len(resp.DetailedDiff) == 0 {
		return resp, err
	}
	resp.HasDetailedDiff = true
	resp.Diffs = nil
	for text, change := range resp.DetailedDiff {
		if change.Kind == pulumirpc.PropertyDiff_DELETE && slices.Contains(resp.Replaces, text) {
			change.Kind = pulumirpc.PropertyDiff_DELETE_REPLACE
		}
		path, err := resource.ParsePropertyPath(text)
		if err != nil || len(path) == 0 {
			continue
		}
		if property := fmt.Sprint(path[0]); !slices.Contains(resp.Diffs, property) {
			resp.Diffs = append(resp.Diffs, property)
		}
	}
	slices.Sort(resp.Diffs)
	return resp, err
}
