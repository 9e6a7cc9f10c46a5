"""`doctor --residency`: what the host searches for it, and the signed report, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread


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


async def search_home(home: Path, sought: Sought, memory_of: int | None) -> Findings:
    """Looks in every part of the home and, where a process is given, in its memory."""
    return await to_thread.run_sync(_search, home, sought, memory_of)


def _search(home: Path, sought: Sought, memory_of: int | None) -> Findings:
    from planes.host.proof import places_of, search_folder, search_memory

    own = 0
    elsewhere: list[str] = []
    secrets: list[str] = []
    unread: list[str] = []
    searched: list[Mapping[str, object]] = []
    for place in places_of(home):
        found = search_folder(place.folder, sought.word, is_deep=place.is_deep)
        secret = search_folder(place.folder, sought.secret, is_deep=place.is_deep)
        if place.region == sought.region:
            own += len(found.hits)
        else:
            elsewhere += [f"{place.name}: {hit}" for hit in found.hits]
        secrets += [f"{place.name}: {hit}" for hit in secret.hits]
        unread += [f"{place.name}: {problem}" for problem in found.unread]
        searched.append({"place": place.name, "files": found.files, "bytes": found.bytes})
    if memory_of is not None:
        for word, hits in ((sought.word, elsewhere), (sought.secret, secrets)):
            memory = search_memory(memory_of, word)
            hits += [f"memory of the control plane: {hit}" for hit in memory.hits]
        unread += memory.unread
        searched.append({"place": "memory of the control plane", "files": 0, "bytes": memory.bytes})
    return Findings(
        region=sought.region,
        own=own,
        elsewhere=tuple(elsewhere),
        secrets=tuple(secrets),
        unread=tuple(unread),
        searched=tuple(searched),
    )


async def sign_and_keep(home: Path, name: str, report: Mapping[str, object]) -> tuple[Path, Mapping[str, object]]:
    """Signs with the key of every plane of the home; where it is kept, and the document."""
    from planes.host.proof import keep_report, sign_report

    document = await to_thread.run_sync(sign_report, home, report)
    return await to_thread.run_sync(keep_report, home, name, document), document
