"""The command ``python -m capacity``."""
