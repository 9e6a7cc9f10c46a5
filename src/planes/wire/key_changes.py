"""A region's key in place of the one before, which signs it: who knows an earlier key can follow to the present one.

What a change says is in `change_bytes`; a signature is checked by whoever follows, with the library that it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from planes.wire.moments import UtcMoment

MOST_CHANGES = 64
"""As many are kept, said and followed; who knows only an earlier key does not know the region any more."""
_PURPOSE = b"dlthub-tui data plane key change 1\n"

KeyText = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{43}$")]


class StatedChange(BaseModel):
    """What is signed. Keys are in base64url without padding."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    dataplane_id: Annotated[str, StringConstraints(max_length=16)]
    old_key: KeyText
    new_key: KeyText
    at: UtcMoment


class KeyChange(StatedChange):
    """`signature` is `old_key`'s, in base64url without padding."""

    signature: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{86}$")]


KeyChanges = Annotated[list[KeyChange], Field(max_length=MOST_CHANGES)]
"""Oldest first."""


def change_bytes(change: StatedChange) -> bytes:
    """The message: a fixed purpose, then what is stated as JSON with sorted keys, ASCII, without spaces."""
    fields = change.model_dump(mode="json", include=set(StatedChange.model_fields))
    return _PURPOSE + json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def follow_changes(
    changes: Sequence[KeyChange], dataplane_id: str, known: str, is_signed: Callable[[KeyChange], bool]
) -> str | None:
    """The key that a known one leads to, if each change from there on is this plane's and signed by the key before."""
    begins = next((place for place, change in enumerate(changes) if change.old_key == known), None)
    if begins is None:
        return None
    key = known
    for change in changes[begins:]:
        if change.old_key != key or change.dataplane_id != dataplane_id or not is_signed(change):
            return None
        key = change.new_key
    return key
