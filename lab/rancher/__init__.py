"""Simulated Rancher server: acts as the pods labelled ``app=rancher`` in cattle-system of one cluster.

It serves HTTP while a Rancher pod is ready, creates Rancher's namespaces, and keeps pods with missing
Secrets from starting. The API is that of the release in the pods' image: v2.15.0 was recorded from a real
server; 2.2, 2.6 and 2.8 differ according to their source code (``release``). State is kept as custom
resources in the cluster's API (``store``). A pod of 2.15.0 that starts with another CA than the
previous one exits, as with webhook 0.11.0, while the ValidatingWebhookConfiguration ``rancher.cattle.io``
exists.

Fault ``rancher`` (``lab.faults``): ``local_stuck`` (true or false), whether the cluster ``local`` hangs in
Provisioning until it is saved (default: true before 2.6); ``leak``, a list of the kinds whose namespaces
remain after deletion: ``fleet``, ``users``, ``clusters``, ``projects``; ``setup_seconds``, the time until a
new cluster can be deleted without a leak (default: 0.5); and ``status``, ``delay_seconds`` and the other
faults of the foundation's servers.
"""

PORT = 8080
"""Port on the cluster's internal address (the pods' port 80 is privileged)."""
