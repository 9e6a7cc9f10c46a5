"""Recognises a data plane before anything is sent to it (Security: 3).

The key is pinned on first use; from then on an answer must be signed by it, or by one that it leads to: each key in the
place of another is signed by that one. A pin never comes from the control plane.
"""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from dlthub_tui.client.errors import ClocksDiffer, PinMismatch, Refused
from dlthub_tui.client.transport import Transport, origin_of
from planes.wire.key_changes import KeyChange, change_bytes, follow_changes
from planes.wire.well_known import PATH, VALID_SECONDS, Attestation, fingerprint_of, signed_bytes, six_words


@dataclass(frozen=True, slots=True)
class Pin:
    """A data plane's key as it was first seen."""

    dataplane_id: str
    public_key: str
    pinned_at: str

    @property
    def fingerprint(self) -> str:
        """What people compare."""
        return fingerprint_of(self.public_key)

    @property
    def words(self) -> str:
        """Six words of it."""
        return six_words(self.fingerprint)


class PinStore(Protocol):
    """Where pins are kept: with the session."""

    async def find(self, dataplane_id: str) -> Pin | None:
        """The pin of a data plane."""
        ...

    async def put(self, pin: Pin) -> None:
        """Keeps a pin."""
        ...

    async def settled(self, organization_id: str, dataplane_id: str) -> str:
        """The data plane of an organization as it was first seen, which is this one the first time."""
        ...


async def ask_identity(dataplane_id: str, url: str) -> Pin:
    """Asks a data plane who it is and checks its answer by the key it shows; sends no session.

    Raises: PinMismatch when the answer does not hold; ClocksDiffer; NotReachable, TimedOut.
    """
    return (await _ask(dataplane_id, url)).pin


@dataclass(frozen=True, slots=True)
class _Shown:
    """The key that an answer is signed by, and how it came to be the plane's."""

    pin: Pin
    changes: list[KeyChange]


async def _ask(dataplane_id: str, url: str) -> _Shown:
    nonce = secrets.token_urlsafe(24)
    plane = Transport(url)
    try:
        raw: Any = await plane.get(PATH, {"nonce": nonce})
    except Refused as exc:
        raise PinMismatch(dataplane_id, "it does not say who it is") from exc
    finally:
        await plane.aclose()
    return _checked(dataplane_id, url, nonce, raw)


def _checked(dataplane_id: str, url: str, nonce: str, raw: Any) -> _Shown:
    try:
        answer = Attestation.model_validate(raw)
        _verify(answer.public_key, answer.signature, signed_bytes(answer))
    except (ValidationError, ValueError, InvalidSignature) as exc:
        raise PinMismatch(dataplane_id, "its answer is not signed by its key") from exc
    if answer.nonce != nonce:
        raise PinMismatch(dataplane_id, "its answer is an old one")
    if answer.dataplane_id != dataplane_id:
        raise PinMismatch(dataplane_id, f"it says that it is {answer.dataplane_id[:20]}")
    if origin_of(url) not in {origin_of(origin) for origin in answer.origins}:
        raise PinMismatch(dataplane_id, "it does not answer at this address by its own word")
    # It is for the nonce of a moment ago, so that it cannot be old: it only looks so.
    if answer.not_after < (now := datetime.now(UTC)):
        raise ClocksDiffer(dataplane_id, now - answer.not_after + timedelta(seconds=VALID_SECONDS))
    return _Shown(Pin(dataplane_id, answer.public_key, f"{datetime.now(UTC):%Y-%m-%d}"), answer.key_changes)


async def check_home(pins: PinStore, organization_id: str, dataplane_id: str) -> None:
    """An organization's region is chosen once: a control plane that names another later is not believed.

    Raises: PinMismatch.
    """
    known = await pins.settled(organization_id, dataplane_id)
    if known != dataplane_id:
        raise PinMismatch(known, f"the organization's data is now said to live at {dataplane_id[:20]}")


async def recognise(pins: PinStore, dataplane_id: str, url: str) -> Pin:
    """The plane's pin, after its answer was checked against it. The first answer makes the pin.

    A key to which the pinned one leads is pinned in its place. Raises: PinMismatch, ClocksDiffer.
    """
    answer = await _ask(dataplane_id, url)
    shown, known = answer.pin, await pins.find(dataplane_id)
    if known is not None and known.public_key == shown.public_key:
        return known
    if known is not None and not _leads(answer, known):
        can = f"Ask its operator. If its key is new: dlthub-tui trust {dataplane_id}"
        raise PinMismatch(dataplane_id, f"its key is another than on {known.pinned_at}", can)
    await pins.put(shown)
    return shown


def _leads(answer: _Shown, known: Pin) -> bool:
    found = follow_changes(answer.changes, known.dataplane_id, known.public_key, _is_signed)
    return found == answer.pin.public_key


def _is_signed(change: KeyChange) -> bool:
    try:
        _verify(change.old_key, change.signature, change_bytes(change))
    except (ValueError, InvalidSignature):
        return False
    return True


def _verify(key: str, signature: str, message: bytes) -> None:
    """Raises: ValueError, InvalidSignature."""
    Ed25519PublicKey.from_public_bytes(_decoded(key)).verify(_decoded(signature), message)


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
