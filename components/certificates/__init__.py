"""Rancher's certificate: reading and checking what is given, issuing the rest; ``component`` joins them.

Nothing is imported here: ``settings`` needs only the checks.
"""
