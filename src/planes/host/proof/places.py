"""What of an installation lies in one home, and how far apart its planes are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from planes.host.building import blobs_url, database_url
from planes.wire.addresses import is_loopback

CONTROL = "control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`region` is the data plane whose own it is; None for what belongs to no region."""

    name: str
    folder: Path
    region: str | None
    is_deep: bool = True


def places_of(root: Path) -> Iterator[Place]:
    """Every part of a home that is a plane's. What the terminal app keeps there (`client`) is its user's."""
    if (root / CONTROL).is_dir():
        yield Place(name="control plane", folder=root / CONTROL, region=None)
    yield Place(name="home", folder=root, region=None, is_deep=False)
    for path in sorted((root / "data").glob("*")):
        yield Place(name=path.name, folder=path, region=path.name)


def missing_from(root: Path, dataplane_id: str, environment: Mapping[str, str]) -> list[str]:
    """What of the control plane and a region does not lie in this home, so that nobody searched it."""
    missing: list[str] = []
    folder = root / "data" / dataplane_id
    if not folder.is_dir():
        missing.append(f"{dataplane_id} itself: it is not in this home")
    else:
        if _is_elsewhere(dataplane_id, folder, environment):
            missing.append(f"{dataplane_id}'s database: it is elsewhere")
        if blobs_url(dataplane_id, environment) or not any((folder / "blobs").glob("*")):
            missing.append(f"{dataplane_id}'s stored archives: they are elsewhere")
    if _is_elsewhere(CONTROL, root / CONTROL, environment):
        missing.append("the control plane's database: it is elsewhere")
    return missing


def _is_elsewhere(part: str, folder: Path, environment: Mapping[str, str]) -> bool:
    """A database that was moved to a server may have left its file: the environment says so, where it is given."""
    scheme, _, path = database_url(part, folder, environment).partition(":///")
    return not scheme.startswith("sqlite") or not Path(path).is_relative_to(folder) or not os.path.exists(path)


def separation_of(data_planes: Mapping[str, str], dataplane_id: str, host: str) -> str:
    """How a region is kept from the control plane: `code only`, `process` or `host` (Security: 13).

    `data_planes` are those that the control plane's own process runs, `host` the name in the region's address.
    """
    if dataplane_id in data_planes:
        return "code only"
    return "process" if is_loopback(host) else "host"
