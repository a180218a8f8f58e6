"""PKS: foundation check, network profile, cluster and access to it; ``component.PksCluster`` joins them.

Nothing is imported here: the providers' process and ``settings`` need only parts.
"""
