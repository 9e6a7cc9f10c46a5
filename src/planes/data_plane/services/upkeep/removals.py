"""One thing that housekeeping removes, and what it needs of a region to do so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from anyio import to_thread

from planes.data_plane.executor import disposal
from planes.data_plane.services.audit import AuditParts
from planes.domain.retention import Why


class KeptParts(AuditParts, Protocol):
    """What housekeeping needs of a region."""

    @property
    def folder(self) -> Path:
        """The region's own."""
        ...


class Kind(StrEnum):
    """What is removed."""

    LOG = "logs"
    ENVIRONMENT = "environments"
    CACHE = "caches"
    CODE = "unpacked_code"
    LEFTOVER = "leftovers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """`carry_out` looks once more whether it may go and removes it; False when it is needed by now.

    Raises there: OSError.
    """

    kind: Kind
    name: str
    size_bytes: int
    why: Why
    carry_out: Callable[[], Awaitable[bool]]


def left_over(path: Path, remove: Callable[[Path], None] = disposal.remove) -> Removal:
    """What nobody can use or make use of any more. Blocking."""

    async def carry_out() -> bool:
        await to_thread.run_sync(remove, path)
        return True

    return left_over_if(path, carry_out)


def left_over_if(path: Path, carry_out: Callable[[], Awaitable[bool]]) -> Removal:
    """The same, where a look is needed first. Blocking."""
    name, size_bytes = "/".join(path.parts[-3:]), disposal.size_of(path)
    return Removal(kind=Kind.LEFTOVER, name=name, size_bytes=size_bytes, why=Why.LEFT_OVER, carry_out=carry_out)
