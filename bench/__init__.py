"""Measurements and comparisons that take minutes. Each module is a command."""
