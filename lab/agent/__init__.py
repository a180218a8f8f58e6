"""Rancher's agent in a cluster of the lab: what the pods of ``cattle-cluster-agent`` would do.

It reads the Deployment that Rancher's manifest made and does as its container: it finds the server in
the lab's DNS, takes the CA that the server shows and goes on only when that has the given checksum, and
reports with the token of its Secret, over TLS verified with that CA. How a real agent reports (a tunnel) is
replaced by one request, see ``lab.rancher.agents``.
"""
