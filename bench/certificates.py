"""Compares the program's verdicts on random certificate chains with Go's and OpenSSL's.

``python -m bench.certificates --chains 20000 --seed N``. A chain that the program accepts and a judge refuses
is a false accept: there must be none. One that it refuses and both judges accept is a false reject, which has
to be of a kind that docs/certificates.md names. Each disagreement is shrunk and written to a file.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import functools
import json
import random
import re
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from bench import chains, judges
from bench.chains import Plan
from bench.judges import Go
from domain.certificates import pem
from lab.build import build
from lab.recipes import CERTJUDGE

_LEAF_TRUSTED = "server in the bundle"
REJECTED = {
    _LEAF_TRUSTED: r"is not a CA \(CA:FALSE\)",
    "no CA in the bundle": "has no basic constraints|may not sign certificates",
    "order": "certificates are out of order",
    "serial number": "has a serial number that is",
    "PrintableString": "has a name as PrintableString",
    "policies": "which Go before 1.24 refuses|demands certificate policies",
    "trusted certificate": "is an OpenSSL trusted certificate",
    "curve": "has a key on curve|has a key of a kind that clients refuse",
    "empty issuer": "non-empty Issuer",
    "label": "contains a certificate request|is a PKCS #7 archive|contains no certificate",
    "damaged text": "no matching -----END line|damaged base64|cannot be read as X.509",
}
"""The kinds of chains that are refused though both judges accept them, as in docs/certificates.md."""

OPENSSL_ALONE = "OpenSSL clients"
"""In a warning: Go accepts the chain, OpenSSL does not."""
_SAMPLE = 50


@dataclass(frozen=True)
class Outcome:
    """What came of one chain.

    Attributes:
        kind: ``accepted``, ``refused``, ``warned``, ``false accept``, ``false reject`` with its kind, or that
            OpenSSL's handshake in memory and its commands differ.
        texts: What program and judges say, if they disagree.
    """

    kind: str
    texts: tuple[str, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the comparison fails."""
        return self.kind in ("false accept", "false reject: not named", "OpenSSL differs from s_client")


def compare(plan: Plan, go: Go, *, command_line: bool = False) -> Outcome:
    """Ask the program and both judges; with ``command_line`` also ``s_client`` and ``openssl verify``."""
    files, with_key = chains.build(plan), not plan.get("noKey")
    with warnings.catch_warnings(action="ignore"):
        verdict = judges.program(files, with_key=with_key and not plan.get("csr"))
    judged = files if verdict.errors else verdict.written
    if plan.get("csr"):
        judged = dataclasses.replace(judged, key=pem.private_key("private_key", files.key)[1].encode())
    refusals = [f"Go: {go.refusal(judged)}"]
    if with_key:
        refusals.append(f"OpenSSL: {judges.openssl_refusal(judged)}")
    if command_line and with_key:
        refusals.append(f"openssl s_client: {judges.s_client_refusal(judged)}")
        if refusals[-1].endswith(": ") is not refusals[-2].endswith(": "):
            return Outcome("OpenSSL differs from s_client", tuple(refusals[-2:]))
    if command_line or not with_key:
        refusals.append(f"openssl verify: {judges.command_line_refusal(judged)}")
    refusals = [text for text in refusals if not text.endswith(": ")]
    if verdict.errors:
        if refusals:
            return Outcome("refused")
        problems = [finding.problem for finding in verdict.errors]
        kinds = [
            next((kind for kind, text in REJECTED.items() if re.search(text, item)), "") for item in problems
        ]
        # Clients stop at a server's certificate that they trust, and do not see what is wrong above it.
        named = _LEAF_TRUSTED if _LEAF_TRUSTED in kinds else kinds[0] if all(kinds) else "not named"
        return Outcome(f"false reject: {named}", tuple(problems))
    if not refusals:
        return Outcome("accepted")
    warned = [str(finding) for finding in verdict.warnings if OPENSSL_ALONE in finding.problem]
    if warned and not any(text.startswith("Go: ") for text in refusals):
        return Outcome("warned", (*refusals, *warned))
    return Outcome("false accept", (*refusals, *map(str, verdict.warnings)))


def run(count: int, seed: int, folder: Path, go: Go) -> collections.Counter[str]:
    """Compare ``count`` chains; returns how many there were of each kind."""
    counts: collections.Counter[str] = collections.Counter()
    for number in range(count):
        plan = chains.draw(random.Random(f"{seed}-{number}"))  # noqa: S311
        outcome = compare(plan, go, command_line=number % _SAMPLE == 0)
        counts[outcome.kind] += 1
        if number % 1000 == 999:
            print(f"{number + 1} chains", file=sys.stderr, flush=True)
        first = counts[outcome.kind] == 1
        if outcome.texts and (outcome.fails or first):
            small = chains.shrink(plan, lambda candidate: compare(candidate, go).kind == outcome.kind)  # noqa: B023
            text = {"number": number, "kind": outcome.kind, "texts": outcome.texts, "plan": small}
            name = re.sub(r"\W+", "-", outcome.kind)
            (folder / f"{name}-{number}.json").write_text(json.dumps(text, indent=2))
    return counts


def main() -> int:
    """Run the comparison; returns 1 if it fails."""
    parser = argparse.ArgumentParser(prog="python -m bench.certificates", description=__doc__)
    parser.add_argument("--chains", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix=f"certificates-{arguments.seed}-"))
    print(f"seed {arguments.seed}, {arguments.chains} chains, disagreements in {folder}", flush=True)
    start = time.monotonic()
    # The chains share some keys, and decoding an RSA key takes longer than all the rest.
    known = patch.object(pem, "private_key", functools.cache(pem.private_key))
    with known, Go(build(recipes=[CERTJUDGE]).places[CERTJUDGE] / "certjudge") as go:
        counts = run(arguments.chains, arguments.seed, folder, go)
    for kind, count in sorted(counts.items()):
        print(f"{count:7} {kind}")
    print(f"{time.monotonic() - start:.0f} s")
    return int(any(Outcome(kind).fails for kind in counts))


if __name__ == "__main__":
    sys.exit(main())
