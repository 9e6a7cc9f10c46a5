"""What the tab key of a shell offers: workspaces, jobs and runs of the installation that runs, and states of runs.

A shell waits for this with its prompt, so it has two seconds for everything and says nothing when something is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from cyclopts.completion import CompletionContext

    from dlthub_tui.client.transport import Transport
    from dlthub_tui.session.names import NamedWorkspace

_SECONDS = 2.0
_MOST_RUNS = 20
STATES = ("pending", "starting", "running", "cancelling", "completed", "failed", "cancelled", "skipped")


def complete_place(context: CompletionContext) -> list[tuple[str, str]]:
    """Workspaces."""
    return _asked(context, _places)


def complete_job(context: CompletionContext) -> list[tuple[str, str]]:
    """Workspaces, then the jobs of the one that was begun."""
    return _asked(context, _jobs)


def complete_run(context: CompletionContext) -> list[tuple[str, str]]:
    """Workspaces, the jobs of the one that was begun, and the newest runs of the job that was begun."""
    return _asked(context, _runs)


def complete_state(context: CompletionContext) -> list[tuple[str, str]]:
    """States of runs, behind those that were named before the last comma."""
    *named, begun = context.incomplete.split(",")
    others = [state for state in STATES if state.startswith(begun) and state not in named]
    return [(_shown(",".join([*named, state])), "") for state in others]


async def _places(plane: Transport, _text: str) -> list[tuple[str, str]]:
    from dlthub_tui.session.names import list_places

    places = [place for place in await list_places(plane) if place.workspace.archived_at is None]
    return [
        (name, f"workspace in {place.workspace.dataplane_id}") for place in places for name in _names(place, places)
    ]


async def _jobs(plane: Transport, text: str) -> list[tuple[str, str]]:
    return await _within(plane, text, with_runs=False)


async def _runs(plane: Transport, text: str) -> list[tuple[str, str]]:
    return await _within(plane, text, with_runs=True)


async def _within(plane: Transport, text: str, *, with_runs: bool) -> list[tuple[str, str]]:
    from dlthub_tui.client.jobs import list_jobs
    from dlthub_tui.session.names import list_places, short_name

    places = [place for place in await list_places(plane) if place.workspace.archived_at is None]
    found = [
        (f"{name}/", f"workspace in {place.workspace.dataplane_id}")
        for place in places
        for name in _names(place, places)
    ]
    for place in places:
        for name in (name for name in _names(place, places) if text.startswith(f"{name}/")):
            jobs = [job for job in await list_jobs(plane, place.workspace.id, recent_runs=0) if not job.is_archived]
            names = _names_of_jobs([short_name(job) for job in jobs], text.removeprefix(f"{name}/"))
            for job, job_name in zip(jobs, names, strict=True):
                found.append((f"{name}/{job_name}", job.description or job.job_type))
                if with_runs and text.startswith(f"{name}/{job_name}/"):
                    found += await _runs_of(plane, place, job.id, f"{name}/{job_name}")
    return found


def _names_of_jobs(names: list[str], begun: str) -> list[str]:
    """Whole names, or where none begins so the last words of those that alone have theirs, which are enough."""
    job_begun = begun.split("/", maxsplit=1)[0]
    if any(name.startswith(job_begun) for name in names):
        return names
    last_words = [name.rpartition(".")[2] for name in names]
    return [last if last_words.count(last) == 1 else name for name, last in zip(names, last_words, strict=True)]


async def _runs_of(plane: Transport, place: NamedWorkspace, job_id: str, name: str) -> list[tuple[str, str]]:
    from dlthub_tui.client.runs import list_runs

    page = await list_runs(plane, place.workspace.id, job_id=job_id, limit=_MOST_RUNS)
    return [(f"{name}/{run.number}", run.status) for run in page.items]


def _names(place: NamedWorkspace, places: list[NamedWorkspace]) -> list[str]:
    """Its address, and its name alone where that is enough."""
    alone = sum(one.workspace.name == place.workspace.name for one in places) == 1
    return [place.address, *([place.workspace.name] if alone else [])]


def _asked(
    context: CompletionContext, ask: Callable[[Transport, str], Awaitable[list[tuple[str, str]]]]
) -> list[tuple[str, str]]:
    import anyio

    from dlthub_tui.cli.reaching import NotReached, Target, reached
    from dlthub_tui.client.errors import ClientError

    async def do() -> list[tuple[str, str]]:
        with anyio.move_on_after(_SECONDS):
            async with reached(Target.of(_given(context, "home"), _given(context, "url"))) as connection:
                return await ask(connection.control, context.incomplete)
        return []

    try:
        found = anyio.run(do)
    except (NotReached, ClientError, OSError):
        return []
    return [(_shown(value), _shown(said)) for value, said in found if value.startswith(context.incomplete)]


def _given(context: CompletionContext, name: str) -> str | None:
    argument: Any = context.get(name)
    return None if argument is None else argument.raw


def _shown(text: str) -> str:
    """A shell prints it, so nothing that a terminal would obey may be in it."""
    return "".join(character for character in text if character.isprintable())
