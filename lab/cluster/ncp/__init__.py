"""Simulates NCP, the controller that turns Kubernetes objects into NSX-T objects.

Facts (docs-pks 1.5 and 1.19 ``vsphere-nsxt-cluster-objects``, ``network-profiles-*``, ``nsxt-health``): a
namespace uses a subnet of a pod IP block and a segment, with the dedicated topology a Tier-1 router, and a
floating IP for SNAT unless pods are routable or the namespace has ``ncp/no_snat: "true"``. Blocks are used in
order. A namespace with more pods than its subnet can hold gets another subnet. A Service of type LoadBalancer
uses virtual servers, limited by the load balancer's size. The API server accepts objects that NCP then fails
to realise; NSXError objects and annotations report this. A namespace is annotated with its allocations
(``ncp/subnet-0``, ``ncp/snat_ip``), as public output of ``kubectl`` shows. A ``no_snat`` namespace takes its
subnet from the same blocks unless NCP has separate ones (``no_snat_ip_blocks`` of NCP 2.5.1's ``ncp.ini``),
which this one never has.

Invented, because no public source documents it: the names and texts of a namespace's error annotations
(``ncp/error.subnet`` and ``ncp/error.snat``, after the documented ``ncp/error.loadbalancer``), the error
numbers except 10087, the annotation ``ncp/pod-ip`` that gives pods their address, and one virtual server per
port of a Service. NSXError's group is that of docs-pks (``vmware.eng.com``; NCP 2.5.1's own manifest has
``nsx.vmware.com``), its columns are those of that manifest.

NCP has no state of its own: the tags of NSX-T objects identify what it owns, the cluster's objects define the
desired state. It can be killed at any time.
"""
