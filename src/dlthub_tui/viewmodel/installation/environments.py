"""Environments of jobs on the screen: what is in them, what they take, what uses them, and when they go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dlthub_tui.client.environments import Environment, EnvironmentUse
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (
    Column("Environment", takes_rest=True, least=16),
    Column("Workspace", least=10, drops=1, is_name=True),
    Column("Size", is_number=True, least=8),
    Column("Used", is_number=True, least=10),
    Column("Runs", is_number=True, drops=2),
    Column("Goes", is_number=True, least=8, drops=3),
)
EMPTY = ("No environments. The first run of a job builds one.",)
_REQUIREMENT = re.compile(r"([A-Za-z0-9._\-]+)\s*(?:\[[^\]]*\])?\s*([^;@]*)")
_SHOWN_JOBS = 3
_SHOWN_PACKAGES = 3


@dataclass(frozen=True, slots=True)
class Held:
    """An environment with whose it is. `keep_days` 0: it does not go by itself."""

    workspace: WorkspaceRef
    environment: Environment
    keep_days: int

    @property
    def key(self) -> str:
        """Of its row."""
        return f"{self.workspace.id}/{self.environment.key}"


def name_of(environment: Environment) -> str:
    """`3.11 dlt 1.28.2, duckdb 1.4`: the interpreter and what was asked for, dlt first. Of many packages how many."""
    wanted = sorted(
        (_short(each) for each in environment.requirements), key=lambda short: (short.split()[0] != "dlt", short)
    )
    if len(wanted) > _SHOWN_PACKAGES:
        wanted = [wanted[0], f"{len(wanted) - 1} more packages"]
    return " ".join([environment.python_version or "Python ?", ", ".join(wanted)]).strip()


def _short(requirement: str) -> str:
    found = _REQUIREMENT.match(requirement)
    if found is None:
        return guard(requirement)
    version = found[2].strip().replace(" ", "")
    return guard(f"{found[1]} {version.removeprefix('==')}".strip())


def row(held: Held, look: Look) -> Row:
    """One line of the list."""
    environment = held.environment
    runs = sum(job.runs for job in environment.jobs)
    cells = (
        line(name_of(environment)),
        line(guard(held.workspace.name)),
        line(words.size(environment.size_bytes)),
        line("in use" if environment.in_use_by else words.moment(environment.used_at, look)),
        line(muted(words.count(runs)) if runs else muted("-")),
        line(muted(goes(held, look))),
    )
    glyph = look.state("running") if environment.in_use_by else Span(" ")
    text = " ".join((*environment.requirements, held.workspace.name, *(job.job_ref for job in environment.jobs)))
    return Row(held.key, glyph, cells, text, is_muted=not environment.is_current and not environment.in_use_by)


def goes(held: Held, look: Look) -> str:
    """When it goes by itself."""
    if held.environment.is_current or held.environment.in_use_by or not held.keep_days:
        return "stays"
    at = held.environment.used_at + timedelta(days=held.keep_days)
    return "soon" if at <= look.now() else words.moment(at, look)


def answer_of(found: Sequence[Held], unanswered: Sequence[str]) -> Line:
    """How many there are, what they take, and how long one is kept."""
    if unanswered:
        names = ", ".join(guard(name) for name in unanswered)
        return (Span(f"Not known of {names}: its region does not answer.", Role.WARN),)
    size = words.size(sum(held.environment.size_bytes for held in found))
    days = {held.keep_days for held in found} - {0}
    kept = f" One that no run uses goes after {words.plural(min(days), 'day')}." if days else ""
    return (Span(f"{words.plural(len(found), 'environment')}, {size}."), muted(kept))


def details(held: Held, look: Look, width: int) -> list[Line]:
    """The strip of one: whose, what uses it, when it goes."""
    environment = held.environment
    rows = [rule(name_of(environment), guard(held.workspace.name), width, look)]
    rows.append(_fact("Built", words.moment(environment.built_at, look)))
    if environment.in_use_by:
        rows.append(_fact("In use by", _names(environment.in_use_by)))
    rows.append(_fact("Used by", _names(environment.jobs) or "no run that is known"))
    if environment.is_current:
        rows.append(_fact("Stays", "jobs of the newest code are run in it"))
    elif held.keep_days and not environment.in_use_by:
        kept = words.plural(held.keep_days, "day")
        rows.append(
            _fact("Goes", f"{goes(held, look)}, {kept} after its last run; nothing of the newest code needs it")
        )
    return rows


def lines(held: Held, look: Look) -> list[Line]:
    """All of it, to read."""
    environment = held.environment
    rows = [
        _fact("Python", environment.python_version or "?"),
        _fact("Size", words.size(environment.size_bytes)),
        _fact("Built", words.moment(environment.built_at, look)),
        _fact("Goes", goes(held, look)),
        line(),
        line("   ", muted("Asked for")),
        *(line("   ", guard(each)) for each in environment.requirements),
        line(),
        line("   ", muted("Used by")),
    ]
    for job in (*environment.in_use_by, *environment.jobs):
        name = f"{guard(words.short_ref(job.job_ref))} {job.number}"
        said = "goes on" if job.run_id else f"{words.plural(job.runs, 'run')}, last {words.moment(job.last_at, look)}"
        rows.append(line("   ", look.state("running") if job.run_id else " ", f" {name}   ", muted(said)))
    return rows


def removal_lines(held: Held) -> tuple[str, ...]:
    """What removing it does, before it is done."""
    environment, region = held.environment, guard(held.workspace.dataplane_id)
    who = _names(environment.jobs)
    users = f"It was used by {who}." if who else "No run that is known used it."
    wait = f"What needs it again waits while {region} builds it anew, from the index as that is then."
    return (f"{name_of(environment)}, {words.size(environment.size_bytes)}. {users}", wait)


def _names(jobs: Sequence[EnvironmentUse]) -> str:
    named = [f"{guard(words.short_ref(job.job_ref))} {job.number}" for job in jobs[:_SHOWN_JOBS]]
    more = [f"{len(jobs) - _SHOWN_JOBS} more"] if len(jobs) > _SHOWN_JOBS else []
    return ", ".join([*named, *more])


def _fact(name: str, said: str) -> Line:
    return line("   ", muted(f"{name:<11}"), said)
