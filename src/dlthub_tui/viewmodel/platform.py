"""The planes of an installation on the screen."""

from __future__ import annotations

from dlthub_tui.client.installation import Health, PlaneHealth
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, cut_middle, guard, line, muted

COLUMNS = (
    Column("Plane", least=10),
    Column("Place", takes_rest=True, least=12),
    Column("Address", least=22, drops=1),
    Column("Seen", is_number=True, least=9),
    Column("Key", least=9, drops=2),
)
CONTROL = "control"


def answer_of(health: Health, look: Look) -> Line:
    """Which version runs, and whether every plane answers."""
    silent = [guard(plane.id) for plane in health.planes if not plane.is_reachable]
    said = Span(f"version {guard(health.version)}   ") if health.version else Span("")
    if silent:
        return (said, Span(f"{look.glyphs.silent} {', '.join(silent)} silent", Role.WARN))
    return (said, muted(f"control and {words.plural(len(health.planes), 'region')} answer"))


def control_row(origin: str, look: Look) -> Row:
    """The control plane: it answered."""
    glyph = Span(look.glyphs.up, Role.OK)
    cells = (line(CONTROL), line(muted("who may act")), line(muted(guard(origin))), line("now"), line(muted("-")))
    return Row(CONTROL, glyph, cells, "control")


def plane_row(plane: PlaneHealth, look: Look) -> Row:
    """One region."""
    glyph = Span(look.glyphs.up, Role.OK) if plane.is_reachable else Span(look.glyphs.silent, Role.WARN)
    seen = words.moment(plane.last_seen_at, look, "never")
    key = cut_middle(plane.fingerprint, 9, look.glyphs.cut) if plane.fingerprint else "-"
    cells = (
        line(Span(guard(plane.id), look.hue(plane.id))),
        line(guard(plane.place)),
        line(muted(guard(plane.url or "-"))),
        line(muted(seen) if plane.is_reachable else Span(seen, Role.WARN)),
        line(muted(key)),
    )
    return Row(plane.id, glyph, cells, f"{plane.id} {plane.place}")


def scheduler_line(health: Health) -> str:
    """How late the scheduler is."""
    if health.late_seconds is None:
        return "Nothing was due yet."
    worst = words.duration(health.worst_late_seconds or health.late_seconds)
    return f"{words.duration(health.late_seconds)} late the last time, {worst} at worst in 24 hours."


def plane_details(plane: PlaneHealth, six_words: str | None, look: Look, width: int) -> list[Line]:
    """The strip below the list: how the region is recognised."""
    state = "answers" if plane.is_reachable else f"silent since {words.moment(plane.last_seen_at, look, 'it enrolled')}"
    lines = [rule(f"{guard(plane.id)}, {guard(plane.place)}", state, width, look)]
    if six_words:
        lines.append(line("   ", muted("Known as     "), Span(six_words, Role.TITLE)))
    else:
        lines.append(line(muted("   Not met yet: its key is kept when something there is first asked for.")))
    lines.append(line("   ", muted("Fingerprint  "), guard(plane.fingerprint or "-")))
    lines.append(line("   ", muted("Enrolled     "), words.moment(plane.enrolled_at, look)))
    if not plane.is_reachable:
        lines.append(line(Span("   Its runs go on. On its machine: dlthub-tui doctor", Role.WARN)))
    return lines


def control_details(health: Health, origin: str, home: str, look: Look, width: int) -> list[Line]:
    """The strip of the control plane."""
    return [
        rule("control", f"version {guard(health.version)}", width, look),
        line("   ", muted("Address      "), guard(origin)),
        line("   ", muted("Scheduler    "), scheduler_line(health)),
        line("   ", muted("This home    "), guard(home)),
    ]
