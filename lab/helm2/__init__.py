"""Stand-ins for the ``helm`` v2.17.0 command and for ``tiller``, which no registry offers as binaries.

Flags, output, release names and error texts are those of v2. Templates are rendered by Helm 3 with Tiller's
name in place of Helm's, hooks are not run, and ``status`` shows neither objects nor notes.

Tiller has the permissions of its service account (by impersonation), or of the kubeconfig when it runs
outside the cluster, so the API rejects what it would reject from the real Tiller. Like Tiller, an upgrade
compares the two revisions, not the live objects.
"""
