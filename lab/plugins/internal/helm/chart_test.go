package helm

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/repo"
)

// serveRepository is a chart repository over TLS that wants a password; returns its address and CA file.
func serveRepository(t *testing.T) (address, caFile string) {
	t.Helper()
	dir := t.TempDir()
	packed := &chart.Chart{Metadata: &chart.Metadata{APIVersion: "v2", Name: "demo", Version: "1.2.3"}}
	if _, err := chartutil.Save(packed, dir); err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(dir))
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "u" || password != "p" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	index, err := repo.IndexDirectory(dir, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := index.WriteFile(filepath.Join(dir, "index.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(caFile, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return server.URL, caFile
}

func TestChartFromARepository(t *testing.T) {
	address, caFile := serveRepository(t)
	settings := Settings{RepositoryCache: t.TempDir(), RepositoryConfigPath: filepath.Join(t.TempDir(), "none.yaml")}
	// A folder of the chart's name in the working directory is not the chart.
	t.Chdir(t.TempDir())
	if err := os.Mkdir("demo", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		source  repository
		version string
		failure string
	}{
		"all given":       {repository{Repo: address, CAFile: caFile, Username: "u", Password: "p"}, "1.2.x", ""},
		"no CA":           {repository{Repo: address, Username: "u", Password: "p"}, "", "certificate signed by unknown authority"},
		"wrong password":  {repository{Repo: address, CAFile: caFile, Username: "u", Password: "x"}, "", "401 Unauthorized"},
		"no such version": {repository{Repo: address, CAFile: caFile, Username: "u", Password: "p"}, "9.9.9", "not found"},
	} {
		loaded, _, err := settings.load(&release{Chart: "demo", Version: test.version, RepositoryOpts: &test.source})
		switch {
		case test.failure == "" && (err != nil || loaded.Metadata.Version != "1.2.3"):
			t.Errorf("%s: %v", name, err)
		case test.failure != "" && (err == nil || !strings.Contains(err.Error(), test.failure)):
			t.Errorf("%s: %v", name, err)
		}
	}
}
