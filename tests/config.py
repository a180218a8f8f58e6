"""The checkout, and the smallest valid config of a stack."""

from __future__ import annotations

from pathlib import Path

REPO = Path(__file__).parent.parent
ARTICLE = "Pulumi.prod.yaml"
"""The article's environment, in the checkout."""
GOOD = {
    "clusterName": "czpksrancher05",
    "externalHostname": "czpksrancher05.sovsystems.com",
    "plan": "rancher",
    "kubernetesVersion": "1.28",
    "certificateSource": "self-signed",
    "ingressChartVersion": "4.11.5",
    "rancherHostname": "czrancherblog.sovsystems.com",
    "rancherVersion": "2.8.5",
}
