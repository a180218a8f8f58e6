package kube

import (
	"context"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/helm"
	"rancher-on-pks/lab/plugins/internal/provider"
)

// clusterKeys are the settings that lead to the cluster.
var clusterKeys = []resource.PropertyKey{"kubeconfig", "context", "cluster"}

const clusterIdentifier = resource.PropertyKey("clusterIdentifier")

// DiffConfig replaces the provider, and with it all its objects, when it leads to another cluster.
// Kubernetes clusters have no identity: either the program gives clusterIdentifier, or the cluster's
// entry in the kubeconfig counts (another user or token is the same cluster). A kubeconfig that is
// not known yet may lead anywhere.
func (k *kube) DiffConfig(_ context.Context, req plugin.DiffConfigRequest) (plugin.DiffConfigResponse, error) {
	olds, news := provider.RevealMap(req.OldOutputs), provider.RevealMap(req.NewInputs)
	diff := olds.Diff(news)
	if diff == nil {
		return plugin.DiffResult{Changes: plugin.DiffNone}, nil
	}
	result := plugin.DiffResult{Changes: plugin.DiffSome}
	pinned := diff.Same(clusterIdentifier) && news.HasValue(clusterIdentifier)
	if diff.Updated(clusterIdentifier) {
		result.ReplaceKeys = append(result.ReplaceKeys, clusterIdentifier)
	}
	for _, key := range clusterKeys {
		if news[key].IsComputed() {
			result.ChangedKeys = []resource.PropertyKey{key}
			if !pinned {
				result.ReplaceKeys = append(result.ReplaceKeys, key)
			}
			return result, nil
		}
	}
	result.ChangedKeys = diff.ChangedKeys()
	before, err := active(olds)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	after, err := active(news)
	if err != nil {
		return plugin.DiffResult{}, err
	}
	if !pinned && before != nil && after != nil && !reflect.DeepEqual(before, after) {
		for _, key := range clusterKeys {
			if slices.Contains(result.ChangedKeys, key) {
				result.ReplaceKeys = append(result.ReplaceKeys, key)
			}
		}
	}
	return result, nil
}

// active is the entry of the cluster that the inputs lead to; nil if they name none.
func active(inputs resource.PropertyMap) (any, error) {
	config, err := cluster.ParseKubeconfig(text(inputs, "kubeconfig"))
	if err != nil {
		return nil, err
	}
	found := cluster.Active(config, text(inputs, "context"), text(inputs, "cluster"))
	if found == nil {
		return nil, nil
	}
	return found, nil
}

// Configure notes the settings; the cluster is not asked before an operation needs it.
func (k *kube) Configure(_ context.Context, req plugin.ConfigureRequest) (plugin.ConfigureResponse, error) {
	parsed, choice, err := parseSettings(req.Inputs, k.Unsupported)
	if err != nil {
		return plugin.ConfigureResponse{}, err
	}
	k.settings = parsed
	k.cluster = cluster.New(choice)
	k.releases = helm.New(&k.Base, k.cluster, parsed.helm)
	return plugin.ConfigureResponse{}, nil
}
