"""Helm v2: everything about it, so that deleting this folder and its entry in ``steps/helm.py`` removes it.

Nothing is imported here: ``pulumi_command`` costs 0.4 s, and most stacks use Helm 3.
"""
