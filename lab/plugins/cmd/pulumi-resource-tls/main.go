// Command pulumi-resource-tls stands in for the plugin of the Pulumi package "tls" in the lab.
package main

import (
	"rancher-on-pks/lab/plugins/internal/provider"
	"rancher-on-pks/lab/plugins/internal/tlsx"
)

func main() { provider.Main("tls", tlsx.New) }
