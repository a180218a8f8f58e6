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
	var failures provider.Failures
	for name, spec := range k.inputs {
		value, given := inputs[resource.PropertyKey(name)]
		if spec.required && (!given || value.IsNull()) {
			failures.Add("Missing required property %q", name)
		}
	}
	for name, value := range inputs {
		spec, known := k.inputs[string(name)]
		value = provider.Reveal(value)
		switch {
		case resource.IsInternalPropertyKey(name) || value.IsNull() || value.ContainsUnknowns():
		case !known:
			failures.Add("Unknown property %q", name)
		default:
			if reason := spec.refuse(value); reason != "" {
				failures.Add("Invalid value for %q: %s", name, reason)
			}
		}
	}
	return failures.Sorted()
}

// accepts tells for each type whether a value is of it, apart from what a list or a subject holds.
var accepts = map[valueType]func(resource.PropertyValue) bool{
	text: resource.PropertyValue.IsString, number: resource.PropertyValue.IsNumber,
	flag: resource.PropertyValue.IsBool, list: resource.PropertyValue.IsArray, subject: resource.PropertyValue.IsObject,
}

// refuse says what is wrong with the value, or nothing.
func (f field) refuse(value resource.PropertyValue) string {
	mismatch := fmt.Sprintf("expected %s, got %s", f.typ, value.TypeString())
	if !accepts[f.typ](value) {
		return mismatch
	}
	switch f.typ {
	case text:
		return f.refuseChoice(value.StringValue())
	case number:
		if value.NumberValue() < f.least {
			return fmt.Sprintf("value must be at least %g, got: %g", f.least, value.NumberValue())
		}
	case list:
		for _, element := range value.ArrayValue() {
			if !element.IsString() {
				return mismatch
			}
			if reason := f.refuseChoice(element.StringValue()); reason != "" {
				return reason
			}
		}
	case subject:
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
