"""NCP, the controller that turns Kubernetes objects into NSX-T objects, simulated.

Facts (docs-pks 1.5 and 1.19 ``vsphere-nsxt-cluster-objects``, ``network-profiles-*``, ``nsxt-health``):
a namespace costs a subnet of a pod IP block and a segment, with the dedicated topology a Tier-1 router,
and a floating IP for SNAT unless pods are routable or the namespace says ``ncp/no_snat: "true"``;
blocks are used in order; a namespace with more pods than a subnet holds gets another; a Service of type
LoadBalancer takes virtual servers, whose number the load balancer's size limits; the API server accepts
objects that NCP then fails to realise, and NSXError objects and annotations tell of it. A namespace is
annotated with what it has (``ncp/subnet-0``, ``ncp/snat_ip``), as public output of ``kubectl`` shows; a
``no_snat`` namespace takes its subnet from the same blocks unless NCP is given others (``no_snat_ip_blocks``
of NCP 2.5.1's ``ncp.ini``), which this one never is.

Invented, since no public text says it: names and texts of the annotations of a namespace
(``ncp/error.subnet`` and ``ncp/error.snat``, after the documented ``ncp/error.loadbalancer``), the error
numbers but 10087, the annotation ``ncp/pod-ip`` by which pods get their address, and one virtual server a
port of a Service. NSXError's group is that of docs-pks (``vmware.eng.com``; NCP 2.5.1's own manifest has
``nsx.vmware.com``), its columns are those of that manifest.

NCP keeps no state of its own: what it owns is told by the tags of NSX-T objects, what is wanted by
the cluster's objects, so that it can be killed at any moment.
"""
