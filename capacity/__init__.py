"""Capacity of a pod network: the model, its reports and the command ``python -m capacity``."""
