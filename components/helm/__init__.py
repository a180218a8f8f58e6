"""Helm charts, releases, and the engine that installs them."""
