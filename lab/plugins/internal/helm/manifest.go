package helm

import (
	"slices"

	"helm.sh/helm/v3/pkg/releaseutil"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// resourceNames lists the objects of a manifest by "Kind.group/version", namespace in front.
func resourceNames(manifest string) (map[string][]string, error) {
	names := map[string][]string{}
	for _, document := range releaseutil.SplitManifests(manifest) {
		fields := map[string]any{}
		if err := yaml.Unmarshal([]byte(document), &fields); err != nil {
			return nil, err
		}
		obj := unstructured.Unstructured{Object: fields}
		if obj.GetKind() == "" {
			continue
		}
		key := obj.GroupVersionKind().GroupKind().String() + "/" + obj.GetAPIVersion()
		name := obj.GetName()
		if obj.GetNamespace() != "" {
			name = obj.GetNamespace() + "/" + name
		}
		names[key] = append(names[key], name)
	}
	for key, list := range names {
		slices.Sort(list)
		names[key] = slices.Compact(list)
	}
	return names, nil
}
