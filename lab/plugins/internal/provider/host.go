package provider

import (
	"context"
	"sync/atomic"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumiprovider "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// Host is the engine as the stand-in sees it: a place to log to. Without an engine (in tests, or
// before it attaches) messages are dropped.
type Host struct {
	engine atomic.Pointer[pulumiprovider.HostClient]
}

// NewHost wraps the connection to the engine, which may be nil.
func NewHost(engine *pulumiprovider.HostClient) *Host {
	host := &Host{}
	host.engine.Store(engine)
	return host
}

// Connect replaces the connection by one to the engine at address.
func (h *Host) Connect(address string) error {
	engine, err := pulumiprovider.NewHostClient(address)
	if err != nil {
		return err
	}
	h.engine.Store(engine)
	return nil
}

// Info writes a lasting message about the resource. Trouble with the log never fails an operation.
func (h *Host) Info(ctx context.Context, urn resource.URN, message string) {
	if engine := h.engine.Load(); engine != nil {
		_ = engine.Log(ctx, diag.Info, urn, message)
	}
}

// Status shows what the operation is doing now, in the engine's live display only.
func (h *Host) Status(ctx context.Context, urn resource.URN, message string) {
	if engine := h.engine.Load(); engine != nil {
		_ = engine.LogStatus(ctx, diag.Info, urn, message)
	}
}
