"""What regions tell of themselves with their polls: kept in memory, forgotten with this process (docs/adr/0010)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planes.domain.identifiers import DataPlaneId
from planes.domain.region_processes import RegionProcess
from planes.wire.link import RegionNumbers


@dataclass(frozen=True, slots=True)
class Heard:
    """The latest poll. `numbers` and `process` are None of a region of a version that tells none."""

    at: datetime
    url: str
    numbers: RegionNumbers | None
    process: RegionProcess | None


class Regions:
    """The latest of each data plane: as many as there are keys of planes, since every poll is signed."""

    def __init__(self) -> None:
        self._heard: dict[str, Heard] = {}
        self._refused: dict[str, datetime] = {}

    def hear(self, dataplane_id: DataPlaneId, heard: Heard) -> None:
        """A poll has come, of the process that is the region."""
        self._heard[dataplane_id] = heard

    def refuse(self, dataplane_id: DataPlaneId, at: datetime) -> None:
        """A poll was refused, of a process that is not the region."""
        self._refused[dataplane_id] = at

    def find_newer(self, dataplane_id: DataPlaneId, process: RegionProcess | None) -> Heard | None:
        """The latest poll, if it was a newer process's."""
        heard = self._heard.get(dataplane_id)
        if process is None or heard is None or heard.process is None or heard.process <= process:
            return None
        return heard

    def refused_at(self, dataplane_id: str) -> datetime | None:
        """When a poll was refused last; None where none was, by this control plane."""
        return self._refused.get(dataplane_id)

    def find(self, dataplane_id: str) -> Heard | None:
        """None: it has not polled this process yet."""
        return self._heard.get(dataplane_id)
