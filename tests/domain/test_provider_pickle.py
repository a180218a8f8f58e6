"""A provider's pickle is read as a name."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.rancher.password import PasswordProvider
from domain.provider_pickle import ForeignPickleError, provider_reference

PLAIN = pickle.dumps(PasswordProvider(), protocol=4)


def test_every_protocol_that_the_engine_may_have_stored_is_read() -> None:
    for protocol in (4, 5):
        pickled = pickle.dumps(PasswordProvider(), protocol=protocol)
        assert provider_reference(pickled) == ("components.rancher.password", "PasswordProvider")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_name_or_foreign(content: bytes) -> None:
    with pytest.raises(ForeignPickleError):
        provider_reference(content)


@given(st.integers(0, len(PLAIN) - 1), st.integers(0, 255))
def test_a_changed_byte_never_makes_it_do_more(position: int, value: int) -> None:
    changed = PLAIN[:position] + bytes([value]) + PLAIN[position + 1 :]
    try:
        module, name = provider_reference(changed)
    except ForeignPickleError:
        return
    assert module.startswith(("components.", "fleet."))
    assert name.isidentifier()
