package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"rancher-on-pks/lab/plugins/internal/cluster"
)

const pollInterval = 500 * time.Millisecond

// notReady is the error of an object that is there but does not work yet.
type notReady struct {
	message  string
	problems []string
}

func (e *notReady) Error() string { return e.message }

// observation is one look at an object on its way to readiness.
type observation struct {
	live     *object
	ready    bool
	doing    string
	problems []string
}

// watch looks at an object again and again; it may remember what it saw before.
type watch interface {
	// look looks once. A single look (settled) takes what it sees for final.
	look(ctx context.Context, settled bool) (*observation, error)
}

// watchFor returns how to tell that an object of its kind is ready, or nil when it is from the start.
func watchFor(connection *cluster.Connection, live *object) (watch, error) {
	kind := live.GroupVersionKind()
	switch {
	case kind.Kind == "Ingress" && (kind.Group == "networking.k8s.io" || kind.Group == "extensions"):
		return newIngressWatch(connection, live)
	case kind.Group == "" && kind.Kind == "Service":
		return newServiceWatch(connection, live)
	case isSecret(kind) && live.Object["type"] == "kubernetes.io/service-account-token":
		return newTokenWatch(connection, live)
	default:
		return nil, nil
	}
}

// await waits until the object is ready, and returns it as it is then.
func (k *kube) await(
	ctx context.Context, connection *cluster.Connection, urn resource.URN, wanted, live *object, limit time.Duration,
) (*object, *notReady) {
	if skipAwait(wanted) {
		return live, nil
	}
	watch, err := watchFor(connection, live)
	if err != nil {
		return live, &notReady{message: err.Error()}
	}
	if watch == nil {
		return live, nil
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer k.Host.Status(context.WithoutCancel(ctx), urn, "")
	var last *observation
	shown := ""
	for {
		seen, err := watch.look(ctx, false)
		switch {
		case err == nil:
			last = seen
			if seen.ready {
				return seen.live, nil
			}
			if seen.doing != shown {
				shown = seen.doing
				k.Host.Status(ctx, urn, shown)
			}
		case ctx.Err() == nil:
			k.Host.Status(ctx, urn, fmt.Sprintf("unexpected error while checking cluster state: %v", err))
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return gaveUp(ctx, live, last)
		}
	}
}

func gaveUp(ctx context.Context, live *object, last *observation) (*object, *notReady) {
	failure := &notReady{message: fmt.Sprintf("'%s' timed out waiting to be Ready", live.GetName())}
	if ctx.Err() == context.Canceled {
		failure.message = fmt.Sprintf("Resource operation was cancelled for %q", live.GetName())
	}
	if last == nil {
		return live, failure
	}
	failure.problems = last.problems
	return last.live, failure
}

// glance looks once whether an object of the state is still ready.
func (k *kube) glance(ctx context.Context, connection *cluster.Connection, live *object) *notReady {
	watch, err := watchFor(connection, live)
	if err != nil || watch == nil {
		return nil
	}
	seen, err := watch.look(ctx, true)
	if err != nil || seen.ready {
		return nil
	}
	message := fmt.Sprintf("Resource '%s' was created but failed to initialize", live.GetName())
	return &notReady{message: message, problems: seen.problems}
}

// source reads objects of one kind in one namespace.
type source interface {
	Get(ctx context.Context, name string, options metav1.GetOptions, subresources ...string) (*object, error)
}

// settling tells when something has not changed for a while.
type settling struct {
	patience time.Duration
	last     string
	since    time.Time
}

func (s *settling) settled(now string) bool {
	if now != s.last || s.since.IsZero() {
		s.last, s.since = now, time.Now()
	}
	return time.Since(s.since) >= s.patience
}

// versions is a fingerprint of objects.
func versions(objects []object) string {
	parts := make([]string, len(objects))
	for i := range objects {
		parts[i] = objects[i].GetName() + "@" + objects[i].GetResourceVersion()
	}
	return strings.Join(parts, " ")
}

var (
	endpointsKind = schema.GroupVersionKind{Version: "v1", Kind: "Endpoints"}
	serviceKind   = schema.GroupVersionKind{Version: "v1", Kind: "Service"}
)

// tokenWatch waits for the token of a service account's Secret.
type tokenWatch struct {
	secrets source
	name    string
	since   time.Time
}

func newTokenWatch(connection *cluster.Connection, live *object) (watch, error) {
	secrets, err := connection.Resource(live.GroupVersionKind(), live.GetNamespace())
	return &tokenWatch{secrets, live.GetName(), time.Now()}, err
}

func (w *tokenWatch) look(ctx context.Context, settled bool) (*observation, error) {
	live, err := w.secrets.Get(ctx, w.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	data, _ := live.Object["data"].(map[string]any)
	// A token that the control plane does not give within seconds is not waited for.
	ready := len(data) > 0 || settled || time.Since(w.since) > 5*time.Second
	return &observation{live: live, ready: ready, doing: "Waiting for the token"}, nil
}
