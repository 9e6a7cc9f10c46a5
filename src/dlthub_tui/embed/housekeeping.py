"""`admin gc`: what the host does for it, in plain values."""

from __future__ import annotations

import os
from pathlib import Path


class CannotTidy(Exception):
    """Nothing more was removed; the message says why."""


async def tidy(home: Path, *, is_dry_run: bool) -> dict[str, dict[str, dict[str, int] | int]]:
    """By region and kind: how many and how many bytes. Raises: CannotTidy."""
    from planes.host import housekeeping

    try:
        return await housekeeping.tidy(home, os.environ, is_dry_run=is_dry_run)
    except housekeeping.CannotTidy as exc:
        raise CannotTidy(str(exc)) from exc


def limits() -> dict[str, int]:
    """How long and how much the settings here keep: days and bytes, 0 for no limit. Raises: CannotTidy."""
    from planes.host import housekeeping

    try:
        return housekeeping.limits(os.environ)
    except housekeeping.CannotTidy as exc:
        raise CannotTidy(str(exc)) from exc
