"""The sprawl brake: what stops clusters and projects that nobody planned, while Rancher runs."""
