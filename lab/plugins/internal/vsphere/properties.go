package vsphere

import (
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

type valueType string

const (
	text valueType = "string"
	flag valueType = "boolean"
	list valueType = "list of strings"
)

// fields are the properties of a rule. Those that are no flag are required.
var fields = map[resource.PropertyKey]valueType{
	"name":              text,
	"computeClusterId":  text,
	"virtualMachineIds": list,
	"enabled":           flag,
	"mandatory":         flag,
}

// rule is what a rule is to be.
type rule struct {
	name, cluster      string
	machines           []string
	enabled, mandatory bool
}

// check says what is wrong with the inputs of a rule; what is not known yet is right.
func check(inputs resource.PropertyMap) []plugin.CheckFailure {
	var failures provider.Failures
	fail := func(name resource.PropertyKey, reason string) {
		failures = append(failures, plugin.CheckFailure{Property: name, Reason: reason})
	}
	for name, typ := range fields {
		value := provider.Reveal(inputs[name])
		switch {
		case value.IsComputed() || value.IsOutput():
		case value.IsNull():
			if typ != flag {
				fail(name, "Missing required argument. The argument \""+string(name)+"\" is required")
			}
		case typ == text && !value.IsString(), typ == flag && !value.IsBool(), typ == list && !value.IsArray():
			fail(name, "expected a "+string(typ))
		}
	}
	for name := range inputs {
		if _, known := fields[name]; !known && !resource.IsInternalPropertyKey(name) {
			fail(name, "Invalid or unknown key")
		}
	}
	return failures.Sorted()
}

// ruleOf takes known inputs.
func ruleOf(inputs resource.PropertyMap) rule {
	values := provider.Plain(inputs)
	found := rule{}
	found.name, _ = values["name"].(string)
	found.cluster, _ = values["computeClusterId"].(string)
	found.enabled, _ = values["enabled"].(bool)
	found.mandatory, _ = values["mandatory"].(bool)
	for _, id := range provider.Texts(values["virtualMachineIds"]) {
		if !slices.Contains(found.machines, id) {
			found.machines = append(found.machines, id)
		}
	}
	return found
}

// properties is the state of a rule.
func (r rule) properties(id string) resource.PropertyMap {
	slices.Sort(r.machines)
	machines := make([]resource.PropertyValue, 0, len(r.machines))
	for _, machine := range r.machines {
		machines = append(machines, resource.NewProperty(machine))
	}
	return resource.PropertyMap{
		"id":                resource.NewProperty(id),
		"name":              resource.NewProperty(r.name),
		"computeClusterId":  resource.NewProperty(r.cluster),
		"virtualMachineIds": resource.NewProperty(machines),
		"enabled":           resource.NewProperty(r.enabled),
		"mandatory":         resource.NewProperty(r.mandatory),
	}
}

// outputs are what a preview shows: the inputs, and an id that is not known before the creation.
func outputs(inputs resource.PropertyMap, id string) resource.PropertyMap {
	shown := resource.PropertyMap{"id": provider.Unknown(), "mandatory": resource.NewProperty(false)}
	if id != "" {
		shown["id"] = resource.NewProperty(id)
	}
	for name := range fields {
		if value, given := inputs[name]; given {
			shown[name] = value
		}
	}
	return shown
}

// sorted puts a list of known strings into order; everything else is left as it is.
func sorted(value resource.PropertyValue) resource.PropertyValue {
	other := func(v resource.PropertyValue) bool { return !v.IsString() }
	plain := provider.Reveal(value)
	if !plain.IsArray() || slices.ContainsFunc(plain.ArrayValue(), other) {
		return value
	}
	items := slices.Clone(plain.ArrayValue())
	slices.SortFunc(items, func(a, b resource.PropertyValue) int {
		return strings.Compare(a.StringValue(), b.StringValue())
	})
	return resource.NewProperty(slices.CompactFunc(items, func(a, b resource.PropertyValue) bool {
		return a.StringValue() == b.StringValue()
	}))
}
