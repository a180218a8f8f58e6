"""Serves the pack to the engine; the policies are in ``policy.pack``."""

import sys

import console

try:
    from pulumi_policy import EnforcementLevel, PolicyPack

    from policy.pack import POLICIES
except ModuleNotFoundError as error:
    sys.exit(console.missing(error) or str(error))

PolicyPack("rancher-on-pks", POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
