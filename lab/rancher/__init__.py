"""Simulated Rancher server: plays the pods labelled ``app=rancher`` in cattle-system of one cluster.

It answers HTTP while a Rancher pod is ready, makes the namespaces that Rancher makes, and keeps pods
from starting whose Secrets are not there. The API is that of the release in the pods' image: a real
v2.15.0 was recorded, 2.2, 2.6 and 2.8 differ as their source says (``release``). Its state stays in
``clusters/<uuid>/rancher.json`` over restarts. A pod of 2.15.0 that starts with another CA than the one
before ends, as with webhook 0.11.0, while the ValidatingWebhookConfiguration ``rancher.cattle.io`` exists.

The fault ``rancher`` (``lab.faults``) knows: ``local_stuck`` (true or false), whether the cluster
``local`` hangs in Provisioning until it is saved (by default it does before 2.6); ``leak``, a list of
those whose namespaces stay when they are deleted: ``fleet``, ``users``, ``clusters``, ``projects``; and
``status``, ``delay_seconds`` and the rest of what the foundation's servers know.
"""

PORT = 8080
"""Port on the cluster's internal address (the pods' port 80 is privileged)."""
