package provider

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Unknown is the value that a preview shows for what only the real operation can tell.
func Unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewProperty(""))
}

// Reveal returns the value without the secret wrappers in it, at any depth.
func Reveal(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return Reveal(v.SecretValue().Element)
	case v.IsObject():
		return resource.NewProperty(RevealMap(v.ObjectValue()))
	case v.IsArray():
		revealed := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, element := range v.ArrayValue() {
			revealed[i] = Reveal(element)
		}
		return resource.NewProperty(revealed)
	default:
		return v
	}
}

// RevealMap returns the map without the secret wrappers in it, at any depth.
func RevealMap(m resource.PropertyMap) resource.PropertyMap {
	revealed := make(resource.PropertyMap, len(m))
	for key, value := range m {
		revealed[key] = Reveal(value)
	}
	return revealed
}

// Plain turns a map into ordinary Go values: secrets are revealed and unknowns become nil.
func Plain(m resource.PropertyMap) map[string]any {
	return m.MapRepl(nil, plain)
}

func plain(v resource.PropertyValue) (any, bool) {
	switch {
	case v.IsComputed():
		return nil, true
	case v.IsSecret():
		return v.SecretValue().Element.MapRepl(nil, plain), true
	default:
		return nil, false
	}
}

// Texts reads a list of strings; a missing list is empty.
func Texts(value any) []string {
	elements, _ := value.([]any)
	read := make([]string, 0, len(elements))
	for _, element := range elements {
		if text, ok := element.(string); ok {
			read = append(read, text)
		}
	}
	return read
}

// Failures are what a check has found.
type Failures []plugin.CheckFailure

// Add records a failure. The reason names the property; as a field of its own the engine would print its value
// with it.
func (f *Failures) Add(format string, details ...any) {
	*f = append(*f, plugin.CheckFailure{Reason: fmt.Sprintf(format, details...)})
}

// Sorted returns the failures in the order of their properties and reasons.
func (f Failures) Sorted() []plugin.CheckFailure {
	slices.SortFunc(f, func(a, b plugin.CheckFailure) int {
		return cmp.Or(cmp.Compare(a.Property, b.Property), cmp.Compare(a.Reason, b.Reason))
	})
	return f
}

// WithIgnored returns the inputs with the old values of the properties whose changes are ignored.
func WithIgnored(olds, news resource.PropertyMap, ignored []string) resource.PropertyMap {
	kept := news.Copy()
	for _, name := range ignored {
		if old, had := olds[resource.PropertyKey(name)]; had {
			kept[resource.PropertyKey(name)] = old
		}
	}
	return kept
}

// InputDiff compares two sets of inputs key by key. replaces says for a top-level property whether a
// change of it needs a new resource.
func InputDiff(olds, news resource.PropertyMap, replaces func(property string) bool) plugin.DiffResult {
	diff := RevealMap(olds).Diff(RevealMap(news), resource.IsInternalPropertyKey)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}
	}
	details := plugin.NewDetailedDiffFromObjectDiff(diff, false)
	result := plugin.DiffResult{Changes: plugin.DiffSome, DetailedDiff: details}
	for path, change := range details {
		parsed, err := resource.ParsePropertyPath(path)
		if err != nil || len(parsed) == 0 {
			continue
		}
		if top, ok := parsed[0].(string); ok && replaces(top) {
			change.Kind = change.Kind.AsReplace()
			details[path] = change
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(top))
		}
	}
	return result
}
