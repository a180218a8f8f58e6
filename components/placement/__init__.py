"""Placement: DRS rules that keep a cluster's masters, and its workers, on different ESXi hosts."""
