"""Home on the screen: what needs you, workspaces by organization, planes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dlthub_tui.client.installation import PlaneHealth
from dlthub_tui.client.models import Membership, Run
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.frame import PlaneState
from dlthub_tui.viewmodel.installation import home_planes
from dlthub_tui.viewmodel.installation.home_state import HomeState, WorkspaceState
from dlthub_tui.viewmodel.installation.needs import COLUMNS as NEEDS_COLUMNS
from dlthub_tui.viewmodel.installation.needs import needs
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.keys.roles import OWNER
from dlthub_tui.viewmodel.look import HELD_STATES, TERMINAL_STATES, Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Role, Span, accent, guard, line, muted

WORKSPACE_COLUMNS = (
    Column("", takes_rest=True, least=24, is_name=True),
    Column("Jobs", drops=1, is_number=True, least=5),
    Column("Running", is_number=True),
    Column("Failed", drops=2, is_number=True),
    Column("Last", is_number=True, least=12),
    Column("Next", drops=3, is_number=True, least=10),
    Column("Members", drops=4, is_number=True),
    Column("Deployed", drops=5, is_number=True, least=11),
    Column("Rows today", drops=6, is_number=True),
)
# From here on what the last columns show is asked for.
WIDE = 100
MOST_NEEDS = 5


def plane_states(planes: Sequence[PlaneHealth], look: Look) -> tuple[PlaneState, ...]:
    """For the header: the control plane that answered, and the regions as it sees them."""
    found = [PlaneState("control", "up")]
    for plane in sorted(planes, key=lambda plane: plane.id):
        since = _since(plane, look.now())
        state = "up" if plane.is_reachable else "silent"
        shown = "" if plane.is_reachable else since
        found.append(PlaneState(plane.id, state, shown, plane.last_seen_at, plane.url or ""))
    return tuple(found)


def _since(plane: PlaneHealth, now: datetime) -> str:
    return words.silence((now - plane.last_seen_at).total_seconds()) if plane.last_seen_at else ""


def _runs_of(state: WorkspaceState) -> list[Run]:
    return [job.latest_run for job in state.jobs or () if job.latest_run is not None]


def answer_of(state: HomeState, look: Look) -> Line:
    """What is running, failed and next, in words."""
    statuses = [job.latest_run.status for job in state.jobs if job.latest_run is not None]
    parts: list[Span] = []
    for name, states in (("running", HELD_STATES), ("pending", {"pending"})):
        number = sum(status in states for status in statuses)
        if number:
            parts.extend((look.state(name), Span(f" {number} {name}   ")))
    failed = sum(item.failed_count for item in state.workspaces)
    if failed:
        parts.extend((look.state("failed"), Span(f" {words.total(failed)} failed in 24 hours   ")))
    completed = sum(item.completed_count for item in state.workspaces)
    if completed:
        parts.extend((look.state("completed"), Span(f" {words.total(completed)}   ")))
    upcoming = [job.next_scheduled_run_at for job in state.jobs if job.next_scheduled_run_at and not job.is_paused]
    if upcoming:
        parts.append(Span(f"next {words.coming(min(upcoming), look)}   "))
    live = [item for item in state.workspaces if item.workspace.archived_at is None]
    if any(item.jobs is None for item in live):
        return tuple(parts)  # who has not answered may run, or need, anything
    needs_nobody = not needs(state, look) and all(item.leaks is not None for item in live)
    if not parts:
        parts.append(Span("Nothing runs, " if needs_nobody else "Nothing runs"))
    if needs_nobody:
        parts.append(muted("nothing needs you"))
    return tuple(parts)


def sections(state: HomeState, look: Look, *, names_organizations: bool = False) -> list[Section]:
    """The panes of home. Each workspace names its organization where that may not stand above it."""
    waiting = needs(state, look)
    found: list[Section] = []
    if waiting:
        shown, rest = tuple(waiting[:MOST_NEEDS]), len(waiting) - MOST_NEEDS
        more = (line(muted(f"    and {rest} older")),) if rest > 0 else ()
        found.append(Section(NEEDS_COLUMNS, shown, "Needs you", str(len(waiting)), shows_titles=False, below=more))
    found.append(_workspaces(state, look, names_organizations=names_organizations))
    if state.planes:
        found.append(home_planes.section(state, look))
    return found


def _workspaces(state: HomeState, look: Look, *, names_organizations: bool) -> Section:
    rows: list[Row] = []
    for membership in sorted(state.memberships, key=lambda item: item.organization.name):
        organization = membership.organization
        mine = [item for item in state.workspaces if item.workspace.organization_id == organization.id]
        rows.append(_organization_row(membership, look, is_empty=not mine))
        open_ones = [item for item in mine if item.workspace.archived_at is None]
        beside = f"  {guard(organization.name)}" if names_organizations else ""
        rows.extend(_workspace_row(item, look, beside) for item in _in_order(open_ones, state))
    rows.extend(_archived_rows(state, look))
    empty = ("No organization yet. {item.add} creates one and chooses its region.",)
    return Section(WORKSPACE_COLUMNS, tuple(rows), "Workspaces", empty=empty)


def _archived_rows(state: HomeState, look: Look) -> list[Row]:
    """How many are archived, and which, when asked for."""
    archived = [item.workspace for item in state.workspaces if item.workspace.archived_at is not None]
    if not archived:
        return []
    names = {item.organization.id: item.organization.name for item in state.memberships}
    said = f"{look.state('archived').text} {words.plural(len(archived), 'archived workspace')}"
    rows = [Row("archived", Span(" "), (line(muted(said)),), "archived")]
    if state.shows_archived:
        for workspace in sorted(archived, key=lambda item: item.name):
            where = guard(names.get(workspace.organization_id, ""))
            about = f"  {where}, archived {words.moment(workspace.archived_at, look)}"
            cells = (line(f"  {guard(workspace.name)}", muted(about)),)
            rows.append(Row(f"workspace/{workspace.id}", Span(" "), cells, f"{guard(workspace.name)} archived"))
    return rows


ORDERS = ("name", "runs that go on", "failures", "last run")


def _in_order(found: Sequence[WorkspaceState], state: HomeState) -> list[WorkspaceState]:
    ordered = _sorted(found, state.order)
    return ordered[::-1] if state.is_turned else ordered


def _sorted(found: Sequence[WorkspaceState], order: str) -> list[WorkspaceState]:
    """By one of `ORDERS`; what is alike stays by name."""
    by_name = sorted(found, key=lambda item: item.workspace.name)
    match order:
        case "runs that go on":
            return sorted(by_name, key=lambda item: -sum(run.status not in TERMINAL_STATES for run in _runs_of(item)))
        case "failures":
            return sorted(by_name, key=lambda item: -item.failed_count)
        case "last run":
            return sorted(
                by_name, key=lambda item: -max((run.created_at.timestamp() for run in _runs_of(item)), default=0)
            )
        case _:
            return by_name


def _organization_row(membership: Membership, look: Look, *, is_empty: bool) -> Row:
    """What it lacks before there is a workspace stands there with the key that makes it, for who may."""
    organization, enter = membership.organization, accent(name_keys("{row.open}", look))
    name, lacks = guard(organization.name), line()
    if organization.dataplane_id:
        lock: Line = (Span(f"  {look.glyphs.lock}{organization.dataplane_id}", look.hue(organization.dataplane_id)),)
        if is_empty and membership.role == OWNER:
            makes: Line = () if look.is_read_only else (Span(": ", Role.WARN), enter, Span(" makes one", Role.WARN))
            lacks = (Span("  no workspace yet", Role.WARN), *makes)
    elif look.is_read_only:
        lock = (Span("  no region yet", Role.WARN),)
    else:
        lock = (Span("  no region yet: ", Role.WARN), enter, Span(" chooses it", Role.WARN))
    cells = ((Span(name, Role.TITLE), *lock, *lacks, muted(f"  {membership.role}")),)
    return Row(f"organization/{organization.id}", Span(" "), cells, name)


def _workspace_row(item: WorkspaceState, look: Look, beside: str) -> Row:
    name = guard(item.workspace.name)
    named = line(f"  {name}", muted(beside))
    if item.jobs is None:
        cells = (named, *(line(muted("?")) for _ in WORKSPACE_COLUMNS[1:]))
        return Row(f"workspace/{item.workspace.id}", Span(" "), cells, name)
    jobs = [job for job in item.jobs if not job.is_archived]
    runs = sorted(_runs_of(item), key=lambda run: run.created_at, reverse=True)
    running = sum(run.status in HELD_STATES for run in runs)
    failed = item.failed_count
    upcoming = [job.next_scheduled_run_at for job in jobs if job.next_scheduled_run_at and not job.is_paused]
    last: Line = line("-")
    if runs:
        at = words.moment(runs[0].started_at or runs[0].created_at, look)
        last = (look.state(runs[0].status), Span(f" {at}"))
    cells = (
        named,
        line(str(len(jobs))),
        line(accent(str(running)) if running else muted("-")),
        line(Span(words.total(failed), Role.FAIL) if failed else muted("-")),
        last,
        line(muted(words.coming(min(upcoming), look) if upcoming else "-")),
        line(muted("-" if item.workspace.member_count is None else words.count(item.workspace.member_count))),
        line(muted(words.moment(item.deployed_at, look))),
        line("-" if item.rows_today is None else words.count(item.rows_today)),
    )
    return Row(f"workspace/{item.workspace.id}", Span(" "), cells, name)
