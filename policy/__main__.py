"""Builds the pack and serves it to the engine until that is done; the rules are in ``policy.pack``."""

from pulumi_policy import EnforcementLevel, PolicyPack

from policy.pack import POLICIES

PolicyPack("rancher-on-pks", POLICIES, enforcement_level=EnforcementLevel.MANDATORY)
