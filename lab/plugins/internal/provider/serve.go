package provider

import (
	"context"
	"fmt"
	"os"

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

// server completes the SDK's own server, which drops the detailed part of a diff by not saying that
// there is one.
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
	if resp != nil {
		resp.HasDetailedDiff = len(resp.DetailedDiff) > 0
	}
	return resp, err
}
