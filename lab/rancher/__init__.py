"""Simulated Rancher server: plays the pods labelled ``app=rancher`` in cattle-system of one cluster.

It answers HTTP while a Rancher pod is ready, makes the namespaces that Rancher makes, and keeps pods
from starting whose Secrets are not there. The API is that of the release in the pods' image: a real
v2.15.0 was listened to, 2.2, 2.6 and 2.8 differ as their source says (``release``). What it has been
told stays in ``clusters/<uuid>/rancher.json`` over restarts.

The fault ``rancher`` (``lab.faults``) knows: ``local_stuck`` (true or false), whether the cluster
``local`` hangs in Provisioning until it is saved (by default it does before 2.6); ``leak``, a list of
those whose namespaces stay when they are deleted: ``fleet``, ``users``, ``clusters``, ``projects``; and
``status``, ``delay_seconds`` and the rest of what the foundation's servers know.
"""

PORT = 8080
"""Port on the cluster's internal address (the pods' port 80 is privileged)."""
