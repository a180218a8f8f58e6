// Pulumi's Kubernetes plugin, built from its Go module. The two files are of that module; lab/build.py
// puts them here, and a reduced Go SDK into ./sdk.
package main

import (
	_ "embed"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
)

// version is that of the Python SDK: the engine refuses a plugin that says another.
const version = "4.34.2"

//go:embed schema.json
var schema []byte

//go:embed terraform-mapping.json
var mapping []byte

func main() {
	provider.Serve("kubernetes", version, schema, mapping)
}
