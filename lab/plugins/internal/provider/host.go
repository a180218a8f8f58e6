package provider

import (
	"context"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// Host is the engine as the stand-in sees it: a place to log to. Without an engine (in tests) messages
// are dropped.
type Host struct {
	engine *pulumiprovider.HostClient
}

// NewHost wraps the connection to the engine, which may be nil.
func NewHost(engine *pulumiprovider.HostClient) *Host { return &Host{engine} }

// Status shows what the operation is doing now, in the engine's live display only. Trouble with the display
// never fails an operation.
func (h *Host) Status(ctx context.Context, urn resource.URN, message string) {
	if h.engine != nil {
		_ = h.engine.LogStatus(ctx, diag.Info, urn, message)
	}
}
