"""Stand-ins for the ``helm`` v2.17.0 command and for ``tiller``, which no registry has as binaries.

Flags, output, release names and refusals are those of v2. Templates are rendered by Helm 3 with Tiller's name
in the place of Helm's, hooks are not run, and ``status`` shows neither objects nor notes.

Tiller acts with the rights of its service account (by impersonation), or of the kubeconfig when it runs
outside the cluster, so the API refuses what it would refuse the real one. An upgrade compares the two
revisions and not what runs, as Tiller's does.
"""
