"""Ingress controller, its virtual IP, and Rancher's Ingress; ``component`` has the resources.

Nothing is imported here: the providers' process loads only the modules that a run needs.
"""
