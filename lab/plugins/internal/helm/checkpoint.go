package helm

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// keyInputs keeps the inputs in the state, wholly secret since values often hold secrets.
const keyInputs = "__inputs"

// inputs makes the checked inputs from the release; what is unknown or secret in given is so again.
func (r *release) inputs(given resource.PropertyMap) resource.PropertyMap {
	inputs := resource.NewPropertyMap(r)
	delete(inputs, "resourceNames")
	mark(inputs, given)
	return inputs
}

// checkpoint makes the outputs.
func (r *release) checkpoint(inputs resource.PropertyMap, preview bool) resource.PropertyMap {
	outputs := resource.NewPropertyMap(r)
	outputs[keyInputs] = resource.MakeSecret(resource.NewProperty(inputs))
	mark(outputs, inputs)
	if preview {
		outputs["resourceNames"] = provider.Unknown()
		outputs["status"] = provider.Unknown()
	}
	return outputs
}

// checkpointInputs reads the inputs from outputs; nil when there are none.
func checkpointInputs(outputs resource.PropertyMap) resource.PropertyMap {
	kept := outputs[keyInputs]
	if kept.IsSecret() {
		kept = kept.SecretValue().Element
	}
	if !kept.IsObject() {
		return nil
	}
	return kept.ObjectValue()
}

// mark makes unknown or secret in target what is so in model. A list with a secret is wholly secret.
func mark(target, model resource.PropertyMap) {
	for name, wanted := range model {
		if value, ok := target[name]; ok {
			target[name] = marked(value, wanted)
		}
	}
}

func marked(value, model resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsObject() && model.IsObject():
		mark(value.ObjectValue(), model.ObjectValue())
		return value
	case model.IsComputed():
		return provider.Unknown()
	case model.ContainsSecrets() || model.ContainsUnknowns():
		unknown := provider.Reveal(model)
		if unknown.ContainsUnknowns() {
			value = withUnknowns(value, unknown)
		}
		if model.ContainsSecrets() && !value.IsSecret() {
			return resource.MakeSecret(value)
		}
	}
	return value
}

// withUnknowns puts the unknown values of the model, which holds no secrets, into value.
func withUnknowns(value, model resource.PropertyValue) resource.PropertyValue {
	switch {
	case model.IsComputed():
		return provider.Unknown()
	case value.IsObject() && model.IsObject():
		for name, wanted := range model.ObjectValue() {
			if element, ok := value.ObjectValue()[name]; ok {
				value.ObjectValue()[name] = withUnknowns(element, wanted)
			}
		}
	case value.IsArray() && model.IsArray():
		for i := range min(len(value.ArrayValue()), len(model.ArrayValue())) {
			value.ArrayValue()[i] = withUnknowns(value.ArrayValue()[i], model.ArrayValue()[i])
		}
	}
	return value
}
