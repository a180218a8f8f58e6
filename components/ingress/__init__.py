"""Ingress controller, its virtual IP and Rancher's Ingress; ``component`` joins them.

Nothing is imported here: the providers' process and ``settings`` need only parts.
"""
