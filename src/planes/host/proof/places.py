"""What of an installation lies in one home, and how far apart its planes are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

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


def separation_of(data_planes: Mapping[str, str], dataplane_id: str, host: str) -> str:
    """How a region is kept from the control plane: `code only`, `process` or `host` (Security: 13).

    `data_planes` are those that the control plane's own process runs, `host` the name in the region's address.
    """
    if dataplane_id in data_planes:
        return "code only"
    return "process" if is_loopback(host) else "host"
