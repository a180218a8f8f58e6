"""What the objects of an NSX-T manager say about the use of a pod network, in either of its APIs."""
