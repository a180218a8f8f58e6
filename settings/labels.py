"""Gives dynamic resources the config keys behind their inputs, so that their errors name them."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi.runtime import register_stack_transformation

LABELS = "message_labels"
"""Input that the base of the dynamic providers reads: name of an input to its label in messages."""
_DYNAMIC = "pulumi-python:dynamic/"

Table = Mapping[tuple[str, str], Mapping[str, str]]
"""Type (``pks:Cluster``) and start of the resource's name, empty for all -> input -> label.

An input inside another is a path, such as ``dns.server``."""


def register(table: Table) -> None:
    """Add the labels of its inputs to each resource in the table that is declared from now on."""
    tokens = {token for token, _ in table}

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        token = args.type_.removeprefix(_DYNAMIC)
        if token not in tokens or token == args.type_:
            return None
        labels = {
            name: label
            for (kind, start), names in table.items()
            if kind == token and args.name.startswith(start)
            for name, label in names.items()
            if name.partition(".")[0] in args.props
        }
        return pulumi.ResourceTransformationResult({**args.props, LABELS: labels}, args.opts)

    register_stack_transformation(transform)
