"""Simulated Rancher server: acts as the pods labelled ``app=rancher`` in cattle-system of one cluster.

It serves HTTP while a Rancher pod is ready, creates Rancher's namespaces, and keeps pods with missing
Secrets from starting. The API is that of the release in the pods' image: v2.15.0 was recorded from a real
server; 2.2, 2.6 and 2.8 differ according to their source code (``release``). State is kept as custom
resources in the cluster's API (``store``). A pod of 2.15.0 that starts with another CA than the
previous one exits, as with webhook 0.11.0, while the ValidatingWebhookConfiguration ``rancher.cattle.io``
exists.
"""

PORT = 8080
"""Port on the cluster's internal address (the pods' port 80 is privileged)."""
