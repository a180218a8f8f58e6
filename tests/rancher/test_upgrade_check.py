"""Which changes of a deployed Rancher are refused at preview."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from pulumi.output import Unknown

from components.rancher.upgrade_check import UpgradeCheckProvider
from settings.rancher import RancherSettings


def kubeconfig(server: str, user: str = "u") -> str:
    return yaml.safe_dump(
        {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": user}}],
            "clusters": [{"name": "c", "cluster": {"server": server}}],
            "users": [{"name": user, "user": {"token": "t"}}],
        }
    )


HERE = kubeconfig("https://rancher:8443")


def inputs(version: str = "2.15.0", ca: str = "old", **changes: Any) -> dict[str, Any]:
    known = {"version": version, "ca_sha256": ca, "webhook": "", "kubeconfig": HERE, "enabled": True}
    return {**known, **changes}


def refusals(before: dict[str, Any], wanted: dict[str, Any]) -> list[tuple[str, str]]:
    failures = UpgradeCheckProvider().check(before, wanted).failures or []
    parts = [failure.reason.partition(": ") for failure in failures]
    return [(key.replace(" ", ""), reason) for key, _, reason in parts]


@pytest.mark.parametrize(
    ("old", "new"),
    [("2.8.5", "2.8.5"), ("2.8.5", "2.8.9"), ("2.8.5", "2.9.0"), ("2.14.2", "2.15.1"), ("2.15.3", "3.0.0")],
)
def test_supported_upgrades(old: str, new: str) -> None:
    assert refusals(inputs(old), inputs(new)) == []


@pytest.mark.parametrize(("old", "new"), [("2.9.0", "2.8.5"), ("2.8.5", "2.8.4"), ("3.0.0", "2.15.0")])
def test_rancher_does_not_go_back(old: str, new: str) -> None:
    [(key, reason)] = refusals(inputs(old), inputs(new))
    assert key == "version,enabled"
    assert f"Rancher {new} is older than the deployed {old}" in reason
    assert f"Keep {old}, or restore a backup" in reason


@pytest.mark.parametrize(("old", "new", "first"), [("2.6.14", "2.8.5", "2.7"), ("2.2.8", "2.15.0", "2.3")])
def test_no_minor_version_is_skipped(old: str, new: str, first: str) -> None:
    [(_, reason)] = refusals(inputs(old), inputs(new))
    assert f"from {old} to {new} skips a minor version" in reason
    assert f"Upgrade to the latest {first} first" in reason


@pytest.mark.parametrize("new", ["2.15.0", "2.15.1"])
def test_f1_another_ca_is_refused_while_the_webhook_denies_it(new: str) -> None:
    [(key, reason)] = refusals(inputs("2.15.0"), inputs(new, "new"))
    assert key == "ca_sha256,enabled"
    assert "setting is read only" in reason
    assert "webhook 0.11.1" in reason
    assert "ValidatingWebhookConfiguration" in reason
    assert refusals(inputs("2.15.0"), inputs(new)) == []


@pytest.mark.parametrize("old", ["2.14.3", "2.15.1", "2.8.5"])
def test_f1_another_ca_is_accepted_with_another_webhook(old: str) -> None:
    assert refusals(inputs(old), inputs(old, "new")) == []


@pytest.mark.parametrize(
    ("version", "webhook", "refused"),
    [
        ("2.15.0", "110.0.1+up0.11.1", False),
        ("2.15.0", "110.0.0+up0.11.0", True),
        ("2.15.1", "110.0.0+up0.11.0", True),
    ],
)
def test_f1_the_webhook_that_is_pinned_counts(version: str, webhook: str, refused: bool) -> None:
    old = inputs(version, webhook=webhook)
    assert bool(refusals(old, inputs(version, "new", webhook=webhook))) == refused


def test_f1_giving_up_the_private_ca_is_another_ca() -> None:
    assert refusals(inputs(), inputs(ca=""))
    assert refusals(inputs(ca=""), inputs())


def test_a_new_rancher_is_never_refused() -> None:
    assert refusals({}, inputs("2.2.8")) == []
    elsewhere = inputs("2.2.8", "new", kubeconfig=kubeconfig("https://other:8443"))
    assert refusals(inputs("2.15.0"), elsewhere) == []
    renewed = inputs("2.14.0", kubeconfig=kubeconfig("https://rancher:8443", "renewed"))
    assert refusals(inputs("2.15.0"), renewed)


def test_what_is_unknown_at_preview_is_judged_at_the_update() -> None:
    later = inputs("2.15.0", Unknown())  # type: ignore[no-untyped-call,arg-type]
    assert refusals(inputs("2.15.0"), later) == []


def test_turned_off_it_warns(caplog: pytest.LogCaptureFixture) -> None:
    assert refusals(inputs("2.9.0"), inputs("2.8.5", enabled=False)) == []
    assert "is older than the deployed 2.9.0" in caplog.text
    assert RancherSettings.model_fields["rancher_upgrade_check"].default is True


def test_it_changes_nothing_by_itself() -> None:
    provider = UpgradeCheckProvider()
    assert not provider.diff("", inputs(), inputs(enabled=False)).changes
    assert provider.diff("", inputs("2.8.5"), inputs("2.9.0")).changes
    assert provider.create(inputs()).id == "upgrade-check"
