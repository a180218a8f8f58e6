package helm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/lint/support"
	"helm.sh/helm/v3/pkg/postrender"
	helmrelease "helm.sh/helm/v3/pkg/release"

	"rancher-on-pks/lab/plugins/internal/provider"
)

// failedRelease is the error of a release that Helm has recorded but that did not come up.
type failedRelease struct {
	id    string
	cause error
}

func (e *failedRelease) Error() string {
	return fmt.Sprintf("failed to become available within allocated timeout. Error: Helm Release %s: %v", e.id, e.cause)
}

func (e *failedRelease) Unwrap() error { return e.cause }

// Create installs the release.
func (h *Releases) Create(ctx context.Context, req plugin.CreateRequest) (plugin.CreateResponse, error) {
	wanted, err := decode(req.Properties)
	if err != nil {
		return plugin.CreateResponse{}, err
	}
	if req.Preview {
		return plugin.CreateResponse{Properties: wanted.checkpoint(req.Properties, true)}, nil
	}
	if _, err := h.cluster.Reach(); err != nil {
		return plugin.CreateResponse{}, fmt.Errorf("can't create Helm Release with unreachable cluster: %w", err)
	}
	ctx, cancel := h.Operation(ctx)
	defer cancel()
	err = h.install(ctx, wanted)
	var failed *failedRelease
	switch {
	case errors.As(err, &failed):
		h.Host.Warn(ctx, req.URN, fmt.Sprintf("Helm release %q was created but has a failed status. Use the `helm` command "+
			"to investigate the error, correct it, then retry. Reason: %v", wanted.Name, failed.cause))
		failure := fmt.Errorf("Helm release %q was created, but failed to initialize completely. "+
			"Use Helm CLI to investigate: %w", wanted.identifier(), err)
		return plugin.CreateResponse{}, wanted.initFailed(failure, req.Properties)
	case err != nil:
		return plugin.CreateResponse{}, err
	}
	outputs := wanted.checkpoint(req.Properties, false)
	return plugin.CreateResponse{ID: resource.ID(wanted.identifier()), Properties: outputs}, nil
}

// Update upgrades the release.
func (h *Releases) Update(ctx context.Context, req plugin.UpdateRequest) (plugin.UpdateResponse, error) {
	wanted, err := decode(req.NewInputs)
	if err != nil {
		return plugin.UpdateResponse{}, err
	}
	if req.Preview {
		return plugin.UpdateResponse{Properties: wanted.checkpoint(req.NewInputs, true)}, nil
	}
	if _, err := h.cluster.Reach(); err != nil {
		return plugin.UpdateResponse{}, fmt.Errorf("can't update Helm Release with unreachable cluster: %w", err)
	}
	ctx, cancel := h.Operation(ctx)
	defer cancel()
	err = h.upgrade(ctx, wanted)
	var failed *failedRelease
	switch {
	case errors.As(err, &failed):
		failure := fmt.Errorf("Helm release %q failed to initialize completely. Use Helm CLI to investigate: %w",
			wanted.identifier(), err)
		return plugin.UpdateResponse{}, wanted.initFailed(failure, req.NewInputs)
	case err != nil:
		return plugin.UpdateResponse{}, err
	}
	return plugin.UpdateResponse{Properties: wanted.checkpoint(req.NewInputs, false)}, nil
}

func (r *release) initFailed(failure error, inputs resource.PropertyMap) error {
	return provider.InitFailed(r.identifier(), failure, nil, r.checkpoint(inputs, false), nil)
}

func (h *Releases) install(ctx context.Context, wanted *release) error {
	configuration, err := h.configuration(wanted.Namespace)
	if err != nil {
		return err
	}
	loaded, _, err := h.settings.load(wanted)
	if err != nil {
		return err
	}
	if err := installable(loaded); err != nil {
		return err
	}
	install := action.NewInstall(configuration)
	install.ReleaseName, install.Namespace = wanted.Name, wanted.Namespace
	install.CreateNamespace = wanted.CreateNamespace
	install.Wait = !wanted.SkipAwait
	install.WaitForJobs = !wanted.SkipAwait && wanted.WaitForJobs
	install.Timeout = wanted.timeout()
	install.Atomic = wanted.Atomic
	install.Devel = wanted.Devel
	install.DisableHooks = wanted.DisableWebhooks
	install.DisableOpenAPIValidation = wanted.DisableOpenapiValidation
	install.SkipCRDs = wanted.SkipCrds
	install.SubNotes = wanted.RenderSubchartNotes
	install.Replace = wanted.Replace
	install.Description = wanted.Description
	if install.PostRenderer, err = renderer(wanted); err != nil {
		return err
	}
	live, err := install.RunWithContext(ctx, loaded, merge(nil, wanted.Values))
	if err == nil {
		return wanted.observe(live)
	}
	// Without a record of it in the cluster (never written, or taken back by atomic) there is no release.
	if live == nil {
		return err
	}
	if _, missing := action.NewGet(configuration).Run(wanted.Name); missing != nil {
		return err
	}
	return wanted.failed(live, err)
}

func (h *Releases) upgrade(ctx context.Context, wanted *release) error {
	configuration, err := h.configuration(wanted.Namespace)
	if err != nil {
		return err
	}
	loaded, path, err := h.settings.load(wanted)
	if err != nil {
		return err
	}
	values := merge(nil, wanted.Values)
	if wanted.Lint {
		if err := lint(path, values); err != nil {
			return err
		}
	}
	upgrade := action.NewUpgrade(configuration)
	upgrade.Namespace = wanted.Namespace
	upgrade.Wait = !wanted.SkipAwait
	upgrade.WaitForJobs = !wanted.SkipAwait && wanted.WaitForJobs
	upgrade.Timeout = wanted.timeout()
	upgrade.Atomic = wanted.Atomic
	upgrade.CleanupOnFail = wanted.CleanupOnFail
	upgrade.Devel = wanted.Devel
	upgrade.DisableHooks = wanted.DisableCRDHooks
	upgrade.SubNotes = wanted.RenderSubchartNotes
	upgrade.Force = wanted.ForceUpdate
	upgrade.ResetValues, upgrade.ReuseValues = wanted.ResetValues, wanted.ReuseValues
	upgrade.Recreate = wanted.RecreatePods
	upgrade.Description = wanted.Description
	upgrade.MaxHistory = 0
	if wanted.MaxHistory != nil {
		upgrade.MaxHistory = *wanted.MaxHistory
	}
	if upgrade.PostRenderer, err = renderer(wanted); err != nil {
		return err
	}
	live, err := upgrade.RunWithContext(ctx, wanted.Name, loaded, values)
	switch {
	case err == nil:
		return wanted.observe(live)
	case live == nil:
		return err
	default:
		return wanted.failed(live, err)
	}
}

// failed notes what Helm recorded of the release that did not come up.
func (r *release) failed(live *helmrelease.Release, cause error) error {
	if err := r.observe(live); err != nil {
		return err
	}
	return &failedRelease{r.identifier(), cause}
}

// Delete uninstalls the release.
func (h *Releases) Delete(ctx context.Context, req plugin.DeleteRequest) (plugin.DeleteResponse, error) {
	installed, err := decode(req.Outputs)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	configuration, err := h.configuration(installed.Namespace)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	uninstall := action.NewUninstall(configuration)
	if installed.Atomic || !installed.SkipAwait {
		uninstall.Wait = true
		uninstall.Timeout = installed.timeout()
	}
	done, err := uninstall.Run(installed.Name)
	if err != nil {
		return plugin.DeleteResponse{}, err
	}
	if done.Info != "" {
		h.Host.Warn(ctx, req.URN, fmt.Sprintf("Helm uninstall returned information: %q", done.Info))
	}
	return plugin.DeleteResponse{}, nil
}

func installable(loaded *chart.Chart) error {
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return fmt.Errorf("%s charts are not installable", kind)
	}
	return nil
}

func renderer(wanted *release) (postrender.PostRenderer, error) {
	if wanted.Postrender == "" {
		return nil, nil
	}
	return postrender.NewExec(wanted.Postrender)
}

func lint(path string, values map[string]any) error {
	var found []string
	for _, message := range action.NewLint().Run([]string{path}, values).Messages {
		if message.Severity >= support.ErrorSev {
			found = append(found, fmt.Sprintf("%s: %v", message.Path, message.Err))
		}
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("malformed chart or values: \n\t%s", strings.Join(found, "\n\t"))
}
