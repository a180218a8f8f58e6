// Command pulumi-resource-command stands in for the plugin of the Pulumi package "command" in the lab.
package main

import (
	"rancher-on-pks/lab/plugins/internal/command"
	"rancher-on-pks/lab/plugins/internal/provider"
)

func main() { provider.Main("command", command.New) }
