package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/util/csaupgrade"

	"rancher-on-pks/lab/plugins/internal/cluster"
)

// createManager owns the fields of a new object, until the first update takes them over for the
// object's own field manager.
const createManager = "pulumi-kubernetes"

// legacyManagers are those of `kubectl` (apply, label, edit, ...) and of earlier plugins, by the beginning
// of their names: an update takes over what they wrote.
var legacyManagers = []string{createManager, "kubectl", "before-first-apply", "pulumi-resource-kubernetes"}

// createRetries are the waits for a namespace or a kind's definition that is made at the same time.
var createRetries = []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}

// fieldManager is the name under which the object is applied: that of the annotation, else that of
// the state, else a new one.
func (k *kube) fieldManager(wanted *object, before string) (string, error) {
	if given := annotation(wanted, annotationFieldManager); given != "" {
		return given, nil
	}
	if before != "" {
		return before, nil
	}
	return resource.NewUniqueName(nil, createManager+"-", 0, 0, nil)
}

// writer creates or updates one object, or shows what that would give.
type writer struct {
	*kube
	connection *cluster.Connection
	urn        resource.URN
	manager    string
	preview    bool
}

func (w *writer) dryRun() []string {
	if w.preview {
		return []string{metav1.DryRunAll}
	}
	return nil
}

func (w *writer) create(ctx context.Context, wanted *object) (*object, error) {
	for attempt := 0; ; attempt++ {
		live, err := w.createOnce(ctx, wanted)
		early := apierrors.IsNotFound(err) || cluster.IsUnknownKind(err)
		if !early || w.preview || attempt == len(createRetries) {
			return live, err
		}
		w.Host.Status(ctx, w.urn, fmt.Sprintf("Retry #%d; creation failed: %v", attempt, err))
		select {
		case <-time.After(createRetries[attempt]):
		case <-ctx.Done():
			return nil, err
		}
	}
}

func (w *writer) createOnce(ctx context.Context, wanted *object) (*object, error) {
	objects, err := w.connection.Resource(wanted.GroupVersionKind(), wanted.GetNamespace())
	if err != nil {
		return nil, err
	}
	if w.settings.upsert {
		return w.apply(ctx, objects, wanted, nil)
	}
	options := metav1.CreateOptions{FieldManager: createManager, DryRun: w.dryRun()}
	return objects.Create(ctx, wanted, options)
}

func (w *writer) update(ctx context.Context, wanted *object, old *state, ignored []string) (*object, error) {
	objects, err := w.connection.Resource(wanted.GroupVersionKind(), wanted.GetNamespace())
	if err != nil {
		return nil, err
	}
	live, err := objects.Get(ctx, old.live.GetName(), metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	if !w.preview {
		if live, err = w.takeOver(ctx, objects, live); err != nil {
			return nil, err
		}
	}
	// What the program ignores stays as it is.
	for _, path := range ignored {
		steps := strings.Split(path, ".")
		if value, found, err := unstructured.NestedFieldCopy(live.Object, steps...); found && err == nil {
			if err := unstructured.SetNestedField(wanted.Object, value, steps...); err != nil {
				return nil, fmt.Errorf("unable to keep ignored field %q: %w", path, err)
			}
		}
	}
	updated, err := w.apply(ctx, objects, wanted, live)
	if err != nil || w.preview || old.fieldManager == w.manager {
		return updated, err
	}
	return updated, relinquish(ctx, objects, updated, old.fieldManager)
}

// takeOver makes the fields of earlier, client-side managers those of the object's own manager.
func (w *writer) takeOver(ctx context.Context, objects dynamic.ResourceInterface, live *object) (*object, error) {
	earlier := sets.New[string]()
	for _, entry := range live.GetManagedFields() {
		if isLegacy(entry, legacyManagers) {
			earlier.Insert(entry.Manager)
		}
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, earlier, w.manager)
	if err != nil || patch == nil {
		return live, err
	}
	return objects.Patch(ctx, live.GetName(), types.JSONPatchType, patch, metav1.PatchOptions{})
}

func isLegacy(entry metav1.ManagedFieldsEntry, prefixes []string) bool {
	return entry.Operation == metav1.ManagedFieldsOperationUpdate && entry.Subresource == "" &&
		slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(entry.Manager, prefix) })
}

func (w *writer) apply(
	ctx context.Context, objects dynamic.ResourceInterface, wanted, live *object,
) (*object, error) {
	body, err := json.Marshal(wanted.Object)
	if err != nil {
		return nil, err
	}
	force := w.force(wanted, live)
	options := metav1.PatchOptions{FieldManager: w.manager, Force: &force, DryRun: w.dryRun()}
	updated, err := objects.Patch(ctx, wanted.GetName(), types.ApplyPatchType, body, options)
	if apierrors.IsConflict(err) {
		return nil, errors.Join(
			errors.New("server-side apply field conflict detected; the annotation "+annotationPatchForce+
				" (\"true\") takes the fields over"),
			fmt.Errorf("the resource managed by field manager %q had an apply conflict: %w", w.manager, err))
	}
	return updated, err
}

// force tells whether to take fields over that somebody else has set.
func (w *writer) force(wanted, live *object) bool {
	if annotation(wanted, annotationPatchForce) == "true" || w.settings.patchForce {
		return true
	}
	if live == nil {
		return w.preview
	}
	managers := live.GetManagedFields()
	if len(managers) == 0 {
		return true
	}
	// The real update takes over from the plugin's own earlier managers; a preview cannot.
	return w.preview && slices.ContainsFunc(managers, func(entry metav1.ManagedFieldsEntry) bool {
		return isLegacy(entry, []string{createManager, "pulumi-resource-kubernetes"})
	})
}

// relinquish gives up the fields of a manager that the object had before.
func relinquish(ctx context.Context, objects dynamic.ResourceInterface, live *object, manager string) error {
	bare := &object{}
	bare.SetGroupVersionKind(live.GroupVersionKind())
	bare.SetNamespace(live.GetNamespace())
	bare.SetName(live.GetName())
	body, err := json.Marshal(bare.Object)
	if err != nil {
		return err
	}
	_, err = objects.Patch(ctx, live.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: manager})
	return err
}
