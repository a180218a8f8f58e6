package kube

import (
	"context"
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/provider"
)

func (k *kube) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	if req.Type == releaseToken {
		return k.releases.Create(ctx, req)
	}
	asGiven := plugin.CreateResponse{Properties: req.Properties}
	if req.Preview && req.Properties.ContainsUnknowns() {
		return asGiven, nil
	}
	connection, err := k.cluster.Reach()
	if err != nil {
		if req.Preview {
			return asGiven, nil
		}
		return plugin.CreateResponse{}, fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
	}
	ctx, cancel := k.Operation(ctx)
	defer cancel()
	wanted := toObject(req.Properties)
	manager, err := k.fieldManager(wanted, "")
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	writer := &writer{kube: k, connection: connection, urn: req.URN, manager: manager, preview: req.Preview}
	live, err := writer.create(ctx, wanted)
	if err != nil {
		// A preview may fail where the update will succeed: the namespace or the kind's definition does not
		// exist yet, or the old object still exists. Then the preview returns the inputs.
		if req.Preview && (apierrors.IsForbidden(err) || apierrors.IsNotFound(err) ||
			apierrors.IsAlreadyExists(err) || cluster.IsUnknownKind(err)) {
			return asGiven, nil
		}
		return plugin.CreateResponse{}, explainCreate(req.URN, wanted, err)
	}
	made := &state{inputs: wanted, live: live, apiVersion: wanted.GetAPIVersion(), fieldManager: manager}
	if req.Preview {
		delete(live.Object, "status")
		return plugin.CreateResponse{Properties: made.checkpoint(req.Properties)}, nil
	}
	live, notReady := k.await(ctx, connection, req.URN, wanted, live, timeout(req.Timeout, wanted))
	made.live = live
	outputs := made.checkpoint(req.Properties)
	if notReady != nil {
		failure := fmt.Errorf("resource %q was successfully created, but the Kubernetes API server "+
			"reported that it failed to fully initialize or become live: %w", req.URN, notReady)
		return plugin.CreateResponse{}, provider.InitFailed(identifier(live), failure, notReady.problems, outputs, nil)
	}
	return plugin.CreateResponse{ID: resource.ID(identifier(live)), Properties: outputs}, nil
}

func (k *kube) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	if req.Type == releaseToken {
		return k.releases.Update(ctx, req)
	}
	asGiven := plugin.UpdateResponse{Properties: req.NewInputs}
	if req.Preview && req.NewInputs.ContainsUnknowns() {
		return asGiven, nil
	}
	connection, err := k.cluster.Reach()
	if err != nil {
		if req.Preview {
			return asGiven, nil
		}
		return plugin.UpdateResponse{}, fmt.Errorf("configured Kubernetes cluster is unreachable: %w", err)
	}
	ctx, cancel := k.Operation(ctx)
	defer cancel()
	wanted := normalize(toObject(req.NewInputs))
	old := parseCheckpoint(req.OldOutputs)
	manager, err := k.fieldManager(wanted, old.fieldManager)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	writer := &writer{kube: k, connection: connection, urn: req.URN, manager: manager, preview: req.Preview}
	live, err := writer.update(ctx, wanted, old, req.IgnoreChanges)
	if req.Preview && err != nil && (apierrors.IsForbidden(err) || cluster.IsUnknownKind(err)) {
		return asGiven, nil
	}
	made := &state{inputs: wanted, live: live, apiVersion: old.apiVersion, fieldManager: manager}
	if err != nil {
		// The engine keeps the object as it is now, with the new inputs, and tries again next time.
		objects, kindErr := connection.Resource(old.live.GroupVersionKind(), old.live.GetNamespace())
		if kindErr != nil {
			return plugin.UpdateResponse{}, errors.Join(fmt.Errorf("update of resource %q failed: %w", req.URN, err), kindErr)
		}
		current, getErr := objects.Get(ctx, old.live.GetName(), metav1.GetOptions{})
		if getErr != nil {
			return plugin.UpdateResponse{}, errors.Join(fmt.Errorf("update of resource %q failed: %w", req.URN, err), getErr)
		}
		made.live = current
		return plugin.UpdateResponse{}, updateFailed(made, req.NewInputs, err, nil)
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: made.checkpoint(req.NewInputs)}, nil
	}
	live, notReady := k.await(ctx, connection, req.URN, wanted, live, timeout(req.Timeout, wanted))
	made.live = live
	if notReady != nil {
		return plugin.UpdateResponse{}, updateFailed(made, req.NewInputs, notReady, notReady.problems)
	}
	return plugin.UpdateResponse{Properties: made.checkpoint(req.NewInputs)}, nil
}

func updateFailed(made *state, from resource.PropertyMap, err error, reasons []string) error {
	id := identifier(made.live)
	failure := fmt.Errorf("the Kubernetes API server reported that %q failed to fully initialize or become live: %w", id, err)
	return provider.InitFailed(id, failure, reasons, made.checkpoint(from), nil)
}

func explainCreate(urn resource.URN, wanted *object, err error) error {
	switch {
	case cluster.IsUnknownKind(err):
		return fmt.Errorf("creation of resource %q with kind %s failed because the Kubernetes API server reported that "+
			"the apiVersion for this resource does not exist. Verify that any required CRDs have been created: %w",
			urn, wanted.GroupVersionKind(), err)
	case apierrors.IsAlreadyExists(err):
		err = fmt.Errorf("%w\n\nThe resource already exists in the cluster: adopt it with `pulumi import`, "+
			"or set upsertExistingObjects on the provider to take over existing objects", err)
	}
	return fmt.Errorf("resource %q was not successfully created by the Kubernetes API server: %w", urn, err)
}
