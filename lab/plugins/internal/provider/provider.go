// Package provider holds what the lab's stand-in plugins share: the part of Pulumi's provider
// protocol that does not depend on resource types, the way to the engine's log, and helpers for
// property maps.
package provider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/blang/semver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Base answers the calls of the protocol that are the same in every stand-in. A stand-in embeds it
// and adds Check, Diff, Create, Read, Update and Delete for its resource types.
type Base struct {
	plugin.UnimplementedProvider

	// Package is the Pulumi package that the stand-in serves, such as "tls".
	Package string
	// Version is that of the real plugin whose behaviour is followed.
	Version string
	// Host writes to the engine's log.
	Host *Host

	// stopped is done when the engine cancels the operations that are under way.
	stopped context.Context
	stop    context.CancelFunc
}

// NewBase returns the common part of the stand-in for version of the plugin of package pkg.
func NewBase(pkg, version string, host *Host) Base {
	stopped, stop := context.WithCancel(context.Background())
	return Base{Package: pkg, Version: version, Host: host, stopped: stopped, stop: stop}
}

// Operation derives the context of one operation: it ends with the call, when the returned function is called, or
// when the engine cancels (Ctrl-C).
func (b *Base) Operation(ctx context.Context) (context.Context, context.CancelFunc) {
	operation, stop := context.WithCancel(ctx)
	release := context.AfterFunc(b.stopped, stop)
	return operation, func() {
		release()
		stop()
	}
}

// Unsupported is the error for what only the real plugin can do.
func (b *Base) Unsupported(what string) error {
	return status.Errorf(codes.Unimplemented,
		"%s: not supported by this pulumi-resource-%[2]s, which is the lab's stand-in for the real plugin; "+
			"install the real one (`pulumi plugin install resource %[2]s %[3]s`) and put it in front on PATH",
		what, b.Package, b.Version)
}

// Pkg names the package.
func (b *Base) Pkg() tokens.Package { return tokens.Package(b.Package) }

// Close has nothing to release: the process ends with the engine.
func (b *Base) Close() error { return nil }

// Handshake says that secrets arrive as secrets and that unknowns and outputs need no special form.
func (b *Base) Handshake(
	context.Context, plugin.ProviderHandshakeRequest,
) (*plugin.ProviderHandshakeResponse, error) {
	return &plugin.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// GetPluginInfo tells the version, so that the engine does not warn about a wrong plugin on PATH.
func (b *Base) GetPluginInfo(context.Context) (plugin.PluginInfo, error) {
	version, err := semver.Parse(b.Version)
	return plugin.PluginInfo{Version: &version}, err
}

// GetSchema returns a schema without types: programs in Python bring their own in the SDK package.
func (b *Base) GetSchema(context.Context, plugin.GetSchemaRequest) (plugin.GetSchemaResponse, error) {
	schema, err := json.Marshal(map[string]string{"name": b.Package, "version": b.Version})
	return plugin.GetSchemaResponse{Schema: schema}, err
}

// CheckConfig accepts any provider configuration.
func (b *Base) CheckConfig(
	_ context.Context, req plugin.CheckConfigRequest,
) (plugin.CheckConfigResponse, error) {
	return plugin.CheckConfigResponse{Properties: req.News}, nil
}

// DiffConfig reports changed provider settings as updates: they replace no resource.
func (b *Base) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	return InputDiff(req.OldOutputs, req.NewInputs, func(string) bool { return false }), nil
}

// Configure needs nothing.
func (b *Base) Configure(context.Context, plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	return plugin.ConfigureResponse{}, nil
}

// SignalCancellation ends the operations under way.
func (b *Base) SignalCancellation(context.Context) error {
	b.stop()
	return nil
}

// Invoke refuses: the stand-in has no such function.
func (b *Base) Invoke(_ context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	return plugin.InvokeResponse{}, b.Unsupported(fmt.Sprintf("function %s", req.Tok))
}

// Construct refuses: the stand-in has no components.
func (b *Base) Construct(_ context.Context, req plugin.ConstructRequest) (plugin.ConstructResponse, error) {
	return plugin.ConstructResponse{}, b.Unsupported(fmt.Sprintf("component %s", req.Type))
}

// Call refuses: the stand-in has no methods.
func (b *Base) Call(_ context.Context, req plugin.CallRequest) (plugin.CallResponse, error) {
	return plugin.CallResponse{}, b.Unsupported(fmt.Sprintf("method %s", req.Tok))
}
