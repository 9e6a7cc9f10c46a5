"""What needs somebody: jobs whose last run failed, secrets that runs printed, sign-ins that wait."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from dlthub_tui.client.leaks import Leak
from dlthub_tui.client.models import Run, Workspace
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.installation.home_state import HomeState, WorkspaceState
from dlthub_tui.viewmodel.look import TERMINAL_STATES, Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import Role, Span, guard, line, muted, text_of
from dlthub_tui.viewmodel.work.runs import name_of

COLUMNS = (
    Column("", least=12, is_name=True),
    Column("", takes_rest=True, least=20, is_name=True),
    Column("", is_number=True),
)

Dated = tuple[datetime, Row]
_SIGN_INS = "sign-in/"


def needs(state: HomeState, look: Look) -> list[Row]:
    """The newest first, without what was set aside."""
    found: list[Dated] = []
    for item in state.workspaces:
        found.extend((run.created_at, _failed_row(item.workspace, run, look)) for run in needing(item))
        found.extend(_leak_rows(item, look))
    found.extend(_sign_in_rows(state, look))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [row for _, row in found if row.key not in state.aside]


def needing(item: WorkspaceState) -> Iterator[Run]:
    """Failed runs of the last day that are the last that ended of their job; a later success leaves nothing to do."""
    last_ended = {
        job.id: next((run.id for run in job.recent_runs if run.status in TERMINAL_STATES), None)
        for job in item.jobs or ()
        if not job.is_archived
    }
    return (run for run in item.failed if last_ended.get(run.job_id) == run.id)


def _failed_row(workspace: Workspace, run: Run, look: Look) -> Row:
    name = guard(workspace.name)
    said = line(name_of(run), " failed")
    cells = (line(name), said, line(muted(words.moment(run.finished_at or run.created_at, look))))
    return Row(f"run/{workspace.id}/{run.id}", look.state("failed"), cells, f"{name} {text_of(said)}")


def _leak_rows(item: WorkspaceState, look: Look) -> Iterator[Dated]:
    """One of each job and secret; `enter` opens the newest run."""
    by_secret: dict[tuple[str, str], list[Leak]] = {}
    for leak in item.leaks or ():
        by_secret.setdefault((leak.job_ref, leak.name), []).append(leak)
    name = guard(item.workspace.name)
    for (job_ref, secret), leaks in by_secret.items():
        newest = leaks[0]
        # Apart, so that what is too long of them is cut, and not the verb.
        what = line(guard(words.short_ref(job_ref)), " prints ", guard(secret))
        runs = words.plural(len({leak.run_id for leak in leaks}), "run")
        cells = (line(name), what, line(muted(runs)))
        key = f"leak/{item.workspace.id}/{newest.run_id}/{secret}"
        glyph = Span(look.glyphs.masked, Role.MASKED)
        yield newest.at or look.now(), Row(key, glyph, cells, f"{name} {text_of(what)} masked")


def _sign_in_rows(state: HomeState, look: Look) -> Iterator[Dated]:
    """One row for all that wait: anybody may ask for a code, and as often as they like. `x` sets them aside together,
    until another asks.
    """
    aside = [datetime.fromisoformat(key.removeprefix(_SIGN_INS)) for key in state.aside if key.startswith(_SIGN_INS)]
    waiting = [each for each in state.sign_ins if not aside or each.created_at > max(aside)]
    if not waiting:
        return
    newest = max(waiting, key=lambda each: each.created_at)
    name, said = "sign-in", f"{guard(newest.client)} from {guard(newest.address)} waits for your approval"
    if len(waiting) > 1:
        name, said = "sign-ins", f"{len(waiting)} wait for your approval"
    cells = (line(name), line(said), line(muted(words.moment(newest.created_at, look))))
    yield newest.created_at, Row(f"{_SIGN_INS}{newest.created_at.isoformat()}", look.state("pending"), cells, name)
