"""The planes of an installation on the screen."""

from __future__ import annotations

from datetime import datetime

from dlthub_tui.client.installation import Health, HeldRun, PlaneHealth, Status
from dlthub_tui.client.region_numbers import Numbers, RunUse
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.installation.regions import seen_of
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (
    Column("Plane", least=10),
    Column("Place", takes_rest=True, least=12),
    Column("Address", least=22, drops=1),
    Column("Seen", is_number=True, least=9),
    Column("Key", is_number=True, least=10, drops=2),
)
LEASE_COLUMNS = (
    Column("Run", takes_rest=True, least=20, is_name=True),
    Column("Workspace", least=10, drops=1, is_name=True),
    Column("Region", least=6),
    Column("Lease", is_number=True, least=10),
    Column("Fence", is_number=True, drops=4),
    Column("Runner", is_number=True, drops=3),
    Column("CPU", is_number=True, least=5, drops=2),
    Column("Memory", is_number=True, least=8),
)
CONTROL = "control"
NOT_TOLD = "Leases are for who administers this platform. In a shell as that user: dlthub-tui."


def answer_of(health: Health, look: Look) -> Line:
    """Which version runs, and whether every plane answers."""
    silent = [guard(plane.id) for plane in health.planes if not plane.is_reachable]
    drained = [guard(plane.id) for plane in health.planes if plane.drained_at is not None]
    said = line(f"version {guard(health.version)}   " if health.version else "")
    if drained:
        said = (*said, look.state("paused"), Span(f" {', '.join(drained)} drained   ", Role.WARN))
    if silent:
        return (*said, Span(f"{look.glyphs.silent} {', '.join(silent)} silent", Role.WARN))
    return (*said, muted(f"control and {words.plural(len(health.planes), 'region')} answer"))


def control_row(origin: str, key_at: datetime | None, look: Look, silent_seconds: float | None = None) -> Row:
    """The control plane: it answered, or is silent for so long. `key_at`: its key signs tokens since."""
    glyph = Span(look.glyphs.up, Role.OK) if silent_seconds is None else Span(look.glyphs.silent, Role.WARN)
    cells = (
        line(CONTROL),
        line(muted("who may act")),
        line(muted(guard(origin))),
        line("now" if silent_seconds is None else Span(f"{words.rough(silent_seconds)} ago", Role.WARN)),
        line(_age(key_at, look)),
    )
    return Row(CONTROL, glyph, cells, "control")


def plane_row(plane: PlaneHealth, key_at: datetime | None, look: Look) -> Row:
    """One region. `key_at`: its master key was written then."""
    glyph = Span(look.glyphs.up, Role.OK) if plane.is_reachable else Span(look.glyphs.silent, Role.WARN)
    seen = words.moment(plane.last_seen_at, look, "never")
    cells = (
        line(Span(guard(plane.id), look.hue(plane.id))),
        line(guard(plane.place)),
        line(muted(guard(plane.url or "-"))),
        line(seen_of(plane, seen)),
        line(_age(key_at, look)),
    )
    return Row(plane.id, glyph, cells, f"{plane.id} {plane.place}")


def _age(key_at: datetime | None, look: Look) -> Span:
    return muted(words.moment(key_at, look, "?"))


def drain_lines(plane: PlaneHealth, running: int | None) -> tuple[str, ...]:
    """What draining does, before it is done."""
    goes_on = "Runs that it has go on to their ends."
    if running is not None:
        goes_on = f"{words.plural(running, 'run')} there {'goes' if running == 1 else 'go'} on to the end."
    return (
        f"{guard(plane.id)} is given no new run. {goes_on}",
        "What is due meanwhile waits, and starts when it is resumed: {item.end} again.",
    )


def clean_lines(plane: PlaneHealth, numbers: Numbers | None) -> tuple[Line, ...]:
    """What cleaning does, before it is done."""
    held = "Environments and builders' caches"
    if numbers is not None and numbers.environments is not None:
        sizes = sum(numbers.sizes.get(kind, 0) for kind in ("environments", "caches"))
        held = f"Of {words.plural(numbers.environments, 'environment')} and the caches, {words.size(sizes)}, those"
    return (
        line(f"   {held} go that no run uses and"),
        line("   that the newest code of their workspace does not need. Runs are not touched."),
        line(muted(f"   A job that wants one again waits while {guard(plane.id)} builds it.")),
    )


def scheduler_line(health: Health) -> str:
    """How late the scheduler is."""
    if health.late_seconds is None:
        return "Nothing was due yet."
    worst = words.duration(health.worst_late_seconds or health.late_seconds)
    return f"{words.duration(health.late_seconds)} late the last time, {worst} at worst in 24 hours."


def lease_section(status: Status | None, look: Look) -> Section:
    """The runs that regions hold, and how many wait for one."""
    if status is None:
        return Section(LEASE_COLUMNS, (), "Leases", empty=(NOT_TOLD,), shows_titles=False)
    right = f"{words.plural(status.held_count, 'run')} held, {words.count(status.pending_count)} waiting"
    rows = tuple(_lease_row(run, status.find_use(run), look) for run in status.held)
    if len(rows) < status.held_count:
        right = f"{len(rows)} shown of {right}"
    return Section(LEASE_COLUMNS, rows, "Leases", right, empty=("No region holds a run.",), shows_titles=bool(rows))


def name_of(run: HeldRun) -> str:
    """`ingest.load_orders 1041`."""
    return f"{guard(words.short_ref(run.job_ref))} {run.number}"


def _lease_row(run: HeldRun, use: RunUse | None, look: Look) -> Row:
    name = name_of(run)
    if run.left_seconds is None:
        lease = line(Span("region silent", Role.WARN))
    else:
        lease = line(muted(f"{words.duration(run.left_seconds)} left"))
    cells = (
        line(name), line(guard(run.workspace_name)), line(Span(guard(run.plane_id), look.hue(run.plane_id))), lease,
        line(muted(words.count(run.fence))), line(muted(str(use.pid) if use is not None else "-")),
        line(_processor(use)), line(words.size(use.memory_bytes) if use is not None else muted("-")),
    )  # fmt: skip
    return Row(f"run/{run.run_id}", look.state(run.status), cells, f"{name} {run.workspace_name} {run.plane_id}")


def _processor(use: RunUse | None) -> Span:
    if use is None or use.processor_percent is None:
        return muted("-")
    return Span(f"{use.processor_percent} %")


def lease_details(run: HeldRun, use: RunUse | None, look: Look, width: int) -> list[Line]:
    """The strip of a run that a region holds."""
    plane = guard(run.plane_id)
    if run.left_seconds is None:
        said = f"{plane} is silent. The run goes on there, and is reported when it answers."
    else:
        said = f"{plane} renews its lease, which would end in {words.duration(run.left_seconds)}."
    return [
        rule(name_of(run), run.status, width, look),
        line("   ", muted("Workspace    "), guard(run.workspace_name)),
        line("   ", muted("Lease        "), said),
        line("   ", muted("Fence        "), f"{words.count(run.fence)}: reports with an older one are refused"),
        line("   ", muted("Runner       "), _taken(use)),
    ]


def _taken(use: RunUse | None) -> str:
    if use is None:
        return "its region has not told yet what it takes"
    processor = "" if use.processor_percent is None else f", {use.processor_percent} % of a core"
    return f"process {use.pid} and those below it: {words.size(use.memory_bytes)}{processor}"


def due_line(status: Status, look: Look) -> str:
    """What fires next, and how much within an hour."""
    if status.next_due_at is None:
        return "No schedule is to come."
    return f"Next {words.coming(status.next_due_at, look)}, {words.count(status.due_count)} due within an hour."


def plane_details(
    plane: PlaneHealth, six_words: str | None, key_at: datetime | None, look: Look, width: int
) -> list[Line]:
    """The strip below the list: how the region is recognised."""
    state = "answers" if plane.is_reachable else f"silent since {words.moment(plane.last_seen_at, look, 'it enrolled')}"
    if plane.drained_at is not None:
        state = f"drained {words.moment(plane.drained_at, look)}, {state}"
    lines = [rule(f"{guard(plane.id)}, {guard(plane.place)}", state, width, look)]
    if six_words:
        lines.append(line("   ", muted("Known as     "), Span(six_words, Role.TITLE)))
    else:
        lines.append(line(muted("   Not met yet: its key is kept when something there is first asked for.")))
    lines.append(line("   ", muted("Fingerprint  "), guard(plane.fingerprint or "-")))
    key = f"   master key written {words.moment(key_at, look)}" if key_at is not None else ""
    lines.append(line("   ", muted("Enrolled     "), f"{words.moment(plane.enrolled_at, look)}{key}"))
    if plane.drained_at is not None:
        lines.append(line(Span(name_keys("   It is given no new run. {item.end} resumes it.", look), Role.WARN)))
    if not plane.is_reachable:
        lines.append(line(Span("   Its runs go on. On its machine: dlthub-tui doctor", Role.WARN)))
    return lines


def control_details(
    health: Health, status: Status | None, origin: str, home: str, look: Look, width: int
) -> list[Line]:
    """The strip of the control plane."""
    key_at = status.signing_key_at if status is not None else None
    signs = f"   its key signs since {words.moment(key_at, look)}" if key_at is not None else ""
    lines = [
        rule("control", f"version {guard(health.version)}", width, look),
        line("   ", muted("Address      "), f"{guard(origin)}{signs}"),
        line("   ", muted("Scheduler    "), scheduler_line(health)),
    ]
    if status is not None:
        answers = words.duration(status.answer_seconds)
        database = f"{guard(status.database)}, {words.size(status.database_bytes)}, answers in {answers}"
        disk = f"{words.size(status.disk_free_bytes)} free of {words.size(status.disk_total_bytes)}"
        lines.append(line("   ", muted("             "), due_line(status, look)))
        lines.append(line("   ", muted("Database     "), database))
        lines.append(line("   ", muted("Disk         "), f"{disk}   ", words.plural(status.sessions, "session")))
    lines.append(line("   ", muted("This home    "), guard(home)))
    return lines
