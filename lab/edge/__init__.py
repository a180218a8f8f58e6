"""Data plane of one cluster: acts as the ingress controller's pods behind the load balancer's virtual IPs.

KWOK's pods run no process, so the data plane listens on each virtual IP while the ingress controller has a
ready pod, and serves the cluster's Ingresses as ingress-nginx does.
"""
