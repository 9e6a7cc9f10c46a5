"""`doctor --residency`: what the host searches for it, and the signed report, in plain values."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anyio import to_thread

if TYPE_CHECKING:
    from planes.host.proof import Searched


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """The words planted in one region: `word` is in all that must stay there, `secret` in what no file may hold."""

    region: str
    word: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """`elsewhere` and `secrets` must be empty, `own` must not: it shows that the search finds."""

    region: str
    own: int
    elsewhere: tuple[str, ...]
    secrets: tuple[str, ...]
    unread: tuple[str, ...]
    searched: tuple[Mapping[str, object], ...]


def separation(region: str, host: str, data_planes: Mapping[str, str]) -> str:
    """How far the region is from the control plane: code only, process or host."""
    from planes.host.proof import separation_of

    return separation_of(data_planes, region, host)


def why_not_memory(data_planes: Mapping[str, str]) -> str | None:
    """Why the control plane's memory is not searched; None where it is. `data_planes` share its process."""
    if data_planes:
        return "the control plane's memory: it shares a process with " + ", ".join(sorted(data_planes))
    if sys.platform != "linux" or os.geteuid() != 0:
        return "the control plane's memory: only root on Linux may read it"
    return None


def missing_from(home: Path, region: str) -> list[str]:
    """What of the control plane and a region is not in this home."""
    from planes.host.proof import missing_from

    return missing_from(home, region, os.environ)


async def search_home(home: Path, sought: Sequence[Sought], memory_of: int | None) -> list[Findings]:
    """Looks in every part of the home and, where a process is given, in its memory; once for all regions' words."""
    return await to_thread.run_sync(_search, home, sought, memory_of)


def _search(home: Path, sought: Sequence[Sought], memory_of: int | None) -> list[Findings]:
    from planes.host.proof import places_of, search_folder, search_memory

    words = [word for one in sought for word in (one.word, one.secret)]
    seen: list[tuple[str, str | None, Searched]] = [
        (place.name, place.region, search_folder(place.folder, words, is_deep=place.is_deep))
        for place in places_of(home)
    ]
    if memory_of is not None:
        seen.append(("memory of the control plane", None, search_memory(memory_of, words)))
    return [_findings(one, seen) for one in sought]


def _findings(sought: Sought, seen: Sequence[tuple[str, str | None, Searched]]) -> Findings:
    return Findings(
        region=sought.region,
        own=sum(len(found.hits[sought.word]) for _, region, found in seen if region == sought.region),
        elsewhere=tuple(
            f"{name}: {hit}"
            for name, region, found in seen
            if region != sought.region
            for hit in found.hits[sought.word]
        ),
        secrets=tuple(f"{name}: {hit}" for name, _, found in seen for hit in found.hits[sought.secret]),
        unread=tuple(f"{name}: {problem}" for name, _, found in seen for problem in found.unread),
        searched=tuple({"place": name, "files": found.files, "bytes": found.bytes} for name, _, found in seen),
    )


async def sign_and_keep(home: Path, name: str, report: Mapping[str, object]) -> tuple[Path, Mapping[str, object]]:
    """Signs with the key of every plane of the home; where it is kept, and the document."""
    from planes.host.proof import keep_report, sign_report

    document = await to_thread.run_sync(sign_report, home, report)
    return await to_thread.run_sync(keep_report, home, name, document), document
