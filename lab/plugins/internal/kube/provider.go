// Package kube is the stand-in for pulumi-resource-kubernetes: plain objects over Server-Side Apply,
// and Helm releases.
package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/helm"
	"rancher-on-pks/lab/plugins/internal/provider"
)

const version = "4.34.2"

type kube struct {
	provider.Base
	settings *settings
	cluster  *cluster.Cluster
	releases *helm.Releases
}

// New returns the stand-in.
func New(host *provider.Host) plugin.Provider {
	return &kube{Base: provider.NewBase("kubernetes", version, host)}
}

// kind reads the resource type, and refuses those that only the real plugin has.
func (k *kube) kind(token string) (schema.GroupVersionKind, error) {
	kind, ok := parseToken(token)
	if !ok || listed(foreign, kind) {
		return kind, k.Unsupported("resource type " + token)
	}
	return kind, nil
}

// namespaced tells whether objects of the kind live in namespaces. A kind that is not defined yet is
// taken to be namespaced.
func (k *kube) namespaced(kind schema.GroupVersionKind) (bool, error) {
	if builtIn(kind.GroupVersion()) {
		return !listed(clusterWide, kind), nil
	}
	connection, err := k.cluster.Reach()
	if err != nil {
		return true, nil //nolint:nilerr // unknown without the cluster
	}
	namespaced, err := connection.Namespaced(kind)
	if cluster.IsUnknownKind(err) {
		return true, nil
	}
	return namespaced, err
}

func (k *kube) Check(ctx context.Context, req plugin.CheckRequest) (plugin.CheckResponse, error) {
	if k.settings.skipUpdateUnreachable {
		if _, err := k.cluster.Reach(); err != nil {
			k.Host.Warn(ctx, req.URN, "Cluster is unreachable but skipUpdateUnreachable flag is set to true, skipping...")
			return plugin.CheckResponse{Properties: req.Olds}, nil
		}
	}
	if req.Type == releaseToken {
		return k.releases.Check(ctx, req)
	}
	kind, err := k.kind(string(req.Type))
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	wanted := normalize(toObject(req.News))
	if err := k.refuse(wanted, kind); err != nil {
		return plugin.CheckResponse{}, err
	}
	if err := assignName(wanted, req); err != nil {
		return plugin.CheckResponse{}, err
	}
	namespaced, err := k.namespaced(kind)
	if err != nil {
		return plugin.CheckResponse{}, err
	}
	if _, known := metadataValue(wanted, "namespace"); namespaced && !known {
		wanted.SetNamespace(k.cluster.Namespace())
	}
	inputs := resource.NewPropertyMapFromMap(wanted.Object)
	markSecrets(inputs, req.News)
	return plugin.CheckResponse{Properties: inputs}, nil
}

// refuse stops what this plugin would do otherwise than the real one.
func (k *kube) refuse(wanted *object, kind schema.GroupVersionKind) error {
	for _, name := range []string{annotationWaitFor, annotationReplace} {
		if annotation(wanted, name) != "" {
			return k.Unsupported("annotation " + name)
		}
	}
	if listed(awaited, kind) && !skipAwait(wanted) {
		return k.Unsupported(fmt.Sprintf("waiting for a %s (without the annotation %s)", kind.Kind, annotationSkipAwait))
	}
	if name, known := metadataValue(wanted, "generateName"); known && name != "" {
		if _, named := metadataValue(wanted, "name"); !named {
			return errors.New("the `.metadata.generateName` field is not supported in Server-Side Apply mode")
		}
	}
	return nil
}

// assignName gives an object without a name the name that it has had, or a new one.
func assignName(wanted *object, req plugin.CheckRequest) error {
	if _, named := metadataValue(wanted, "name"); named {
		return nil
	}
	if hasUnknown(wanted.Object["metadata"]) {
		if _, isMap := wanted.Object["metadata"].(map[string]any); !isMap {
			return nil
		}
	}
	before := toObject(req.Olds)
	if annotation(before, annotationAutonamed) == "true" {
		wanted.SetName(before.GetName())
	} else {
		name, err := resource.NewUniqueName(req.RandomSeed, req.Name+"-", 0, 0, nil)
		if err != nil {
			return err
		}
		if given := req.Autonaming; given != nil {
			if given.Mode == plugin.AutonamingModeDisabled {
				return errors.New("autonaming is disabled, resource requires the .metadata.name field to be set")
			}
			name = given.ProposedName
		}
		wanted.SetName(name)
	}
	metadata := wanted.Object["metadata"].(map[string]any)
	switch annotations := metadata["annotations"].(type) {
	case nil:
		metadata["annotations"] = map[string]any{annotationAutonamed: "true"}
	case map[string]any:
		annotations[annotationAutonamed] = "true"
	}
	return nil
}

func (k *kube) Diff(ctx context.Context, req plugin.DiffRequest) (plugin.DiffResponse, error) {
	if req.Type == releaseToken {
		return k.releases.Diff(ctx, req)
	}
	kind, err := k.kind(string(req.Type))
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	namespaced, err := k.namespaced(kind)
	if err != nil {
		return plugin.DiffResponse{}, err
	}
	return k.settings.diff(parseCheckpoint(req.OldOutputs), toObject(req.NewInputs), namespaced, req.IgnoreChanges)
}
