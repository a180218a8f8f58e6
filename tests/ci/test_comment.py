"""What a reviewer sees."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from ci.comment import LIMIT, Preview, marker, render
from ci.events import Report
from ci.gate import destroyed
from domain.redaction import Redactor
from tests.ci.logs import (
    CLUSTER,
    IN_RANCHER,
    RELEASE,
    SECRET,
    UNKNOWN,
    diagnostic,
    report,
    step,
    summary,
    violation,
)

GOLDEN = Path(__file__).with_name("comment.md")
SECRETS = Redactor(["s3cr3t-value"])


def changed(**more: object) -> Preview:
    """A preview with something of everything."""
    found = report(
        step("update", CLUSTER, "rancher-cluster", {"workers": 3}, {"workers": 5}),
        step(
            "replace",
            RELEASE,
            "rancher-server-release",
            {"name": "a|b", "values": {"x": "`y` @all <b>", "adminPassword": "clear"}},
            {"name": "c", "values": {"x": UNKNOWN, "adminPassword": "other", "y": "the s3cr3t-value"}},
            parents=IN_RANCHER,
            keys=["name"],
        ),
        step("create", "vsphere:index/folder:Folder", "folder", None, {"path": "a"}),
        step(
            "update", "kubernetes:core/v1:Secret", "tls", {"data": SECRET}, {"data": SECRET}, diffs=["data"]
        ),
        step("create", "rancher-on-pks:dns:DnsRecord", "component", None, {}),
        diagnostic("warning", "figures are 40 days old, says @ops <script>"),
        violation("Each namespace costs.\n2 too many. Plan fewer"),
        diagnostic("error", "preview failed"),
        summary(create=2, replace=1, update=2, same=38),
        mask=SECRETS,
    )
    return Preview(
        **{  # type: ignore[arg-type]
            "stack": "prod",
            "report": found,
            "failed": True,
            "destroyed": destroyed(found.changes),
            "capacity": "| limit | headroom |\n|---|---|\n| pod subnets | 51 → **-9** |",
            "diff": SECRETS("    ~ workers: 3 => 5\n    password: s3cr3t-value\n"),
            "notes": ["The stack does not exist yet."],
            "source": "Commit 0123456789ab, [log](https://github.test/runs/1)",
            **more,
        }
    )


def test_the_comment_as_a_whole() -> None:
    """After a change that is meant: write what `render` gives to comment.md, and read it."""
    assert render(changed()) == GOLDEN.read_text()


def test_no_secret_comes_through() -> None:
    text = render(changed())
    assert [word for word in ("s3cr3t-value", "clear", "other") if word in text] == []


def test_a_value_is_masked_before_it_is_cut() -> None:
    long = "x" * 70 + "s3cr3t-value"
    found = report(step("update", CLUSTER, "c", {"a": ""}, {"a": long}), mask=SECRETS)
    assert "s3cr" not in render(Preview(stack="prod", report=found, failed=False))


def test_the_verdicts() -> None:
    nothing = Preview(stack="prod", report=report(summary(same=4)), failed=False)
    assert (nothing.verdict, nothing.refused) == ("nothing changes", False)
    assert "4 stay unchanged" in render(nothing)
    fine = report(step("update", CLUSTER, "c", {"a": 1}, {"a": 2}), summary(update=1))
    assert Preview(stack="prod", report=fine, failed=False).verdict == "can be deployed"
    advised = report(violation("old", level="advisory"), summary(same=1))
    assert not Preview(stack="prod", report=advised, failed=False).refused
    gone = {"stack": "prod", "report": fine, "failed": False, "destroyed": ["c would be deleted"]}
    refused, meant = Preview(**gone), Preview(**gone, allowed=True)  # type: ignore[arg-type]
    assert (refused.verdict, refused.refused) == ("refused, it needs approval to destroy", True)
    assert (meant.verdict, meant.refused) == ("can be deployed", False)
    assert "as the label `pulumi-allow-destructive` allows" in render(meant)


def test_a_failure_says_why() -> None:
    found = Preview(stack="prod", report=Report(errors=["incorrect passphrase"]), failed=True)
    text = render(found)
    assert (found.verdict, found.refused) == ("failed", True)
    assert "#### Errors\n\n- incorrect passphrase" in text


def test_it_begins_with_a_line_that_tells_the_stack() -> None:
    assert render(changed()).splitlines()[0] == marker("prod") != marker("prod2")


def test_however_much_there_is_github_takes_it_and_the_important_part_is_there() -> None:
    steps = [
        step("delete", CLUSTER, f"cluster-{number}", {"a": "b" * 90, "c": number}) for number in range(900)
    ]
    found = report(*steps, *(violation("long " * 900) for _ in range(90)), summary(delete=900))
    found.warnings += ["w" * 5_000] * 50
    found.errors += ["e" * 5_000] * 50
    preview = Preview(
        stack="prod",
        report=found,
        failed=True,
        destroyed=destroyed(found.changes),
        capacity="| pod subnets |\n" * 900,
        diff="+ line\n" * 90_000,
        source="Commit 0123456789ab",
    )
    text = render(preview)
    assert len(text) <= LIMIT
    assert text.endswith("<sub>Commit 0123456789ab</sub>\n")
    assert "are in the log of the job" in text
    parts = ("Errors", "Destroyed", "Policy violations", "Capacity", "Changed resources", "Warnings")
    assert [part for part in parts if f"#### {part}" not in text] == []


@settings(max_examples=50)
@given(diff=st.text(), values=st.lists(st.text(max_size=3_000)), error=st.text())
def test_any_text_keeps_the_tables_and_the_folds(diff: str, values: list[str], error: str) -> None:
    steps = [step("update", CLUSTER, f"c{index}", {"a": 1}, {"a": text}) for index, text in enumerate(values)]
    text = render(
        Preview(stack="prod", report=report(*steps, diagnostic("error", error)), failed=True, diff=diff * 900)
    )
    assert len(text) <= LIMIT
    rows = [line for line in text.splitlines() if line.startswith("| `c")]
    assert all(row.replace("\\|", "").count("|") == 5 for row in rows)
    assert text.count("<details>") == text.count("</details>") <= 1 or "<details>" in diff
