package kube

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// identity are the fields that say which object it is.
var identity = []string{"metadata.name", "metadata.namespace"}

// immutable are the fields, by kind, that Kubernetes does not let anyone change: another value needs
// another object.
var immutable = map[schema.GroupKind][]string{
	{Kind: "Service"}:                                                {"spec.clusterIP"},
	{Group: "apps", Kind: "DaemonSet"}:                               {"spec.selector"},
	{Group: "apps", Kind: "Deployment"}:                              {"spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}:                             statefulSet,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
}

var statefulSet = []string{
	"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
	"spec.volumeClaimTemplates",
}

// replaceOn lists the fields of the object whose change needs a new object. Secrets and ConfigMaps
// are replaced on new content unless the provider allows changes (enableSecretMutable,
// enableConfigMapMutable) and they are not marked immutable.
func (s *settings) replaceOn(obj *object) []string {
	kind := obj.GroupVersionKind()
	fields := append([]string{}, identity...)
	marked, _ := obj.Object["immutable"].(bool)
	switch {
	case isSecret(kind) && (!s.secretMutable || marked):
		return append(fields, "type", "stringData", "data")
	case isSecret(kind):
		return append(fields, "type")
	case kind.Group == "" && kind.Kind == "ConfigMap" && (!s.configMapMutable || marked):
		return append(fields, "binaryData", "data")
	}
	return append(fields, immutable[kind.GroupKind()]...)
}

// touches tells whether a change of value at path concerns the field: the path lies within it, or
// the value at the path contains it.
func touches(path resource.PropertyPath, value any, field string) bool {
	parts := strings.Split(field, ".")
	for i, step := range path {
		if i == len(parts) {
			return true
		}
		if step != parts[i] {
			return false
		}
	}
	for _, part := range parts[len(path):] {
		fields, ok := value.(map[string]any)
		if !ok {
			return false
		}
		if value, ok = fields[part]; !ok {
			return false
		}
	}
	return true
}
