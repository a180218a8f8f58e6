"""Access to Kubernetes clusters: kubeconfigs, a small API client, discovery, and resources of their objects.

Nothing is imported here: the providers' process loads only the modules that a run needs.
"""
