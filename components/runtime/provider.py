"""Base of the dynamic providers: one pattern for diffs, drift, findings and errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, TypeVar

from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown

from components.runtime import engine_link
from components.runtime.errors import ProviderError, log
from domain.finding import Finding

Properties = dict[str, Any]
"""Properties of a resource. Whole numbers are integers, which protobuf has not."""

LABELS = "message_labels"
"""Input of each resource: what the program calls the other inputs, for messages. See ``settings.keys``."""

_PROVIDER_KEY = "__provider"
T = TypeVar("T")


class Provider(ResourceProvider):
    """Base of the dynamic providers.

    A subclass lists its properties and overrides some of: ``findings``, ``is_due``, ``same``, ``apply``,
    ``identity``, ``observe``, ``remove``. Subclasses live in importable modules and hold no state, so the
    state file refers to them by name: their module path and class name are part of the stack's contract.
    """

    serialize_as_secret_always = False

    replaces: ClassVar[tuple[str, ...]] = ()
    """Properties whose change replaces the resource."""
    updates: ClassVar[tuple[str, ...]] = ()
    """Properties whose change updates it in place. Those in neither list change nothing."""
    observed: ClassVar[tuple[str, ...]] = ()
    """All inputs, for a resource whose refresh sets them to the live values: the next preview shows what it
    changes back. Not for a resource with a secret input, which would be stored in clear."""
    delete_before_replace: ClassVar[bool] = False

    # --- for subclasses ---------------------------------------------------------------------------------
    def findings(self, before: Properties, wanted: Properties) -> Iterable[Finding]:
        """What is wrong with the inputs; ``before`` is empty at creation. A finding's key is a property."""
        del before, wanted
        return ()

    def declared(self, wanted: Properties) -> None:
        """Called first for each resource that a run of the program declares; values may be unknown."""

    def is_due(self, before: Properties, wanted: Properties) -> bool:
        """Whether there is something to do although no listed property has changed."""
        del before, wanted
        return False

    def same(self, name: str, before: object, wanted: object) -> bool:
        """Whether two values of a property mean the same."""
        del name
        return before == wanted

    def apply(self, wanted: Properties, before: Properties) -> Properties:
        """Create the resource (``before`` is empty) or change it; returns the outputs. Idempotent."""
        del wanted, before
        return {}

    def identity(self, properties: Properties) -> str:
        """The id of a resource, from its inputs and outputs."""
        raise NotImplementedError

    def observe(self, id_: str, known: Properties) -> Properties | None:
        """The properties that differ from ``known`` in reality; None when the resource is gone."""
        del id_, known
        return {}

    def remove(self, id_: str, known: Properties) -> None:
        """Delete the resource. Its absence is a success."""

    def refusals(self, errors: list[Finding]) -> list[CheckFailure]:
        """How the engine reports findings. With a property it would print the property's value, too."""
        return [CheckFailure("", str(item)) for item in errors]

    def changed(self, before: Properties, wanted: Properties, names: Iterable[str]) -> list[str]:
        """Those of ``names`` whose value differs, or may differ because the new one is unknown yet."""
        return [
            name
            for name in names
            if unknown(wanted.get(name)) or not self.same(name, before.get(name), wanted.get(name))
        ]

    # --- the engine's calls -----------------------------------------------------------------------------
    def configure(self, req: ConfigureRequest) -> None:
        """Keep the stack's config, for credentials. Nothing is called or checked before it is needed."""
        self._config = req.config
        engine_link.attach()

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        before, wanted = plain(_olds), plain(news)
        with _labelled(wanted):
            self.declared(wanted)
            found = list(self.findings(before, wanted))
        labels = wanted.get(LABELS) or {}
        for item in found:
            if item.severity == "warning":
                log.warning("warning: %s", item.renamed(labels))
        errors = [item.renamed(labels) for item in found if item.severity == "error"]
        return CheckResult(news, self.refusals(errors))

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        before, wanted = plain(_olds), plain(_news)
        replaces = self.changed(before, wanted, self.replaces)
        changes = replaces or self.changed(before, wanted, self.updates) or self.is_due(before, wanted)
        return DiffResult(
            changes=bool(changes), replaces=replaces, delete_before_replace=self.delete_before_replace
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        wanted = plain(props)
        with _labelled(wanted):
            made = {**wanted, **self.apply(wanted, {})}
            return CreateResult(self.identity(made), made)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        before, wanted = plain(_olds), plain(_news)
        with _labelled(wanted):
            return UpdateResult({**wanted, **self.apply(wanted, before)})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        known = plain(props)
        with _labelled(known):
            live = self.observe(id_, known)
        if live is None:
            return ReadResult("", {})
        found = {**known, **live}
        inputs = {name: found[name] for name in (*self.observed, LABELS) if name in found}
        return ReadResult(id_, found, inputs if self.observed else None)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        known = plain(_props)
        with _labelled(known):
            self.remove(_id, known)


def plain(properties: Mapping[str, Any]) -> Properties:
    """The properties without the pickled provider, whole floats as integers."""
    return {name: _plain(value) for name, value in properties.items() if name != _PROVIDER_KEY}


def unknown(*values: object) -> bool:
    """Whether one of the values is unknown yet (only at preview)."""
    return any(isinstance(value, Unknown) for value in values)


@contextmanager
def _labelled(properties: Properties) -> Iterator[None]:
    """Puts the program's names of an error's properties in front of its message."""
    try:
        yield
    except ProviderError as error:
        labels = properties.get(LABELS) or {}
        names = [labels[name] for name in error.properties if name in labels]
        if names:
            error.args = (f"{', '.join(names)}: {error}",)
            error.properties = ()
        raise


def _plain(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
