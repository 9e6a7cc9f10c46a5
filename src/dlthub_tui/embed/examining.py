"""`doctor`: what the host finds on this machine and in a home, in plain values."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `state` is good, off (not active), warning or bad."""

    area: str
    subject: str
    state: str
    detail: str
    advice: str | None


async def examine(home: Path) -> AsyncIterator[Finding]:
    """The machine, then the home. Changes nothing."""
    from planes.host.building import is_strict, uid_range
    from planes.host.doctor import examine_installation, examine_machine
    from planes.host.run_limits import run_limits

    region = home / "data" / "us1"
    limits = run_limits(os.environ, region.name)
    first_uid = uid_range(region.name)[0]
    strict = is_strict(os.environ, region.name)
    machine = await to_thread.run_sync(
        lambda: list(examine_machine(first_uid, region / "tools", limits, is_strict=strict))
    )
    for found in machine:
        yield _plain(found.area, found.subject, found.state, found.detail, found.advice)
    async for found in examine_installation(home, os.environ):
        yield _plain(found.area, found.subject, found.state, found.detail, found.advice)


def _plain(area: str, subject: str, state: str, detail: str, advice: str | None) -> Finding:
    return Finding(area=area, subject=subject, state=str(state), detail=detail, advice=advice)
