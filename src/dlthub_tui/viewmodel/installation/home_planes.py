"""The planes on home: since when they are up, what they do, how full their disks are."""

from __future__ import annotations

from datetime import datetime

from dlthub_tui.client.installation import PlaneHealth
from dlthub_tui.client.region_numbers import Numbers
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.installation.home_state import HomeState
from dlthub_tui.viewmodel.installation.regions import LITTLE_ROOM_BYTES, seen_of
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (
    Column("", least=10),
    Column("", least=10),
    Column("", takes_rest=True, least=20),
    Column("", drops=2, least=20),
    Column("", least=15),
    Column("", drops=1, is_number=True, least=9),
)

_DOUBLED = Span("two processes", Role.WARN)


def section(state: HomeState, look: Look) -> Section:
    """The control plane, then the regions. Numbers are told to who administers the platform."""
    planes = sorted(state.planes, key=lambda plane: plane.id)
    rows = (_control_row(state, look), *(_plane_row(plane, state, look) for plane in planes))
    return Section(COLUMNS, rows, "Planes", shows_titles=False)


def _control_row(state: HomeState, look: Look) -> Row:
    """How late its scheduler was is known where something was due."""
    status = state.status
    if state.is_control_silent:
        glyph, said = Span(look.glyphs.silent, Role.WARN), line(Span("silent", Role.WARN))
        cells = (line("control"), line(), line(), line(), said, line())
        return Row("plane/control", glyph, cells, "control")
    late = "who may act, and when"
    if state.late_seconds is not None:
        late = f"scheduler {words.duration(state.late_seconds)} late"
    cells = (
        line("control"),
        line(muted(_up(status.started_at if status else None, look))),
        line(muted(late)),
        line(),
        line(muted(words.plural(status.sessions, "session") if status else "")),
        line(_disk(status.disk_total_bytes, status.disk_free_bytes) if status else ""),
    )
    return Row("plane/control", Span(look.glyphs.up, Role.OK), cells, "control")


def _plane_row(plane: PlaneHealth, state: HomeState, look: Look) -> Row:
    """What a silent region does is not known."""
    regions = (state.status.regions or ()) if state.status is not None else ()
    region = next((region for region in regions if region.id == plane.id), None)
    numbers = region.numbers if region is not None else None
    place = guard(plane.place)
    name = line(Span(plane.id, look.hue(plane.id)))
    address = line(muted(f"{place}  {guard(plane.url or '')}"))
    if not plane.is_reachable:
        seen = words.moment(plane.last_seen_at, look, "never")
        unknown = muted("? running   ? warm" if numbers is not None else "")
        cells = (name, line(), line(unknown), address, line(Span(f"silent, last seen {seen}", Role.WARN)), line())
        return Row(f"plane/{plane.id}", Span(look.glyphs.silent, Role.WARN), cells, f"{plane.id} {place}")
    cells = (
        name,
        line(muted(_up(numbers.started_at if numbers else None, look))),
        _work(numbers) if numbers is not None else line(muted(place)),
        address,
        line(_DOUBLED if region is not None and region.is_doubled else seen_of(plane, "lease poll open")),
        line(_disk(numbers.disk_total_bytes, numbers.disk_free_bytes) if numbers else ""),
    )
    return Row(f"plane/{plane.id}", Span(look.glyphs.up, Role.OK), cells, f"{plane.id} {place}")


def _work(numbers: Numbers) -> Line:
    """Runs that go on, and interpreters that stand by."""
    running = f"{words.count(numbers.runners)} running"
    role = Role.ACCENT if numbers.runners else Role.MUTED
    return line(Span(f"{running:<12}", role), muted(f"{words.count(numbers.warm)} warm"))


def _up(since: datetime | None, look: Look) -> str:
    return "" if since is None else f"up {words.rough((look.now() - since).total_seconds())}"


def _disk(total: int | None, free: int | None) -> Span:
    """How full it is; little room stands out."""
    if not total or free is None:
        return muted("")
    said = f"disk {round(100 * (total - free) / total)} %"
    return Span(said, Role.WARN) if free < LITTLE_ROOM_BYTES else muted(said)
