"""The same without this project's code: names and meanings of the outputs are in docs/outputs.md.

Any language of Pulumi can do this. Check `contractVersion`: it is raised when an output changes its meaning.
"""

import pulumi

CONTRACT = 1

server = pulumi.StackReference(pulumi.Config().require("serverStack"))


def checked(version: object) -> int:
    """The version of the contract.

    Raises:
        ValueError: This program was written for another one.
    """
    if version != CONTRACT:
        raise ValueError(f"the server's stack has contract version {version}, this program needs {CONTRACT}")
    return CONTRACT


pulumi.export("contract", server.get_output("contractVersion").apply(checked))
pulumi.export("rancher", server.require_output("rancherUrl"))
pulumi.export("kubeconfig", server.require_output("kubeconfig"))  # stays a secret
