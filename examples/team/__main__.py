"""A team's namespaces in Rancher's cluster: each takes a pod subnet that Rancher may need for a site.

The pack of rancher-on-pks judges this stack too (policy.json): only declared namespaces, within the plan.
"""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace

config = pulumi.Config()
server = pulumi.StackReference(config.require("serverStack"))
cluster = kubernetes.Provider("cluster", kubeconfig=server.require_output("kubeconfig"))

for name in config.require_object("namespaces"):
    Namespace(name, metadata={"name": name}, opts=pulumi.ResourceOptions(provider=cluster))
