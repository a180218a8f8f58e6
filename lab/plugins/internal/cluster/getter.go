package cluster

import (
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
)

// Getter is what the Helm library wants to know of a cluster (genericclioptions.RESTClientGetter).
type Getter struct {
	connection *Connection
	namespace  string
}

// Getter gives access with namespace for objects that name none.
func (c *Connection) Getter(namespace string) *Getter { return &Getter{c, namespace} }

// ToRESTConfig returns the client's configuration.
func (g *Getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.connection.rest), nil }

// ToDiscoveryClient returns the shared discovery cache.
func (g *Getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.connection.discovery, nil
}

// ToRESTMapper maps kinds to resources.
func (g *Getter) ToRESTMapper() (meta.RESTMapper, error) {
	return restmapper.NewShortcutExpander(g.connection.mapper, g.connection.discovery, nil), nil
}

// ToRawKubeConfigLoader returns the kubeconfig with the namespace set.
func (g *Getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return g.connection.cluster.clientConfig(g.namespace)
}
