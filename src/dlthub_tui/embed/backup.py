"""`admin backup` and `admin restore`: what the host does for them, in plain values."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any


class CannotBackUp(Exception):
    """Nothing more was written or restored; the message says why."""


def back_up(
    home: Path, folder: Path, planes: Sequence[str] | None, recipient: str | None, passphrase: str | None
) -> list[dict[str, Any]]:
    """Each plane's `plane`, `path`, `bytes`, `entries`, `closed` (what could not be read), `has_bucket`.

    Raises: CannotBackUp.
    """
    from planes.host import backup

    to = backup.Recipient(public_key=recipient, passphrase=passphrase)
    try:
        written = backup.back_up(home, folder, planes, to, version("dlthub-tui"), os.environ)
    except backup.CannotBackUp as exc:
        raise CannotBackUp(str(exc)) from exc
    return [
        {
            "plane": each.plane,
            "path": str(each.path),
            "bytes": each.size_bytes,
            "entries": each.entries,
            "closed": list(each.closed),
            "has_bucket": each.has_bucket,
        }
        for each in written
    ]


def restore(
    home: Path,
    folder: Path,
    planes: Sequence[str] | None,
    secret: tuple[str | None, str | None],
    master_keys: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Each plane's `plane`, `backed_up_at`, `entries`, `said_again`; `secret` is private key or passphrase.

    Raises: CannotBackUp.
    """
    from planes.host import backup

    try:
        restored = backup.restore(home, folder, planes, backup.Opener(*secret), master_keys, os.environ)
    except backup.CannotBackUp as exc:
        raise CannotBackUp(str(exc)) from exc
    return [
        {
            "plane": each.plane,
            "backed_up_at": each.backed_up_at,
            "entries": each.entries,
            "said_again": each.said_again,
        }
        for each in restored
    ]
