"""PKS: preflight checks, network profile, cluster and kubeconfig; ``component.PksCluster`` joins them.

Nothing is imported here: the providers' process loads only the modules that a run needs.
"""
