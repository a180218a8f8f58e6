"""Rancher's agent in a cluster of the lab: does the work of the ``cattle-cluster-agent`` pods.

It reads the Deployment created by Rancher's manifest and does what its container would do: it resolves the
server in the lab's DNS, fetches the CA that the server publishes, continues only if that CA has the expected
checksum, and reports with the token from its Secret, over TLS verified with that CA. A single request
replaces the tunnel of a real agent, see ``lab.rancher.agents``.
"""
