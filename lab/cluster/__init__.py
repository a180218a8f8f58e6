"""One Kubernetes cluster of the lab's PKS: a real control plane, KWOK nodes and the NCP simulator."""
