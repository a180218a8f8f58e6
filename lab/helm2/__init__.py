"""Stand-ins for the ``helm`` v2.17.0 command and for ``tiller``, which no registry has any more.

Flags, output, release names and refusals are those of v2; templates are rendered by Helm 3 with Tiller's name
in the place of Helm's, and hooks are not run. Tiller acts with the rights of its service account (by
impersonation), or of the kubeconfig when it runs outside the cluster, so the API refuses what it would refuse
the real one.
"""
