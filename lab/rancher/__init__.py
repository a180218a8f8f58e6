"""Simulated Rancher server: plays the pods labelled ``app=rancher`` in cattle-system of one cluster.

It answers HTTP while a Rancher pod is ready, makes the namespaces that Rancher makes, and keeps pods
from starting whose Secrets are not there.
"""

PORT = 8080
"""Port on the cluster's internal address (the pods' port 80 is privileged)."""
