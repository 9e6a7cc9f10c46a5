"""`admin data-plane rotate-identity`: what the host does for it, in plain values."""

from __future__ import annotations

from pathlib import Path


class CannotRotate(Exception):
    """The key stays as it is; the message says why."""


async def rotate(home: Path, dataplane_id: str) -> tuple[str, str]:
    """Fingerprint and words of the key that the region has from its next start on.

    Raises: CannotRotate.
    """
    from planes.host import identity_keys
    from planes.wire.well_known import fingerprint_of, grouped_fingerprint, six_words

    try:
        fingerprint = fingerprint_of((await identity_keys.rotate(home, dataplane_id)).text)
    except identity_keys.CannotRotate as exc:
        raise CannotRotate(str(exc)) from exc
    return grouped_fingerprint(fingerprint), six_words(fingerprint)
