// Command pulumi-resource-vsphere stands in for the plugin of the Pulumi package "vsphere" in the lab.
package main

import (
	"rancher-on-pks/lab/plugins/internal/provider"
	"rancher-on-pks/lab/plugins/internal/vsphere"
)

func main() { provider.Main("vsphere", vsphere.New) }
