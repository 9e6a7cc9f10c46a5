"""What regions run and hold, in numbers, on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.client.installation import PlaneHealth, Status
from dlthub_tui.client.region_numbers import KINDS, Numbers, Region
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (
    Column("Region", takes_rest=True, least=6),
    Column("Runners", is_number=True, least=7),
    Column("Warm", is_number=True, least=10),
    Column("Environments", is_number=True, least=12),
    Column("Last used", is_number=True, least=10, drops=2),
    Column("Disk", is_number=True, least=12),
    Column("Poll", is_number=True, least=9, drops=1),
)
OLD = "This control plane's version tells nothing of regions. Upgrade it."
NONE = "No region has joined. On its machine: dlthub-tui serve data --help"
TELLS_NONE = "no numbers yet: it tells them with a poll, from this version on"
LITTLE_ROOM_BYTES = 5_000_000_000


def region_section(status: Status, planes: Sequence[PlaneHealth], look: Look) -> Section:
    """What each region runs and holds."""
    if status.regions is None:
        return Section(COLUMNS, (), "Regions", empty=(OLD,), shows_titles=False)
    known = {plane.id: plane for plane in planes}
    regions = sorted(status.regions, key=lambda region: region.id)
    rows = tuple(_row(region, known.get(region.id), look) for region in regions)
    return Section(COLUMNS, rows, "Regions", empty=(NONE,), shows_titles=bool(rows))


def region_details(region: Region, is_reachable: bool, look: Look, width: int) -> list[Line]:
    """The strip of a region: its version, and what takes its room."""
    numbers = region.numbers
    polled = words.moment(region.polled_at, look, "never")
    state = f"polled {polled}" if is_reachable else f"silent: as of {polled}"
    lines = [rule(guard(region.id), state, width, look)]
    if numbers is None:
        lines.append(line(muted("   It tells how it is with its next poll. If it does not, its version is older")))
        lines.append(line(muted("   than this: upgrade it. On its machine: dlthub-tui doctor")))
        return lines
    started = words.moment(numbers.started_at, look)
    lines.append(_fact("Version", f"{guard(numbers.version)}, started {started}"))
    warm = f"{words.plural(numbers.warm, 'interpreter')} ready, {words.size(numbers.warm_bytes)} of memory"
    warm = warm if numbers.warm else "no interpreter stands by"
    lines.append(_fact("Runners", f"{words.count(numbers.runners)} of {words.plural(numbers.slots, 'slot')}   {warm}"))
    lines.append(_fact("Disk", _disk(numbers)))
    if numbers.measured_at is None:
        lines.append(_fact("Used by", "its folders are being measured"))
        return lines
    used_at = numbers.environments_used_at
    used = f"an environment was last used {words.moment(used_at, look)}" if used_at else "no environment was used yet"
    lines.append(_fact("Used by", _room(numbers, KINDS[:3])))
    lines.append(_fact("", _room(numbers, KINDS[3:])))
    measured = words.moment(numbers.measured_at, look)
    lines.append(_fact("Measured", f"{measured}   {used}"))
    return lines


def seen_of(plane: PlaneHealth, seen: str) -> Span:
    """When it was heard of; of one that answers and takes no run, that."""
    if not plane.is_reachable:
        return Span(seen, Role.WARN)
    return Span("drained", Role.WARN) if plane.drained_at is not None else muted(seen)


def _row(region: Region, plane: PlaneHealth | None, look: Look) -> Row:
    is_reachable = plane is not None and plane.is_reachable
    glyph = Span(look.glyphs.up, Role.OK) if is_reachable else Span(look.glyphs.silent, Role.WARN)
    key, name = f"region/{region.id}", Span(guard(region.id), look.hue(region.id))
    numbers = region.numbers
    if numbers is None:
        return Row(key, glyph, (line(name, muted(f"    {TELLS_NONE}")),), region.id)
    polled = words.moment(region.polled_at, look, "never")
    warm = f"{numbers.warm}, {words.size(numbers.warm_bytes)}" if numbers.warm else "-"
    poll = seen_of(plane, polled) if plane is not None else Span(polled, Role.WARN)
    cells = (
        line(name),
        line(f"{words.count(numbers.runners)} of {words.count(numbers.slots)}"),
        line(warm),
        line(_environments(numbers)),
        line(muted(words.moment(numbers.environments_used_at, look))),
        line(_free(numbers)),
        line(poll),
    )
    return Row(key, glyph, cells, region.id)


def _environments(numbers: Numbers) -> str:
    if numbers.environments is None:
        return "-"
    size = numbers.sizes.get("environments")
    return f"{words.count(numbers.environments)}, {words.size(size)}" if size else words.count(numbers.environments)


def _free(numbers: Numbers) -> Span:
    if numbers.disk_free_bytes is None:
        return muted("-")
    said = f"{words.size(numbers.disk_free_bytes)} free"
    return Span(said, Role.WARN) if numbers.disk_free_bytes < LITTLE_ROOM_BYTES else Span(said)


def _disk(numbers: Numbers) -> str:
    if numbers.disk_free_bytes is None or numbers.disk_total_bytes is None:
        return "not looked at yet"
    free = f"{words.size(numbers.disk_free_bytes)} free of {words.size(numbers.disk_total_bytes)}"
    return f"{free}. Little room: runs fail when none is left" if numbers.disk_free_bytes < LITTLE_ROOM_BYTES else free


def _room(numbers: Numbers, kinds: Sequence[str]) -> str:
    told = [(kind, numbers.sizes[kind]) for kind in kinds if kind in numbers.sizes]
    return "   ".join(f"{kind} {words.size(size)}" for kind, size in told)


def _fact(name: str, said: str) -> Line:
    return line("   ", muted(f"{name:<13}"), said)
