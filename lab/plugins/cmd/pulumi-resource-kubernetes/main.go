// Command pulumi-resource-kubernetes stands in for the plugin of the Pulumi package "kubernetes" in the lab.
package main

import (
	"rancher-on-pks/lab/plugins/internal/kube"
	"rancher-on-pks/lab/plugins/internal/provider"
)

func main() { provider.Main("kubernetes", kube.New) }
