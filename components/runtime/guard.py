"""``DeletionGuard``: what a `pulumi destroy` of a protected stack meets first, so that nothing is deleted."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi


class DeletionGuard(pulumi.ComponentResource):
    """Depends on everything else (type ``rancher-on-pks:runtime:DeletionGuard``).

    The engine deletes dependents first, and it leaves what a protected resource depends on. A protected
    cluster alone is met last: everything that depends on it is gone by then.

    A stack that may be destroyed has it too, unprotected, since `pulumi up` could not delete a protected one.
    """

    def __init__(
        self, name: str, *, depends_on: pulumi.Input[Sequence[pulumi.Resource]], protect: bool
    ) -> None:
        """Declare the guard.

        Args:
            name: Name in the stack, which the engine's refusal shows: what turns the protection off.
            depends_on: All other resources.
            protect: Whether the engine refuses to delete the stack.
        """
        opts = pulumi.ResourceOptions(depends_on=depends_on, protect=protect)
        super().__init__("rancher-on-pks:runtime:DeletionGuard", name, None, opts)
        self.register_outputs({})
