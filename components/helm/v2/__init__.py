"""Helm v2: deleting this folder, ``domain/helm_v2.py`` and the entry in ``steps/helm.py`` removes it.

Nothing is imported here: ``pulumi_command`` costs 0.4 s, and most stacks use Helm 3.
"""
