"""The base of the dynamic providers: diffs, drift, findings, labels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pulumi.output import Unknown

from components.runtime.credentials import require
from components.runtime.errors import ProviderError
from components.runtime.provider import LABELS, Properties, Provider
from domain.credentials import Field, System
from domain.finding import Finding

UNKNOWN = Unknown()  # type: ignore[no-untyped-call]


class Machine(Provider):
    replaces = ("name",)
    updates = ("size", "tags")
    observed = ("size",)
    live: Properties | None = {"size": 5}  # noqa: RUF012

    def findings(self, before: Properties, wanted: Properties) -> Iterator[Finding]:
        if wanted["size"] == 0:
            yield Finding("size", "must be more than 0", "Choose another", value="0")
        yield Finding("name", "is odd", severity="warning")

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        if wanted["size"] == 99:
            raise ProviderError("there is no room. Choose another size", "size", "other")
        return {"address": f"{wanted['name']}-{wanted['size']}", "before": before.get("size")}

    def identity(self, properties: Properties) -> str:
        return str(properties["address"])

    def observe(self, id_: str, known: Properties) -> Properties | None:
        return self.live


def machine(**more: Any) -> dict[str, Any]:
    return {"name": "a", "size": 3.0, "tags": {"n": 1.0}, "timeout": 5.0, "__provider": "pickle", **more}


def test_whole_numbers_are_integers_and_the_pickle_is_no_property() -> None:
    made = Machine().create(machine())
    assert made.id == "a-3"
    assert made.outs == {
        "name": "a",
        "size": 3,
        "tags": {"n": 1},
        "timeout": 5,
        "address": "a-3",
        "before": None,
    }
    updated = Machine().update("a-3", machine(), machine(size=4.0)).outs
    assert updated is not None
    assert updated["before"] == 3


@pytest.mark.parametrize(
    ("news", "changes", "replaces"),
    [
        (machine(), False, []),
        (machine(timeout=9.0), False, []),
        (machine(size=4.0), True, []),
        (machine(tags={"n": 1}), False, []),
        (machine(name="b"), True, ["name"]),
        (machine(size=UNKNOWN), True, []),
        (machine(name=UNKNOWN), True, ["name"]),
        (machine(labels={"size": "config size"}), False, []),
    ],
)
def test_the_lists_decide_the_diff(news: dict[str, Any], changes: bool, replaces: list[str]) -> None:
    found = Machine().diff("a-3", machine(), news)
    assert (found.changes, found.replaces) == (changes, replaces)


def test_drift_becomes_an_input_only_where_that_is_declared() -> None:
    provider = Machine()
    found = provider.read("a-3", machine())
    assert found.outs is not None
    assert (found.id, found.outs["size"], found.inputs) == ("a-3", 5, {"size": 5})
    provider.live = None
    assert provider.read("a-3", machine()).id == ""


def test_an_error_has_the_programs_names_of_the_properties() -> None:
    with pytest.raises(ProviderError, match=r"^there is no room\. Choose another size$"):
        Machine().create(machine(size=99.0))
    labels = {LABELS: {"size": "config workers", "name": "config clusterName"}}
    with pytest.raises(ProviderError, match=r"^config workers: there is no room\. Choose another size$"):
        Machine().create(machine(size=99.0, **labels))
    failure = Machine().check({}, machine(size=0.0, **labels)).failures[0]
    assert failure.reason == "config workers: must be more than 0 (0). Choose another"
    assert len(Machine().check({}, machine()).failures) == 0, "a warning refuses nothing"


NOTHING: dict[str, str] = {}
PKS = System(
    "pks",
    "PKS",
    (Field("api", "PKS_API"), Field("ca_certificate_file", "PKS_CA"), Field("password", "P", True)),
)


def test_the_environment_wins_and_what_is_missing_is_named() -> None:
    login = PKS.read({"pksApi": "a", "pksCaCertificateFile": "f"}.get, {"PKS_API": "b"})
    assert (login["api"], login["ca_certificate_file"], login["password"]) == ("b", "f", "")
    require(login, "api")
    with pytest.raises(ProviderError) as caught:
        require(login, "api", "password")
    assert "no credentials for PKS: pksPassword (environment variable P) is not set" in str(caught.value)
    assert PKS.read(NOTHING.get, {"P": "s3cret"}).secrets == ("s3cret",)
    assert "s3cret" not in repr(PKS.read(NOTHING.get, {"P": "s3cret"}))
