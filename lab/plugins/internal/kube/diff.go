package kube

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// diff compares what is there, as far as the program had set it (the old inputs give the shape),
// with what the program wants now.
func (s *settings) diff(old *state, wanted *object, namespaced bool, ignored []string) (plugin.DiffResult, error) {
	oldInputs := normalize(old.inputs)
	wanted = normalize(wanted)
	present := &object{Object: prune(old.live.Object, oldInputs.Object)}
	dropReadOnly(present)
	for _, obj := range []*object{present, wanted} {
		setNamespace(obj, namespaced)
	}
	if present.GetKind() == "" {
		present.SetGroupVersionKind(wanted.GroupVersionKind())
	}
	if name, known := metadataValue(wanted, "name"); known && name != "" {
		present.SetName(old.live.GetName())
	}

	news := resource.NewPropertyMapFromMap(wanted.Object)
	result := provider.InputDiff(resource.NewPropertyMapFromMap(present.Object), news,
		func(string) bool { return false })
	ignoredPaths, err := paths(ignored)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	fields := s.replaceOn(wanted)
	for text, change := range result.DetailedDiff {
		path, err := resource.ParsePropertyPath(text)
		if err != nil {
			return plugin.DiffResult{}, err
		}
		if slices.ContainsFunc(ignoredPaths, func(i resource.PropertyPath) bool { return i.Contains(path) }) {
			delete(result.DetailedDiff, text)
			continue
		}
		value := fieldAt(wanted, path)
		if change.Kind == plugin.DiffDelete {
			value = fieldAt(present, path)
		}
		if slices.ContainsFunc(fields, func(field string) bool { return touches(path, value, field) }) {
			result.ReplaceKeys = append(result.ReplaceKeys, resource.PropertyKey(text))
			result.DetailedDiff[text] = plugin.PropertyDiff{Kind: change.Kind.AsReplace(), InputDiff: change.InputDiff}
		}
	}
	if len(result.DetailedDiff) == 0 {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	// A new object cannot take a name that the old one still has.
	_, named := metadataValue(wanted, "name")
	result.DeleteBeforeReplace = len(result.ReplaceKeys) > 0 && named && annotation(wanted, annotationAutonamed) != "true" &&
		wanted.GetName() == old.live.GetName() && wanted.GetNamespace() == old.live.GetNamespace()
	return result, nil
}

// setNamespace writes the namespace in full, so that no namespace and "default" are the same.
func setNamespace(obj *object, namespaced bool) {
	namespace, known := metadataValue(obj, "namespace")
	switch {
	case !namespaced:
		obj.SetNamespace("")
	case !known:
		obj.SetNamespace("default")
	default:
		if namespace != "" {
			obj.SetNamespace(namespace)
		}
	}
}

func paths(texts []string) ([]resource.PropertyPath, error) {
	parsed := make([]resource.PropertyPath, len(texts))
	for i, text := range texts {
		var err error
		if parsed[i], err = resource.ParsePropertyPath(text); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// fieldAt returns the value at the path, or nil.
func fieldAt(obj *object, path resource.PropertyPath) any {
	var value any = obj.Object
	for _, step := range path {
		switch step := step.(type) {
		case string:
			fields, _ := value.(map[string]any)
			value = fields[step]
		case int:
			elements, _ := value.([]any)
			if step >= len(elements) {
				return nil
			}
			value = elements[step]
		}
	}
	return value
}
