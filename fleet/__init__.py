"""The fleet: edge clusters that a Rancher server of this project's program manages."""
