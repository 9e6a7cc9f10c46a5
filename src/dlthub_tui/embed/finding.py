"""Whether a platform runs for a home, and where."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass
from pathlib import Path

_STARTS_SECONDS = 15.0
_LOOKS_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPlatform:
    """Where a running platform is."""

    pid: int
    control_plane: str | None
    data_planes: dict[str, str]
    socket: str | None


def find_platform(home: Path) -> FoundPlatform | None:
    """The platform that runs for this home now; None when there is none, or none that this user may see.

    One that is just starting, or ending, is waited for. Blocking.
    """
    until = time.monotonic() + _STARTS_SECONDS
    try:
        if not home.is_dir():
            return None
        from planes.host.home import Home

        found = Home(home)
        while (record := found.running()) is None and found.is_held() and time.monotonic() < until:
            select.select([], [], [], _LOOKS_EVERY_SECONDS)
    except OSError:
        return None
    if record is None:
        return None
    return FoundPlatform(
        pid=record.pid, control_plane=record.control_plane, data_planes=record.data_planes, socket=record.socket
    )
