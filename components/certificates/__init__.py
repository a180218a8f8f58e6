"""Rancher's certificate: requested, issued or given, and the two Secrets that hold it.

Nothing is exported here: see ``component`` and ``sources``.
"""
