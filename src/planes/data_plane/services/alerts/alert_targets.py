"""Where an alert goes, sealed at rest: addresses, a URL with the token in it, the secret that signs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from planes.data_plane.services.parts import Parts
from planes.storage.vault import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`members` are ids of memberships; who they are is asked when a message is sent. `repr` shows no secret."""

    members: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    url: str | None = field(default=None, repr=False)
    signing_secret: str | None = field(default=None, repr=False)


async def seal_target(parts: Parts, row: Mapping[str, Any], target: Target) -> bytes:
    """For exactly this alert and version."""
    return await parts.vault.seal(_place(row), json.dumps(asdict(target)).encode())


async def open_target(parts: Parts, row: Mapping[str, Any]) -> Target:
    """Raises: CannotOpen."""
    found = json.loads(await parts.vault.open(_place(row), row["sealed"]))
    return Target(
        members=tuple(found["members"]),
        addresses=tuple(found["addresses"]),
        url=found["url"],
        signing_secret=found["signing_secret"],
    )


def _place(row: Mapping[str, Any]) -> Place:
    return Place(
        organization_id=row["organization_id"],
        workspace_id=row["workspace_id"],
        scope="alerts",
        name=row["id"],
        version=row["version"],
    )
