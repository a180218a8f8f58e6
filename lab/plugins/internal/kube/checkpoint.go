package kube

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// The state of an object is the live object with these additions (as in pulumi-kubernetes, so that
// the real plugin can go on with a state of ours and the other way round).
const (
	keyInputs       = "__inputs"
	keyAPIVersion   = "__initialApiVersion"
	keyFieldManager = "__fieldManager"
)

// state is what the checkpoint says of an object.
type state struct {
	inputs, live *object
	apiVersion   string
	fieldManager string
}

// checkpoint makes the outputs of a resource: what is secret in from is secret in it.
func (s *state) checkpoint(from resource.PropertyMap) resource.PropertyMap {
	outputs := resource.NewPropertyMapFromMap(s.live.Object)
	inputs := resource.NewPropertyMapFromMap(s.inputs.Object)
	markSecrets(outputs, from)
	markSecrets(inputs, from)
	outputs[keyInputs] = resource.NewProperty(inputs)
	outputs[keyAPIVersion] = resource.NewProperty(s.apiVersion)
	outputs[keyFieldManager] = resource.NewProperty(s.fieldManager)
	return outputs
}

// parseCheckpoint reads the outputs of a resource.
func parseCheckpoint(outputs resource.PropertyMap) *state {
	revealed := provider.RevealMap(outputs)
	parsed := &state{live: toObject(revealed), inputs: &object{Object: map[string]any{}}}
	if inputs := revealed[keyInputs]; inputs.IsObject() {
		parsed.inputs = toObject(inputs.ObjectValue())
	}
	if version := revealed[keyAPIVersion]; version.IsString() {
		parsed.apiVersion = version.StringValue()
	}
	if manager := revealed[keyFieldManager]; manager.IsString() {
		parsed.fieldManager = manager.StringValue()
	}
	return parsed
}

// markSecrets makes secret in outputs what is secret in inputs. The data of a Secret is always so.
func markSecrets(outputs, inputs resource.PropertyMap) {
	if kind := outputs["kind"]; kind.IsString() && kind.StringValue() == "Secret" {
		for _, name := range []resource.PropertyKey{"data", "stringData"} {
			if value, ok := outputs[name]; ok && !value.IsSecret() {
				outputs[name] = resource.MakeSecret(value)
			}
		}
		return
	}
	for name, input := range inputs {
		output, ok := outputs[name]
		switch {
		case !ok || output.IsSecret():
		case output.IsObject() && input.IsObject():
			markSecrets(output.ObjectValue(), input.ObjectValue())
		case input.ContainsSecrets():
			outputs[name] = resource.MakeSecret(output)
		}
	}
}
