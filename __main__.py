"""One Rancher server on one PKS foundation: settings -> steps of the article -> outputs.

Each step is in ``steps/`` and declares components of ``components/``; docs/architecture.md shows the graph.
"""

from __future__ import annotations

import pulumi

import console.program  # noqa: F401 - how each program begins
import rancher_on_pks
import steps
from settings import keys, load

settings = load()
keys.label_resources()
declared = steps.declared()

# Preflight: PKS, charts, pod network, DNS server and ESXi hosts are checked before anything is created
preflight = steps.preflight(settings)

# Step 1: plan, network profile, cluster, access to it; and the DRS rules of step 6, which need only its VMs
# The cluster depends on Rancher's password, so that after half a destroy the state still has it
password = steps.password(settings, preflight)
cluster = steps.cluster(settings, preflight, password)
rules = steps.placement(settings, preflight, cluster)
in_cluster = steps.in_cluster(settings, cluster)

# Step 3: certificate, key and CA, made and checked while PKS builds the cluster
certificates = steps.certificates(settings, preflight, in_cluster)
outputs = steps.cluster_outputs(settings, preflight, cluster, certificates, rules)

if certificates.complete:
    # Step 2: Helm
    engine = steps.helm_engine(settings, in_cluster)

    # Step 4: ingress controller behind an NSX-T virtual IP, DNS record, Ingress, a 503 with a green lock
    endpoint = steps.ingress(settings, preflight, in_cluster, certificates, engine)

    # Step 5: Rancher, three replicas, answering through the virtual IP
    rancher = steps.rancher(settings, preflight, in_cluster, endpoint, engine)

    # Step 6: first login, server URL, a token, and the cluster "local"
    bootstrap = steps.bootstrap(settings, in_cluster, endpoint, rancher, password)

    # What the article warns of: clusters and projects beyond the plan are denied
    brake = steps.brake(settings, preflight, in_cluster, endpoint, bootstrap)
    outputs |= steps.rancher_outputs(endpoint, rancher, bootstrap, brake)
else:
    pulumi.log.warn(
        "Rancher waits for its certificate: have the CA sign the output certificateRequest, set "
        "certificateFile and caCertificateFile, and run `pulumi up` again. "
        "Ingress and Rancher are not deployed until then."
    )

# A protected stack is destroyed as a whole or not at all
steps.guard(settings, declared, outputs)
rancher_on_pks.export(**outputs)
