"""What regions tell of themselves with their polls: kept in memory, forgotten with this process (docs/adr/0010)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planes.domain.identifiers import DataPlaneId
from planes.wire.link import RegionNumbers


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest poll. `numbers` is None of a region of a version that tells none."""

    at: datetime
    numbers: RegionNumbers | None


class Regions:
    """The latest of each data plane: as many as there are keys of planes, since every poll is signed."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}

    def hear(self, dataplane_id: DataPlaneId, at: datetime, numbers: RegionNumbers | None) -> None:
        """A poll has come."""
        self._heard[dataplane_id] = Heard(at, numbers)

    def find(self, dataplane_id: str) -> Heard | None:
        """None: it has not polled this process yet."""
        return self._heard.get(dataplane_id)
