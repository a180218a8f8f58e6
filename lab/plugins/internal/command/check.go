package command

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

type test struct {
	expected string
	accepts  func(resource.PropertyValue) bool
}

var (
	aString    = test{"a string", resource.PropertyValue.IsString}
	aBool      = test{"a boolean", resource.PropertyValue.IsBool}
	anyList    = test{"a list", resource.PropertyValue.IsArray}
	stringList = test{"a list of strings", func(v resource.PropertyValue) bool {
		return v.IsArray() && !slices.ContainsFunc(v.ArrayValue(), noString)
	}}
	aStringMap = test{"a map of strings", func(v resource.PropertyValue) bool {
		return v.IsObject() && !slices.ContainsFunc(slices.Collect(maps.Values(v.ObjectValue())), noString)
	}}
	aLogging = test{"stdout, stderr, stdoutAndStderr or none", func(v resource.PropertyValue) bool {
		return v.IsString() && slices.Contains(loggings, v.StringValue())
	}}
)

func noString(value resource.PropertyValue) bool { return !value.IsString() }

var loggings = []string{"stdout", "stderr", "stdoutAndStderr", "none"}

var commonInputs = map[resource.PropertyKey]test{
	"stdin": aString, "logging": aLogging, "interpreter": stringList, "dir": aString, "environment": aStringMap,
	"assetPaths": stringList, "archivePaths": stringList, "addPreviousOutputInEnv": aBool,
}

var (
	resourceInputs = with(map[resource.PropertyKey]test{
		"create": aString, "update": aString, "delete": aString, "triggers": anyList,
	})
	functionInputs = with(map[resource.PropertyKey]test{"command": aString})
)

func with(own map[resource.PropertyKey]test) map[resource.PropertyKey]test {
	maps.Copy(own, commonInputs)
	return own
}

// check reports every input that is not known or of the wrong type.
func check(inputs resource.PropertyMap, allowed map[resource.PropertyKey]test) []plugin.CheckFailure {
	var failures provider.Failures
	for name, value := range provider.RevealMap(inputs) {
		spec, known := allowed[name]
		switch {
		case resource.IsInternalPropertyKey(name) || value.IsNull() || value.ContainsUnknowns():
		case !known:
			failures.Add("Unknown property %q", name)
		case !spec.accepts(value):
			failures.Add("Property %q must be %s, not %s", name, spec.expected, value.TypeString())
		}
	}
	return failures.Sorted()
}
