package kube

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// Annotations that steer the plugin (pulumi-kubernetes, "annotations").
const (
	annotationAutonamed    = "pulumi.com/autonamed"
	annotationSkipAwait    = "pulumi.com/skipAwait"
	annotationWaitFor      = "pulumi.com/waitFor"
	annotationTimeout      = "pulumi.com/timeoutSeconds"
	annotationReplace      = "pulumi.com/replaceUnready"
	annotationPatchForce   = "pulumi.com/patchForce"
	annotationFieldManager = "pulumi.com/patchFieldManager"
	annotationPropagation  = "pulumi.com/deletionPropagationPolicy"
)

// releaseToken is the type of Helm releases, which are not Kubernetes objects.
const releaseToken = "kubernetes:helm.sh/v3:Release"

// clusterWide are the built-in kinds whose objects live in no namespace.
var clusterWide = map[string][]string{
	"":                             {"Namespace", "Node", "PersistentVolume", "ComponentStatus"},
	"admissionregistration.k8s.io": {"*"},
	"apiregistration.k8s.io":       {"*"},
	"certificates.k8s.io":          {"CertificateSigningRequest", "ClusterTrustBundle"},
	"flowcontrol.apiserver.k8s.io": {"*"},
	"networking.k8s.io":            {"IngressClass", "IPAddress", "ServiceCIDR"},
	"node.k8s.io":                  {"*"},
	"policy":                       {"PodSecurityPolicy"},
	"rbac.authorization.k8s.io":    {"ClusterRole", "ClusterRoleBinding"},
	"scheduling.k8s.io":            {"PriorityClass"},
	"storage.k8s.io":               {"CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"},
}

// awaited are the kinds that the real plugin waits for in ways that this one does not know; it takes
// them only with the annotation to skip the wait.
var awaited = map[string][]string{
	"apps":       {"DaemonSet", "Deployment", "StatefulSet"},
	"extensions": {"DaemonSet", "Deployment"},
}

// foreign are the kinds with rules of replacement and waiting that this plugin does not know at all.
var foreign = map[string][]string{
	"":      {"PersistentVolume", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota"},
	"batch": {"Job"},
}

// parseToken reads a type token such as "kubernetes:networking.k8s.io/v1:Ingress". ok is false for
// types that are not plain objects (components, lists, patches, definitions of kinds).
func parseToken(token string) (kind schema.GroupVersionKind, ok bool) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 {
		return kind, false
	}
	group, version, found := strings.Cut(parts[1], "/")
	notObjects := []string{"helm.sh", "yaml", "kustomize", "apiextensions.k8s.io"}
	if !found || slices.Contains(notObjects, group) {
		return kind, false
	}
	if group == "core" {
		group = ""
	}
	kind = schema.GroupVersionKind{Group: group, Version: version, Kind: parts[2]}
	if builtIn(kind.GroupVersion()) && (strings.HasSuffix(kind.Kind, "List") || strings.HasSuffix(kind.Kind, "Patch")) {
		return kind, false
	}
	return kind, true
}

// builtIn tells whether the API group version is Kubernetes' own.
func builtIn(version schema.GroupVersion) bool {
	return scheme.Scheme.IsVersionRegistered(version)
}

func listed(table map[string][]string, kind schema.GroupVersionKind) bool {
	names := table[kind.Group]
	return slices.Contains(names, "*") || slices.Contains(names, kind.Kind)
}

func isSecret(kind schema.GroupVersionKind) bool {
	return kind.Group == "" && kind.Kind == "Secret"
}
