package kube

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"rancher-on-pks/lab/plugins/internal/provider"
)

type object = unstructured.Unstructured

// readOnly are the metadata that the API server alone writes.
var readOnly = []string{
	"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation",
	"managedFields", "resourceVersion", "uid",
}

// toObject turns properties into an object: secrets are revealed, unknown values stay as
// resource.Computed.
func toObject(properties resource.PropertyMap) *object {
	fields := provider.RevealMap(properties).MapRepl(nil, nil)
	for name, value := range fields {
		if value == nil || resource.IsInternalPropertyKey(resource.PropertyKey(name)) {
			delete(fields, name)
		}
	}
	return &object{Object: fields}
}

// normalize brings an object without unknown values into the form in which the API server keeps it,
// without adding defaults, and drops what only the server writes.
func normalize(obj *object) *object {
	if !hasUnknown(obj.Object) {
		obj = typed(obj)
	}
	dropReadOnly(obj)
	return obj
}

// dropReadOnly removes what only the API server writes.
func dropReadOnly(obj *object) {
	metadata, _ := obj.Object["metadata"].(map[string]any)
	for _, name := range readOnly {
		delete(metadata, name)
	}
}

// typed passes an object of a built-in kind through its Go type, so that different spellings of one
// value (quantities, numbers) become the same. Objects that do not fit stay as they are.
func typed(obj *object) *object {
	kind := obj.GroupVersionKind()
	if isSecret(kind) {
		return &object{Object: normalSecret(obj.Object)}
	}
	instance, err := scheme.Scheme.New(kind)
	if err != nil {
		return obj
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, instance); err != nil {
		return obj
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(instance)
	if err != nil {
		return obj
	}
	return &object{Object: prune(fields, obj.Object)}
}

// normalSecret moves stringData into data, as the API server does.
func normalSecret(fields map[string]any) map[string]any {
	normal := make(map[string]any, len(fields))
	for name, value := range fields {
		normal[name] = value
	}
	data := map[string]any{}
	given, _ := fields["data"].(map[string]any)
	for name, value := range given {
		data[name] = value
		if text, ok := value.(string); ok {
			if decoded, err := base64.StdEncoding.DecodeString(text); err == nil {
				data[name] = base64.StdEncoding.EncodeToString(decoded)
			}
		}
	}
	texts, _ := fields["stringData"].(map[string]any)
	for name, value := range texts {
		text, ok := value.(string)
		if !ok {
			return fields
		}
		data[name] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	if len(data) > 0 {
		normal["data"] = data
	}
	delete(normal, "stringData")
	return normal
}

// prune keeps of the source what the shape also has, at any depth.
func prune(source, shape map[string]any) map[string]any {
	kept := map[string]any{}
	for name, value := range source {
		if wanted, ok := shape[name]; ok {
			kept[name] = pruneValue(value, wanted)
		}
	}
	return kept
}

func pruneValue(value, shape any) any {
	switch wanted := shape.(type) {
	case map[string]any:
		if fields, ok := value.(map[string]any); ok {
			return prune(fields, wanted)
		}
	case []any:
		if elements, ok := value.([]any); ok {
			kept := make([]any, 0, len(wanted))
			for i := 0; i < len(elements) && i < len(wanted); i++ {
				kept = append(kept, pruneValue(elements[i], wanted[i]))
			}
			return kept
		}
	}
	return value
}

func hasUnknown(value any) bool {
	switch value := value.(type) {
	case resource.Computed:
		return true
	case map[string]any:
		for _, element := range value {
			if hasUnknown(element) {
				return true
			}
		}
	case []any:
		for _, element := range value {
			if hasUnknown(element) {
				return true
			}
		}
	}
	return false
}

// metadataValue reads a field of the metadata; present is also true for an unknown value.
func metadataValue(obj *object, name string) (value string, present bool) {
	metadata, isMap := obj.Object["metadata"].(map[string]any)
	if !isMap {
		return "", hasUnknown(obj.Object["metadata"])
	}
	value, _ = metadata[name].(string)
	return value, value != "" || hasUnknown(metadata[name])
}

// annotation reads an annotation whose value is known.
func annotation(obj *object, name string) string {
	metadata, _ := obj.Object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	value, _ := annotations[name].(string)
	return value
}

func skipAwait(obj *object) bool { return annotation(obj, annotationSkipAwait) == "true" }

// timeout is the time for one operation: that of the resource's options, else that of the
// annotation, else ten minutes.
func timeout(seconds float64, obj *object) time.Duration {
	if seconds > 0 {
		return time.Duration(seconds * float64(time.Second))
	}
	if given, err := strconv.Atoi(annotation(obj, annotationTimeout)); err == nil {
		return time.Duration(given) * time.Second
	}
	return 10 * time.Minute
}

func propagation(obj *object) metav1.DeletionPropagation {
	switch strings.ToLower(annotation(obj, annotationPropagation)) {
	case "orphan":
		return metav1.DeletePropagationOrphan
	case "background":
		return metav1.DeletePropagationBackground
	default:
		return metav1.DeletePropagationForeground
	}
}

// identifier is the resource's id: namespace/name, or the name alone.
func identifier(obj *object) string {
	if obj.GetNamespace() == "" {
		return obj.GetName()
	}
	return obj.GetNamespace() + "/" + obj.GetName()
}

func parseIdentifier(id string) (namespace, name string) {
	if namespace, name, found := strings.Cut(id, "/"); found {
		return namespace, name
	}
	return "", id
}
