package kube

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"rancher-on-pks/lab/plugins/internal/cluster"
)

// serviceWatch takes a Service for ready when its endpoints have not changed for ten seconds and none
// of them is waiting to become ready, and when a load balancer has an address. A Service without a
// selector, without a cluster IP, or that is an external name needs no endpoints.
type serviceWatch struct {
	services, endpoints source
	name                string
	settling            settling
}

func newServiceWatch(connection *cluster.Connection, live *object) (watch, error) {
	services, err := connection.Resource(serviceKind, live.GetNamespace())
	if err != nil {
		return nil, err
	}
	endpoints, err := connection.Resource(endpointsKind, live.GetNamespace())
	return &serviceWatch{services, endpoints, live.GetName(), settling{patience: 10 * time.Second}}, err
}

func (w *serviceWatch) look(ctx context.Context, settled bool) (*observation, error) {
	live, err := w.services.Get(ctx, w.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	typ, _, _ := unstructured.NestedString(live.Object, "spec", "type")
	addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
	seen := &observation{live: live, doing: "[1/3] Finding Pods to direct traffic to"}
	allocated := typ != "LoadBalancer" || len(addresses) > 0
	if !allocated {
		seen.problems = append(seen.problems, "Service was not allocated an IP address; does your cloud provider support this?")
	}
	if !needsEndpoints(live, typ) {
		seen.ready = allocated
		return seen, nil
	}
	endpoints, err := w.endpoints.Get(ctx, w.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		endpoints, err = &object{}, nil
		w.settling.since = time.Time{}
	}
	if err != nil {
		return nil, err
	}
	ready, pending := countEndpoints(endpoints)
	still := settled || (endpoints.GetName() != "" && w.settling.settled(endpoints.GetResourceVersion()))
	if ready == 0 {
		seen.problems = append(seen.problems, "Service does not target any Pods. Selected Pods may not be ready, or "+
			"field '.spec.selector' may not match labels on any Pods")
	}
	if still && ready > 0 {
		seen.doing = "[2/3] Attempting to allocate IP address to Service"
	}
	seen.ready = allocated && still && pending == 0
	return seen, nil
}

func needsEndpoints(service *object, typ string) bool {
	selector, _, _ := unstructured.NestedMap(service.Object, "spec", "selector")
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	return typ != "ExternalName" && address != "None" && len(selector) > 0
}

func countEndpoints(endpoints *object) (ready, pending int) {
	subsets, _, _ := unstructured.NestedSlice(endpoints.Object, "subsets")
	for _, subset := range subsets {
		fields, _ := subset.(map[string]any)
		addresses, _ := fields["addresses"].([]any)
		waiting, _ := fields["notReadyAddresses"].([]any)
		ready += len(addresses)
		pending += len(waiting)
	}
	return ready, pending
}
