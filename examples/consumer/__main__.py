"""A stack of another team: it tells its applications where Rancher is and which CA to trust.

The outputs are typed and secrets stay secret. A stack with another version of the contract is refused.
"""

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import ConfigMap

from rancher_on_pks import RancherStack

server = pulumi.Config().require("serverStack")
rancher = RancherStack.from_reference(pulumi.StackReference(server))

cluster = kubernetes.Provider("rancher", kubeconfig=rancher.kubeconfig)
ConfigMap(
    "rancher-endpoint",
    metadata={"name": "rancher-endpoint", "namespace": "default"},
    data={"url": rancher.rancher_url, "ca.crt": rancher.ca_bundle},
    opts=pulumi.ResourceOptions(provider=cluster),
)

pulumi.export("rancher", rancher.rancher_url)
pulumi.export("tokenEnds", rancher.rancher_token_expiry)
