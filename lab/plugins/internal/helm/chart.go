package helm

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
	"helm.sh/helm/v3/pkg/repo"
)

// Settings are those of the provider's input helmReleaseSettings.
type Settings struct {
	Driver               string `json:"driver"`
	PluginsPath          string `json:"pluginsPath"`
	RegistryConfigPath   string `json:"registryConfigPath"`
	RepositoryConfigPath string `json:"repositoryConfigPath"`
	RepositoryCache      string `json:"repositoryCache"`
}

// environment are Helm's settings: the provider's, else those of the environment variables.
func (s Settings) environment() *cli.EnvSettings {
	settings := cli.New()
	for _, choice := range []struct {
		target          *string
		given, variable string
	}{
		{&settings.PluginsDirectory, s.PluginsPath, "PULUMI_K8S_HELM_PLUGINS_PATH"},
		{&settings.RegistryConfig, s.RegistryConfigPath, "PULUMI_K8S_HELM_REGISTRY_CONFIG_PATH"},
		{&settings.RepositoryConfig, s.RepositoryConfigPath, "PULUMI_K8S_HELM_REPOSITORY_CONFIG_PATH"},
		{&settings.RepositoryCache, s.RepositoryCache, "PULUMI_K8S_HELM_REPOSITORY_CACHE"},
	} {
		if choice.given == "" {
			choice.given = os.Getenv(choice.variable)
		}
		if choice.given != "" {
			*choice.target = choice.given
		}
	}
	return settings
}

// load fetches the chart of the release: from a path, from a chart repository or from an OCI registry.
func (s Settings) load(r *release) (*chart.Chart, string, error) {
	environment := s.environment()
	options, name, err := chartOptions(r, environment)
	if err != nil {
		return nil, "", err
	}
	install := action.NewInstall(&action.Configuration{})
	install.ChartPathOptions = *options
	var client *registry.Client
	if registry.IsOCI(name) {
		if client, err = registryClient(environment, options); err != nil {
			return nil, "", err
		}
		install.SetRegistryClient(client)
	}
	path, err := install.LocateChart(name, environment)
	if err != nil {
		return nil, "", err
	}
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, "", err
	}
	missing := action.CheckDependencies(loaded, loaded.Metadata.Dependencies)
	switch {
	case missing == nil:
		return loaded, path, nil
	case !r.DependencyUpdate:
		return nil, "", missing
	}
	manager := &downloader.Manager{
		Out: os.Stderr, ChartPath: path, Keyring: r.Keyring, Getters: getter.All(environment), RegistryClient: client,
		RepositoryConfig: environment.RepositoryConfig, RepositoryCache: environment.RepositoryCache,
	}
	if err := manager.Update(); err != nil {
		return nil, "", err
	}
	loaded, err = loader.Load(path)
	return loaded, path, err
}

// chartOptions resolves where the chart is: the name becomes a path, a reference or a full URL.
func chartOptions(r *release, environment *cli.EnvSettings) (*action.ChartPathOptions, string, error) {
	options := &action.ChartPathOptions{Keyring: r.Keyring, Verify: r.Verify, Version: strings.TrimSpace(r.Version)}
	if r.Version == "" && r.Devel {
		options.Version = ">0.0.0-0"
	}
	name := strings.TrimSpace(r.Chart)
	source := r.RepositoryOpts
	if source == nil {
		return options, name, nil
	}
	options.CaFile, options.CertFile, options.KeyFile = source.CAFile, source.CertFile, source.KeyFile
	options.Username, options.Password = source.Username, source.Password
	address, err := url.ParseRequestURI(source.Repo)
	switch {
	case registry.IsOCI(name):
		return options, name, nil
	case err != nil:
		// Not an address: the name of a repository in Helm's own configuration.
		if source.Repo != "" && !strings.Contains(name, "/") {
			name = source.Repo + "/" + name
		}
		return options, name, nil
	}
	// Looked up here and not by Helm, which would take a folder of that name in the working directory.
	found, err := repo.FindChartInAuthAndTLSAndPassRepoURL(source.Repo, source.Username, source.Password, name,
		options.Version, source.CertFile, source.KeyFile, source.CAFile, false, false, getter.All(environment))
	if err != nil {
		return nil, "", err
	}
	elsewhere, err := url.Parse(found)
	if err != nil {
		return nil, "", err
	}
	if elsewhere.Scheme != address.Scheme || elsewhere.Host != address.Host {
		options.Username, options.Password = "", ""
	}
	return options, found, nil
}

// registryClient talks to an OCI registry with the credentials and certificates given, else with those
// of Helm's registry configuration.
func registryClient(environment *cli.EnvSettings, options *action.ChartPathOptions) (*registry.Client, error) {
	given := []registry.ClientOption{
		registry.ClientOptEnableCache(true),
		registry.ClientOptCredentialsFile(environment.RegistryConfig),
	}
	if options.Username != "" && options.Password != "" {
		given = append(given, registry.ClientOptBasicAuth(options.Username, options.Password))
	}
	if options.CaFile != "" || options.CertFile != "" {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if options.CaFile != "" {
			authorities, err := os.ReadFile(options.CaFile)
			if err != nil {
				return nil, err
			}
			config.RootCAs = x509.NewCertPool()
			if !config.RootCAs.AppendCertsFromPEM(authorities) {
				return nil, fmt.Errorf("%s holds no certificate", options.CaFile)
			}
		}
		if options.CertFile != "" {
			pair, err := tls.LoadX509KeyPair(options.CertFile, options.KeyFile)
			if err != nil {
				return nil, err
			}
			config.Certificates = []tls.Certificate{pair}
		}
		transport := &http.Transport{TLSClientConfig: config, Proxy: http.ProxyFromEnvironment}
		given = append(given, registry.ClientOptHTTPClient(&http.Client{Transport: transport}))
	}
	return registry.NewClient(given...)
}
