"""`admin data-plane rotate-key`: what the host does for it, in plain values."""

from __future__ import annotations

import os
from pathlib import Path


class CannotRotate(Exception):
    """The key stays as it is; the message says why."""


async def rotate(home: Path, dataplane_id: str) -> int:
    """How many organizations' data keys were wrapped with a new master key.

    Raises: CannotRotate.
    """
    from planes.host import master_keys

    try:
        return await master_keys.rotate(home, dataplane_id, os.environ)
    except master_keys.CannotRotate as exc:
        raise CannotRotate(str(exc)) from exc
