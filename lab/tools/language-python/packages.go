package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/logging"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

//go:embed packages.py
var packagesScript string

// releaseVersion is a version that Python and Pulumi write alike. A pre-release is written
// differently, and its plugin's version cannot be derived from it.
var releaseVersion = regexp.MustCompile(`^\d+\.\d+\.\d+$`)

// installedPackage is one line of packages.py.
type installedPackage struct {
	Name    string                   `json:"name"`
	Version string                   `json:"version"`
	Plugin  *plugin.PulumiPluginJSON `json:"plugin"`
}

// GetRequiredPackages lists the plugins that belong to the Pulumi packages of the program's
// environment, used or not: Python has no cheap way to know which ones a program imports.
func (h *host) GetRequiredPackages(
	ctx context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	python, err := environmentOf(request.GetInfo(), false)
	if err != nil {
		return nil, err
	}
	directory := request.GetInfo().GetProgramDirectory()
	if err := python.EnsureVenv(ctx, directory, false, false, io.Discard, io.Discard); err != nil {
		return nil, err
	}
	if err := python.ValidateVenv(ctx); err != nil {
		return nil, err
	}
	command, err := python.Command(ctx, "-c", packagesScript)
	if err != nil {
		return nil, err
	}
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", command.Path, err)
	}
	var installed []installedPackage
	if err := json.Unmarshal(output, &installed); err != nil {
		return nil, fmt.Errorf("reading the packages of %s: %w", command.Path, err)
	}
	response := &pulumirpc.GetRequiredPackagesResponse{}
	for _, found := range installed {
		if dependency := found.dependency(); dependency != nil {
			response.Packages = append(response.Packages, dependency)
		}
	}
	return response, nil
}

// dependency is the plugin of a package, or nil if it has none.
func (p installedPackage) dependency() *pulumirpc.PackageDependency {
	described := p.Plugin
	if described == nil {
		described = &plugin.PulumiPluginJSON{Resource: true}
	}
	if !described.Resource {
		return nil
	}
	result := &pulumirpc.PackageDependency{
		Kind: "resource", Name: described.Name, Version: described.Version, Server: described.Server,
	}
	if result.Name == "" {
		result.Name = strings.TrimPrefix(p.Name, "pulumi-")
	}
	if result.Version == "" {
		if !releaseVersion.MatchString(p.Version) {
			logging.V(5).Infof("package %s %s: plugin version unknown, left out", p.Name, p.Version)
			return nil
		}
		result.Version = p.Version
	}
	if !strings.HasPrefix(result.Version, "v") {
		result.Version = "v" + result.Version
	}
	return result
}
