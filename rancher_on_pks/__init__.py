"""The outputs of a stack of rancher-on-pks, typed, for other Pulumi programs.

    import pulumi
    from rancher_on_pks import RancherStack

    rancher = RancherStack.from_reference(pulumi.StackReference("company/rancher-on-pks/prod"))
    pulumi.export("rancher", rancher.rancher_url)

It needs no package but ``pulumi``.
"""

from rancher_on_pks.outputs import (
    CONTRACT_VERSION,
    VERSION_OUTPUT,
    Definition,
    RancherStack,
    definitions,
    export,
)

__all__ = ["CONTRACT_VERSION", "VERSION_OUTPUT", "Definition", "RancherStack", "definitions", "export"]
