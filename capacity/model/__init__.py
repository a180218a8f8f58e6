"""The pure model of a pod network and of what clusters with Rancher take from it."""
