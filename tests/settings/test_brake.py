"""The keys of the sprawl brake."""

from __future__ import annotations

import json

import pytest

from settings import SettingsError
from settings.reading import parse
from tests.config import GOOD

NETWORK = {"podNetwork": json.dumps({"blocks": ["172.16.0.0/16"]})}
NEWEST = {**GOOD, **NETWORK, "kubernetesVersion": "1.34", "rancherVersion": "2.13.0"}


@pytest.mark.parametrize(
    ("given", "measures"),
    [
        (None, ("quota",)),
        ('["admission", "quota", "admission"]', ("quota", "admission")),
        ("[]", ()),
        ("off", ()),
        ("false", ()),
    ],
)
def test_default_and_off(given: str | None, measures: tuple[str, ...]) -> None:
    config = NEWEST if given is None else {**NEWEST, "sprawlBrake": given}
    assert parse(config).brake.measures == measures


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sprawlBrake": '["brakes"]'}, "sprawlBrake[0]: "),
        ({"brakeOpenPercent": "95"}, "brakeOpenPercent: must be less than brakeClosePercent, which is 95"),
        ({"brakeClosePercent": "101"}, "brakeClosePercent: "),
        (
            {"sprawlBrake": '["admission"]', "kubernetesVersion": "1.29", "rancherVersion": "2.9.0"},
            "sprawlBrake: needs Kubernetes 1.30, whose API server has ValidatingAdmissionPolicy",
        ),
        ({"sprawlBrake": '["admission"]', "podNetwork": "{}"}, "podNetwork is not set"),
        ({"sprawlBrake": '["roles"]', "rancherBootstrap": "false"}, "rancherBootstrap is false (roles)"),
    ],
)
def test_what_is_refused_before_anything_is_created(changes: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as error:
        parse({**NEWEST, **changes})
    [finding] = error.value.findings
    assert message in str(finding)


def test_without_a_configured_version_the_foundations_is_judged() -> None:
    config = {**NEWEST, "kubernetesVersion": "", "sprawlBrake": '["admission"]'}
    settings = parse(config)
    assert [item.key for item in settings.brake_findings("1.29")] == ["sprawlBrake"]
    assert not list(settings.brake_findings("1.30"))
