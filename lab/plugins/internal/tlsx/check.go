package tlsx

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// subjectFields are the parts of a distinguished name; streetAddresses alone is a list.
var subjectFields = []string{
	"commonName", "country", "emailAddress", "locality", "organization", "organizationalUnit",
	"postalCode", "province", "serialNumber", "streetAddresses",
}

// check reports every input that is missing, not known, of the wrong type or of a wrong value.
func (k *kind) check(inputs resource.PropertyMap) []plugin.CheckFailure {
	var failures []plugin.CheckFailure
	// The reason names the property; as a field of its own the engine would print its value with it.
	fail := func(reason string) { failures = append(failures, plugin.CheckFailure{Reason: reason}) }
	for name, spec := range k.inputs {
		value, given := inputs[resource.PropertyKey(name)]
		if spec.required && (!given || value.IsNull()) {
			fail(fmt.Sprintf("Missing required property %q", name))
		}
	}
	for name, value := range inputs {
		spec, known := k.inputs[string(name)]
		value = provider.Reveal(value)
		switch {
		case resource.IsInternalPropertyKey(name) || value.IsNull() || value.ContainsUnknowns():
		case !known:
			fail(fmt.Sprintf("Unknown property %q", name))
		default:
			if reason := spec.refuse(value); reason != "" {
				fail(fmt.Sprintf("Invalid value for %q: %s", name, reason))
			}
		}
	}
	slices.SortFunc(failures, func(a, b plugin.CheckFailure) int {
		return strings.Compare(a.Reason, b.Reason)
	})
	return failures
}

// refuse says what is wrong with the value, or nothing.
func (f field) refuse(value resource.PropertyValue) string {
	mismatch := fmt.Sprintf("expected %s, got %s", f.typ, value.TypeString())
	switch f.typ {
	case text:
		if !value.IsString() {
			return mismatch
		}
		return f.refuseChoice(value.StringValue())
	case number:
		if !value.IsNumber() {
			return mismatch
		}
		if value.NumberValue() < f.least {
			return fmt.Sprintf("value must be at least %g, got: %g", f.least, value.NumberValue())
		}
	case flag:
		if !value.IsBool() {
			return mismatch
		}
	case list:
		if !value.IsArray() {
			return mismatch
		}
		for _, element := range value.ArrayValue() {
			if !element.IsString() {
				return mismatch
			}
			if reason := f.refuseChoice(element.StringValue()); reason != "" {
				return reason
			}
		}
	case subject:
		if !value.IsObject() {
			return mismatch
		}
		for name := range value.ObjectValue() {
			if !slices.Contains(subjectFields, string(name)) && !resource.IsInternalPropertyKey(name) {
				return fmt.Sprintf("unknown part %q", name)
			}
		}
	}
	return ""
}

func (f field) refuseChoice(value string) string {
	if len(f.oneOf) == 0 || slices.Contains(f.oneOf, value) {
		return ""
	}
	return fmt.Sprintf("value must be one of: %s, got: %q", strings.Join(f.oneOf, ", "), value)
}
