// Package cluster reaches the Kubernetes cluster of a provider's configuration. Nothing is asked of
// the cluster before the first use, so that a preview without changes needs none.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// Settings choose the cluster and limit the client.
type Settings struct {
	// Kubeconfig is the path or the text of a kubeconfig; empty for the usual places.
	Kubeconfig string
	// Context and Cluster choose within the kubeconfig; empty for its current context.
	Context, Cluster string
	// Namespace is that of objects which name none; empty for that of the context.
	Namespace string
	// QPS, Burst and Timeout limit the client; a zero Timeout is none.
	QPS     float32
	Burst   int
	Timeout time.Duration
}

// Cluster is a cluster that may not be reachable.
type Cluster struct {
	settings Settings
	parsed   *clientapi.Config
	parseErr error
	reach    func() (*Connection, error)
}

// New reads the kubeconfig; whether it is good shows when the cluster is used.
func New(settings Settings) *Cluster {
	c := &Cluster{settings: settings}
	if settings.Kubeconfig != "" {
		c.parsed, c.parseErr = ParseKubeconfig(settings.Kubeconfig)
	}
	c.reach = sync.OnceValues(c.connect)
	return c
}

// Namespace is the namespace of objects that name none.
func (c *Cluster) Namespace() string {
	if c.parseErr == nil {
		if namespace, _, err := c.clientConfig("").Namespace(); err == nil {
			return namespace
		}
	}
	return c.settings.Namespace
}

// Reach connects on the first call. The error says why the cluster is unreachable; it stays so until
// the process ends, as with the real plugin.
func (c *Cluster) Reach() (*Connection, error) { return c.reach() }

// Connection is a reachable cluster.
type Connection struct {
	cluster   *Cluster
	rest      *rest.Config
	dynamic   dynamic.Interface
	discovery discovery.CachedDiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper
}

// Resource gives access to the objects of a kind; the error is a no-match error (meta.IsNoMatchError)
// when the cluster does not know the kind.
func (c *Connection) Resource(kind schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		return c.dynamic.Resource(mapping.Resource).Namespace(namespace), nil
	}
	return c.dynamic.Resource(mapping.Resource), nil
}

// Namespaced tells whether objects of the kind live in namespaces.
func (c *Connection) Namespaced(kind schema.GroupVersionKind) (bool, error) {
	mapping, err := c.mapper.RESTMapping(kind.GroupKind(), kind.Version)
	if err != nil {
		return false, err
	}
	return mapping.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

func (c *Cluster) connect() (*Connection, error) {
	if c.parseErr != nil {
		return nil, fmt.Errorf("failed to parse kubeconfig data in `kubernetes:config:kubeconfig`- %w", c.parseErr)
	}
	config, err := c.clientConfig("").ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("unable to load Kubernetes client configuration from kubeconfig file: %w", err)
	}
	config.QPS, config.Burst, config.Timeout = c.settings.QPS, c.settings.Burst, c.settings.Timeout
	config.WarningHandlerWithContext = silence{}
	config.UserAgent = "pulumi-kubernetes"
	found, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	if _, err := found.ServerVersion(); err != nil {
		return nil, fmt.Errorf("unable to load schema information from the API server: %w", err)
	}
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(found)
	return &Connection{
		cluster:   c,
		rest:      config,
		dynamic:   objects,
		discovery: cached,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(cached),
	}, nil
}

// clientConfig resolves the kubeconfig; namespace, if not empty, is for objects that name none.
func (c *Cluster) clientConfig(namespace string) clientcmd.ClientConfig {
	if namespace == "" {
		namespace = c.settings.Namespace
	}
	overrides := &clientcmd.ConfigOverrides{
		Context:        clientapi.Context{Cluster: c.settings.Cluster, Namespace: namespace},
		CurrentContext: c.settings.Context,
	}
	if c.parsed != nil {
		return clientcmd.NewDefaultClientConfig(*c.parsed, overrides)
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.DefaultClientConfig = &clientcmd.DefaultClientConfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides)
}

// IsUnknownKind tells whether the cluster does not know the kind, as before its definition exists.
func IsUnknownKind(err error) bool {
	var noKind *meta.NoKindMatchError
	var noResource *meta.NoResourceMatchError
	return errors.As(err, &noKind) || errors.As(err, &noResource)
}

// silence drops the API server's deprecation warnings.
type silence struct{}

func (silence) HandleWarningHeaderWithContext(context.Context, int, string, string) {}
