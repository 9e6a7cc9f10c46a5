"""Masking secrets in pickles that are never loaded."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planes.data_plane.services.telemetry import pickled
from planes.data_plane.services.telemetry.pickled import NoPickle, scrub_pickle
from planes.scrub import Registered

SECRET = "orchard-gate-7-7-1"
REGISTERED = Registered.from_values([("GATE", SECRET)])


class Value(NamedTuple):
    """As a trace holds configuration."""

    key: str
    value: object


@dataclass
class Trace:
    """As a run's trace."""

    name: str
    at: datetime
    values: Sequence[Value]
    raw: bytes


TRACE = Trace(
    name="harvest",
    at=datetime(2026, 11, 25, tzinfo=UTC),
    values=[Value("gate", SECRET), Value("dsn", f"postgres://u:{SECRET}@host/db"), Value("trees", 4)],
    raw=f"bytes of {SECRET}".encode(),
)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_what_it_makes_is_the_same_but_for_the_secret(protocol: int) -> None:
    scrubbed = scrub_pickle(pickle.dumps(TRACE, protocol), REGISTERED)
    found = pickle.loads(scrubbed)

    assert SECRET.encode() not in scrubbed
    assert (found.name, found.at) == (TRACE.name, TRACE.at)
    assert found.values[0] == Value("gate", "[masked:GATE]")
    assert found.values[1].value.startswith("postgres://u:[masked:")
    assert found.values[2] == Value("trees", 4)
    assert protocol == 2 or found.raw == b"bytes of [masked:GATE]"


def test_pickle_without_secrets_keeps_its_bytes() -> None:
    content = pickle.dumps([Trace("a", TRACE.at, [], b"\xff\xfe")] * 3)

    assert scrub_pickle(content, REGISTERED) == content


def test_nothing_in_it_is_run(tmp_path: Path) -> None:
    made = tmp_path / "made"

    class Runs:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (made,))

    content = pickle.dumps([Runs(), SECRET])

    assert SECRET.encode() not in scrub_pickle(content, REGISTERED)
    assert not made.exists()


@pytest.mark.parametrize("content", [b"", b"no pickle", pickle.dumps(TRACE)[:-9], b"\x80\x05X\xff\xff\xff\x7fab"])
def test_what_is_no_pickle_is_told(content: bytes) -> None:
    with pytest.raises(NoPickle):
        scrub_pickle(content, REGISTERED)


_PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()


@given(st.recursive(_PLAIN, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))
def test_long_and_odd_documents_around_a_secret_stay(document: object) -> None:
    content = pickle.dumps({"gate": SECRET, "document": document, "again": SECRET})
    found = pickle.loads(scrub_pickle(content, REGISTERED))

    assert found["gate"] == found["again"] == "[masked:GATE]"


def test_a_pickle_of_more_instructions_than_are_looked_at_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one byte each, sixteen megabytes of them took the region two gigabytes of memory."""
    monkeypatch.setattr(pickled, "MOST_INSTRUCTIONS", 1_000)

    assert scrub_pickle(b"N" * 999 + b".", REGISTERED)
    with pytest.raises(NoPickle):
        scrub_pickle(b"N" * 1_000 + b".", REGISTERED)
