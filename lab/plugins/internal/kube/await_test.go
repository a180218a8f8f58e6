package kube

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/fake"
	"k8s.io/client-go/kubernetes/scheme"
)

func obj(version, kind, name string, content map[string]any) *object {
	made := &object{Object: content}
	made.SetAPIVersion(version)
	made.SetKind(kind)
	made.SetNamespace("n")
	made.SetName(name)
	return made
}

// holding is a cluster with the objects; it gives access to them by kind.
func holding(objects ...runtime.Object) func(group, version, plural string) dynamic.ResourceInterface {
	client := fake.NewSimpleDynamicClient(scheme.Scheme, objects...)
	return func(group, version, plural string) dynamic.ResourceInterface {
		return client.Resource(schema.GroupVersionResource{Group: group, Version: version, Resource: plural}).Namespace("n")
	}
}

var (
	ready   = map[string]any{"subsets": []any{map[string]any{"addresses": []any{map[string]any{"ip": "10.0.0.1"}}}}}
	pending = map[string]any{"subsets": []any{map[string]any{"notReadyAddresses": []any{map[string]any{"ip": "10.0.0.1"}}}}}
	address = map[string]any{"loadBalancer": map[string]any{"ingress": []any{map[string]any{"ip": "10.50.0.79"}}}}
)

func TestServiceReadiness(t *testing.T) {
	selector := map[string]any{"a": "b"}
	for name, test := range map[string]struct {
		spec, status, endpoints map[string]any
		ready                   bool
	}{
		"without a selector":        {map[string]any{"type": "ClusterIP"}, nil, nil, true},
		"headless":                  {map[string]any{"clusterIP": "None", "selector": selector}, nil, nil, true},
		"with pods":                 {map[string]any{"selector": selector}, nil, ready, true},
		"with pods not ready":       {map[string]any{"selector": selector}, nil, pending, false},
		"balancer without address":  {map[string]any{"type": "LoadBalancer", "selector": selector}, nil, ready, false},
		"balancer with address":     {map[string]any{"type": "LoadBalancer", "selector": selector}, address, ready, true},
		"balancer without selector": {map[string]any{"type": "LoadBalancer"}, address, nil, true},
	} {
		objects := []runtime.Object{obj("v1", "Service", "s", map[string]any{"spec": test.spec, "status": test.status})}
		if test.endpoints != nil {
			objects = append(objects, obj("v1", "Endpoints", "s", test.endpoints))
		}
		access := holding(objects...)
		watch := &serviceWatch{access("", "v1", "services"), access("", "v1", "endpoints"), "s", settling{patience: time.Hour}}
		seen, err := watch.look(context.Background(), true)
		if err != nil || seen.ready != test.ready || (!test.ready && !hasProblem(name, seen)) {
			t.Errorf("%s: %+v, %v", name, seen, err)
		}
		waiting, err := watch.look(context.Background(), false)
		if err != nil || (test.endpoints != nil && waiting.ready) {
			t.Errorf("%s: ready before the endpoints have settled", name)
		}
	}
}

// hasProblem: pods that are not ready are no problem of their own while others may be.
func hasProblem(name string, seen *observation) bool {
	return len(seen.problems) > 0 || name == "with pods not ready"
}

func TestIngressReadiness(t *testing.T) {
	spec := map[string]any{"rules": []any{map[string]any{"http": map[string]any{"paths": []any{
		map[string]any{"backend": map[string]any{"service": map[string]any{"name": "s"}}},
	}}}}}
	for name, test := range map[string]struct {
		status    map[string]any
		endpoints string
		settled   bool
		ready     bool
	}{
		"complete":                  {address, "s", false, true},
		"no address":                {nil, "s", false, false},
		"no endpoints yet":          {address, "", false, false},
		"no endpoints, not awaited": {address, "", true, true},
	} {
		objects := []runtime.Object{obj("networking.k8s.io/v1", "Ingress", "i", map[string]any{"spec": spec, "status": test.status})}
		if test.endpoints != "" {
			objects = append(objects, obj("v1", "Endpoints", test.endpoints, ready))
		}
		access := holding(objects...)
		watch := &ingressWatch{
			ingresses: access("networking.k8s.io", "v1", "ingresses"), services: access("", "v1", "services"),
			endpoints: access("", "v1", "endpoints"), name: "i",
		}
		seen, err := watch.look(context.Background(), test.settled)
		if err != nil || seen.ready != test.ready || (!test.ready && len(seen.problems) == 0) {
			t.Errorf("%s: %+v, %v", name, seen, err)
		}
	}
}

func TestDeletionWaits(t *testing.T) {
	k := newKube(t, nil)
	live := obj("v1", "ConfigMap", "c", map[string]any{})
	live.SetFinalizers([]string{"x.y/z"})
	access := holding(live)
	err := k.awaitGone(context.Background(), "", access("", "v1", "configmaps"), live, 100*time.Millisecond)
	want := `timed out after 100ms waiting for "n/c" to be deleted; finalizers might be preventing deletion (x.y/z)`
	if err == nil || err.Error() != want {
		t.Error(err)
	}
	if err := k.awaitGone(context.Background(), "", holding()("", "v1", "configmaps"), live, time.Minute); err != nil {
		t.Error(err)
	}
}
