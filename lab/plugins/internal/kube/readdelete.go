package kube

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"rancher-on-pks/lab/plugins/internal/cluster"
	"rancher-on-pks/lab/plugins/internal/provider"
)

const forget = "If the cluster was deleted, you can remove this resource from Pulumi state by rerunning the operation " +
	"with the PULUMI_K8S_DELETE_UNREACHABLE environment variable set to \"true\""

// Read fetches the live object. Its inputs become what the live object has of the fields that the
// program had set, so that a change by someone else shows; without earlier inputs (an import) they
// are all that the object has.
func (k *kube) Read(ctx context.Context, req plugin.ReadRequest) (plugin.ReadResponse, error) {
	connection, err := k.cluster.Reach()
	if err != nil {
		return k.readUnreachable(ctx, req, err)
	}
	if req.Type == releaseToken {
		return k.releases.Read(ctx, req)
	}
	kind, err := k.kind(string(req.Type))
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	ctx, cancel := k.Operation(ctx)
	defer cancel()
	namespace, name := parseIdentifier(string(req.ID))
	objects, err := connection.Resource(kind, namespace)
	if cluster.IsUnknownKind(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}
	live, err := objects.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return plugin.ReadResponse{}, nil
	}
	if err != nil {
		return plugin.ReadResponse{}, err
	}

	before := parseCheckpoint(req.State)
	oldInputs := normalize(toObject(req.Inputs))
	imported := oldInputs.GetKind() == "" && before.live.GetKind() == ""
	found := &state{live: live, apiVersion: before.apiVersion, fieldManager: before.fieldManager}
	if imported {
		found.inputs = importedInputs(live)
	} else {
		found.inputs = &object{Object: prune(live.Object, oldInputs.Object)}
	}
	if found.apiVersion == "" {
		found.apiVersion = live.GetAPIVersion()
	}
	if found.fieldManager == "" {
		if found.fieldManager, err = k.fieldManager(found.inputs, ""); err != nil {
			return plugin.ReadResponse{}, err
		}
	}
	outputs := found.checkpoint(req.Inputs)
	inputs := resource.NewPropertyMapFromMap(found.inputs.Object)
	markSecrets(inputs, req.Inputs)
	if !imported && !skipAwait(oldInputs) {
		if notReady := k.glance(ctx, connection, live); notReady != nil {
			return plugin.ReadResponse{}, provider.InitFailed(string(req.ID), notReady, notReady.problems, outputs, inputs)
		}
	}
	result := plugin.ReadResult{ID: req.ID, Inputs: inputs, Outputs: outputs}
	return plugin.ReadResponse{ReadResult: result}, nil
}

func (k *kube) readUnreachable(
	ctx context.Context, req plugin.ReadRequest, reason error,
) (plugin.ReadResponse, error) {
	k.Host.Warn(ctx, req.URN, fmt.Sprintf("configured Kubernetes cluster is unreachable: %v", reason))
	switch {
	case k.settings.deleteUnreachable:
		k.Host.Info(ctx, req.URN, "configured Kubernetes cluster is unreachable and the `deleteUnreachable` option is enabled. "+
			"Deleting the unreachable resource from Pulumi state")
		return plugin.ReadResponse{}, nil
	case k.settings.skipUpdateUnreachable:
		k.Host.Info(ctx, req.URN, "configured Kubernetes cluster is unreachable and the `skipUnreachable` option is enabled. "+
			"Returned data could not reflect the actual cluster configuration.")
		result := plugin.ReadResult{ID: req.ID, Inputs: req.Inputs, Outputs: req.State}
		return plugin.ReadResponse{ReadResult: result}, nil
	default:
		return plugin.ReadResponse{}, errors.New("failed to read resource state due to unreachable cluster. " + forget)
	}
}

// importedInputs are the fields of a live object that a program can set.
func importedInputs(live *object) *object {
	inputs := &object{Object: map[string]any{}}
	for name, value := range live.DeepCopy().Object {
		if name != "status" {
			inputs.Object[name] = value
		}
	}
	dropReadOnly(inputs)
	return inputs
}

// Delete waits until the object is gone. What is already gone, or is of a kind that is gone, is
// deleted.
func (k *kube) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	connection, err := k.cluster.Reach()
	if err != nil {
		if req.Type == releaseToken {
			return plugin.DeleteResponse{}, fmt.Errorf("can't delete Helm Release with unreachable cluster. Reason: %q", err)
		}
		k.Host.Warn(ctx, req.URN, fmt.Sprintf("configured Kubernetes cluster is unreachable: %v", err))
		if k.settings.deleteUnreachable {
			return plugin.DeleteResponse{}, nil
		}
		return plugin.DeleteResponse{}, errors.New("configured Kubernetes cluster is unreachable. " + forget)
	}
	if req.Type == releaseToken {
		return k.releases.Delete(ctx, req)
	}
	ctx, cancel := k.Operation(ctx)
	defer cancel()
	before := parseCheckpoint(req.Outputs)
	objects, err := connection.Resource(before.live.GroupVersionKind(), before.live.GetNamespace())
	if cluster.IsUnknownKind(err) {
		return plugin.DeleteResponse{}, nil
	}
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	_, name := parseIdentifier(string(req.ID))
	policy := propagation(before.inputs)
	if err := objects.Delete(ctx, name, metav1.DeleteOptions{PropagationPolicy: &policy}); err != nil {
		if apierrors.IsNotFound(err) {
			err = nil
		}
		return plugin.DeleteResponse{}, err
	}
	kind := before.live.GroupVersionKind()
	leaves := listed(awaited, kind) || (kind.Group == "" && kind.Kind == "Namespace")
	if skipAwait(before.inputs) && leaves {
		return plugin.DeleteResponse{}, nil
	}
	limit := timeout(req.Timeout, before.inputs)
	return plugin.DeleteResponse{}, k.awaitGone(ctx, req.URN, objects, before.live, limit)
}

func (k *kube) awaitGone(
	ctx context.Context, urn resource.URN, objects dynamic.ResourceInterface, obj *object, limit time.Duration,
) error {
	deadline := time.After(limit)
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		live, err := objects.Get(ctx, obj.GetName(), metav1.GetOptions{})
		if apierrors.IsNotFound(err) || (err == nil && live.GetUID() != obj.GetUID()) {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			k.Host.Status(ctx, urn, fmt.Sprintf("unexpected error while checking cluster state: %v", err))
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("deletion of %q was cancelled: %w", identifier(obj), ctx.Err())
		case <-deadline:
			finalizers := ""
			if live != nil {
				finalizers = strings.Join(live.GetFinalizers(), ", ")
			}
			return fmt.Errorf("timed out after %s waiting for %q to be deleted; finalizers might be preventing deletion (%s)",
				limit, identifier(obj), finalizers)
		}
	}
}
