"""Data plane of one cluster: plays the ingress controller's pods behind the load balancer's virtual IPs.

KWOK's pods run no process, so this listens on each virtual IP in their place, for as long as the
ingress controller has a ready pod, and does what ingress-nginx does with the cluster's Ingresses.
"""
