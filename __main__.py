"""One Rancher server on one PKS foundation: settings -> steps of the article -> outputs.

Each step is in ``steps/`` and makes components of ``components/``; docs/architecture.md has the picture.
"""

from __future__ import annotations

import pulumi

import steps
from settings import load

settings = load()

# Refused here, before anything is ordered: charts, pod network, DNS server, ESXi hosts
checks = steps.checks(settings)

# Step 1: plan, network profile, cluster, access to it; and the DRS rules of step 6, which only need its VMs
cluster = steps.cluster(settings, checks)
rules = steps.placement(settings, cluster)
inside = steps.inside(settings, cluster)

# Step 3: certificate, key and CA, made and checked while PKS builds the cluster
certificates = steps.certificates(settings, inside)
outputs = steps.cluster_outputs(settings, checks, cluster, certificates, rules)

if certificates.complete:
    # Step 2: Helm
    engine = steps.helm_engine(settings, inside)

    # Step 4: ingress controller behind an NSX-T virtual IP, DNS record, Ingress, a 503 with a green lock
    endpoint = steps.ingress(settings, checks, inside, certificates, engine)

    # Step 5: Rancher, three replicas, answering through the virtual IP
    rancher = steps.rancher(settings, checks, inside, endpoint, engine)

    # Step 6: first login, server URL, a token, and the cluster "local"
    bootstrap = steps.bootstrap(settings, inside, endpoint, rancher)
    outputs = steps.rancher_outputs(outputs, endpoint, rancher, bootstrap)
else:
    pulumi.log.warn(
        "Rancher waits for its certificate: have the output certificateRequest signed by the CA, set "
        "certificateFile and caCertificateFile, and run `pulumi up` again. "
        "Until then there is neither ingress nor Rancher."
    )

outputs.export()
