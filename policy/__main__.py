"""Serves the pack to the engine; the policies are in ``policy.pack``."""

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack import POLICIES

PolicyPack("rancher-on-pks", POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
