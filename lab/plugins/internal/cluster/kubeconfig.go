package cluster

import (
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientapi "k8s.io/client-go/tools/clientcmd/api"
)

// ParseKubeconfig reads a kubeconfig given as a path or as its text (YAML or JSON); an empty one has
// no clusters.
func ParseKubeconfig(pathOrText string) (*clientapi.Config, error) {
	if pathOrText == "" {
		return clientapi.NewConfig(), nil
	}
	path := pathOrText
	if home, err := os.UserHomeDir(); err == nil && (path == "~" || strings.HasPrefix(path, "~/")) {
		path = filepath.Join(home, strings.TrimPrefix(path, "~"))
	}
	if _, err := os.Stat(path); err != nil {
		return clientcmd.Load([]byte(pathOrText))
	}
	content, err := os.ReadFile(path) //nolint:gosec // the path is the user's
	if err != nil {
		return nil, err
	}
	return clientcmd.Load(content)
}

// Active finds the cluster that the kubeconfig leads to with the given context and cluster, either
// of which may be empty for that of the kubeconfig; nil if there is none.
func Active(config *clientapi.Config, context, cluster string) *clientapi.Cluster {
	if context == "" {
		context = config.CurrentContext
	}
	chosen := config.Contexts[context]
	if chosen == nil {
		return nil
	}
	if cluster == "" {
		cluster = chosen.Cluster
	}
	return config.Clusters[cluster]
}
