package command

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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
		return v.IsArray() && !slices.ContainsFunc(v.ArrayValue(), func(e resource.PropertyValue) bool { return !e.IsString() })
	}}
	aStringMap = test{"a map of strings", func(v resource.PropertyValue) bool {
		if !v.IsObject() {
			return false
		}
		for _, element := range v.ObjectValue() {
			if !element.IsString() {
				return false
			}
		}
		return true
	}}
	aLogging = test{"stdout, stderr, stdoutAndStderr or none", func(v resource.PropertyValue) bool {
		return v.IsString() && slices.Contains(loggings, v.StringValue())
	}}
)

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

// check reports every input that is not known or of the wrong type. The reason names the property; as a
// field of its own the engine would print its value with it.
func check(inputs resource.PropertyMap, allowed map[resource.PropertyKey]test) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	fail := func(reason string) { failures = append(failures, plugin.CheckFailure{Reason: reason}) }
	for name, value := range provider.RevealMap(inputs) {
		spec, known := allowed[name]
		switch {
		case resource.IsInternalPropertyKey(name) || value.IsNull() || value.ContainsUnknowns():
		case !known:
			fail(fmt.Sprintf("Unknown property %q", name))
		case !spec.accepts(value):
			fail(fmt.Sprintf("Property %q must be %s, not %s", name, spec.expected, value.TypeString()))
		}
	}
	slices.SortFunc(failures, func(a, b plugin.CheckFailure) int { return strings.Compare(a.Reason, b.Reason) })
	return failures
}
