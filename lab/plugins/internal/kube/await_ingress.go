package kube

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"

	"rancher-on-pks/lab/plugins/internal/cluster"
)

// ingressWatch takes an Ingress for ready when its status has an address and each Service that it
// names has endpoints. Services that get none within ten seconds of the last change of any endpoints
// in the namespace (a minute if there are none at all) are not waited for.
type ingressWatch struct {
	ingresses, services, endpoints dynamic.ResourceInterface
	name                           string
	settling                       settling
}

func newIngressWatch(connection *cluster.Connection, live *object) (watch, error) {
	ingresses, err := connection.Resource(live.GroupVersionKind(), live.GetNamespace())
	if err != nil {
		return nil, err
	}
	services, err := connection.Resource(serviceKind, live.GetNamespace())
	if err != nil {
		return nil, err
	}
	endpoints, err := connection.Resource(endpointsKind, live.GetNamespace())
	return &ingressWatch{ingresses: ingresses, services: services, endpoints: endpoints, name: live.GetName()}, err
}

func (w *ingressWatch) look(ctx context.Context, settled bool) (*observation, error) {
	live, err := w.ingresses.Get(ctx, w.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	endpoints, err := w.endpoints.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	services, err := w.services.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for i := range endpoints.Items {
		known[endpoints.Items[i].GetName()] = true
	}
	for i := range services.Items {
		if typ, _, _ := unstructured.NestedString(services.Items[i].Object, "spec", "type"); typ == "ExternalName" {
			known[services.Items[i].GetName()] = true
		}
	}
	w.settling.patience = 10 * time.Second
	if len(endpoints.Items) == 0 {
		w.settling.patience = time.Minute
	}
	targets := w.settling.settled(versions(endpoints.Items)) || settled
	if !targets {
		targets = true
		for _, backend := range backends(live) {
			targets = targets && known[backend]
		}
	}
	seen := &observation{live: live, doing: "[1/3] Finding a matching service for each Ingress path"}
	addresses, _, _ := unstructured.NestedSlice(live.Object, "status", "loadBalancer", "ingress")
	if !targets {
		seen.problems = append(seen.problems, "Ingress has at least one rule with an unavailable target endpoint.")
	} else {
		seen.doing = "[2/3] Waiting for update of .status.loadBalancer with hostname/IP"
	}
	if len(addresses) == 0 {
		seen.problems = append(seen.problems, "Ingress .status.loadBalancer field was not updated with a hostname/IP address.")
	}
	seen.ready = targets && len(addresses) > 0
	return seen, nil
}

// backends are the names of the Services in the rules, in any version of the Ingress API.
func backends(ingress *object) []string {
	var names []string
	rules, _, _ := unstructured.NestedSlice(ingress.Object, "spec", "rules")
	for _, rule := range rules {
		fields, _ := rule.(map[string]any)
		paths, _, _ := unstructured.NestedSlice(fields, "http", "paths")
		for _, path := range paths {
			fields, _ := path.(map[string]any)
			name, _, _ := unstructured.NestedString(fields, "backend", "service", "name")
			if name == "" {
				name, _, _ = unstructured.NestedString(fields, "backend", "serviceName")
			}
			if name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
