// Package command is the stand-in for pulumi-resource-command: local commands as resources
// (command:local:Command) and as a function (command:local:run), as pulumi-command 1.2 has them.
package command

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

const (
	version     = "1.2.1"
	typeCommand = "command:local:Command"
	funcRun     = "command:local:run"
)

type command struct {
	provider.Base
}

// New returns the stand-in.
func New(host *provider.Host) plugin.Provider {
	return &command{provider.NewBase("command", version, host)}
}

func (c *command) Check(_ context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if req.Type != typeCommand {
		return plugin.CheckResponse{}, c.Unsupported("resource type " + string(req.Type))
	}
	return plugin.CheckResponse{Properties: req.News, Failures: check(req.News, resourceInputs)}, nil
}

// Diff updates on every change but of triggers, which replace.
func (c *command) Diff(_ context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	news := provider.WithIgnored(req.OldInputs, req.NewInputs, req.IgnoreChanges)
	return provider.InputDiff(req.OldInputs, news, func(property string) bool { return property == "triggers" }), nil
}

func (c *command) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Preview {
		return plugin.CreateResponse{Properties: withUnknown(req.Properties)}, nil
	}
	id, err := resource.NewUniqueHex(req.Name, 8, 0)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	state, err := c.run(ctx, req.URN, "create", req.Properties, resource.PropertyMap{})
	return plugin.CreateResponse{ID: resource.ID(id), Properties: state}, err
}

func (c *command) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Preview {
		return plugin.UpdateResponse{Properties: withUnknown(req.NewInputs)}, nil
	}
	which := resource.PropertyKey("update")
	if !req.NewInputs.HasValue("update") {
		which = "create"
	}
	state, err := c.run(ctx, req.URN, which, req.NewInputs, req.OldOutputs)
	return plugin.UpdateResponse{Properties: state}, err
}

// Read keeps the state: what a command did is not known.
func (c *command) Read(_ context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	result := plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State}
	return plugin.ReadResponse{ReadResult: result}, nil
}

func (c *command) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	_, err := c.run(ctx, req.URN, "delete", req.Outputs, req.Outputs)
	return plugin.DeleteResponse{}, err
}

func (c *command) Invoke(ctx context.Context, req plugin.InvokeRequest) (plugin.InvokeResponse, error) {
	if req.Tok != funcRun {
		return c.Base.Invoke(ctx, req)
	}
	if failures := check(req.Args, functionInputs); len(failures) > 0 {
		return plugin.InvokeResponse{Failures: failures}, nil
	}
	result, err := c.run(ctx, "", "command", req.Args, resource.PropertyMap{})
	return plugin.InvokeResponse{Properties: result}, err
}

// run runs the command line in property which of the inputs, if there is one, and returns the inputs
// with the outputs; without a command the outputs of the run before stay.
func (c *command) run(
	ctx context.Context, urn resource.URN, which resource.PropertyKey, inputs, before resource.PropertyMap,
) (resource.PropertyMap, error) {
	ctx, cancel := c.Operation(ctx)
	defer cancel()
	settings := provider.Plain(inputs)
	previous := provider.Plain(before)
	state := inputs.Copy()
	line, given := settings[string(which)].(string)
	if !given {
		for _, name := range []resource.PropertyKey{"stdout", "stderr", "assets", "archive"} {
			if value, had := before[name]; had {
				state[name] = value
			}
		}
		if _, had := state["stdout"]; !had {
			state["stdout"], state["stderr"] = resource.NewProperty(""), resource.NewProperty("")
		}
		return state, nil
	}
	process := newProcess(line, settings, previous)
	process.report = func(message string) { c.Host.Status(ctx, urn, message) }
	if err := process.run(ctx); err != nil {
		return nil, err
	}
	state["stdout"] = resource.NewProperty(strings.TrimSuffix(process.stdout.String(), "\n"))
	state["stderr"] = resource.NewProperty(strings.TrimSuffix(process.stderr.String(), "\n"))
	for _, name := range []resource.PropertyKey{"assets", "archive"} {
		delete(state, name)
	}
	return state, collect(process.dir, settings, state)
}

// withUnknown is the state that a preview shows: what the command will print is not known yet.
func withUnknown(inputs resource.PropertyMap) resource.PropertyMap {
	state := inputs.Copy()
	outputs := map[resource.PropertyKey]bool{
		"stdout": true, "stderr": true,
		"assets": inputs.HasValue("assetPaths"), "archive": inputs.HasValue("archivePaths"),
	}
	for name, produced := range outputs {
		if produced {
			state[name] = provider.Unknown()
		}
	}
	return state
}
