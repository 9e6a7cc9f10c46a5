"""From a name that a person writes to what it names: `[organization/]workspace[/job[/run]][#line]`.

Names of organizations and workspaces may hold slashes and blanks, so an address is not split: it is compared with the
names that there are. Where it fits several things, none of them is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from dlthub_tui.client.jobs import list_jobs
from dlthub_tui.client.models import Job, Organization, Run, Workspace
from dlthub_tui.client.organizations import list_organizations, list_workspaces
from dlthub_tui.client.runs import find_run
from dlthub_tui.client.transport import Transport
from dlthub_tui.session.numbers import whole_number

_MOST_CANDIDATES = 20
_LAST_RUN = 2**31 - 1  # no plane counts further


class NoSuchName(Exception):
    """Nothing has this name; `near` are names that resemble it."""

    def __init__(self, what: str, text: str, near: Sequence[str] = ()) -> None:
        hint = f" Nearest: {', '.join(near)}." if near else ""
        super().__init__(f'No {what} "{text}".{hint}')
        self.near = tuple(near)


class AmbiguousName(Exception):
    """Several things have this name; `candidates` are addresses that name one each."""

    def __init__(self, text: str, candidates: Sequence[Spot]) -> None:
        alike = any(spot.place.has_namesake for spot in candidates)
        hint = " Workspaces of one name have their id here: dlthub-tui jobs ID shows what is in each." if alike else ""
        super().__init__(f'"{text}" names {len(candidates)} things.{hint} Say which:')
        self.candidates = tuple(spot.address for spot in candidates[:_MOST_CANDIDATES])


@dataclass(frozen=True, slots=True)
class NamedWorkspace:
    """A workspace and whose it is. `has_namesake`: its names alone do not tell which one it is."""

    organization: Organization
    workspace: Workspace
    has_namesake: bool = False

    @property
    def name(self) -> str:
        """`organization/workspace`."""
        return f"{self.organization.name}/{self.workspace.name}"

    @property
    def address(self) -> str:
        """What names it and no other: its name, or its id where another has the same."""
        return self.workspace.id if self.has_namesake else self.name


@dataclass(frozen=True, slots=True)
class Spot:
    """What an address names. `line` counts from 0."""

    place: NamedWorkspace
    job: Job | None = None
    run: Run | None = None
    line: int | None = None

    @property
    def address(self) -> str:
        """The whole address, as `open` takes it."""
        parts = [self.place.address]
        if self.job is not None:
            parts.append(short_name(self.job))
        if self.run is not None:
            parts.append(str(self.run.number))
        return "/".join(parts) + ("" if self.line is None else f"#{self.line + 1}")


def short_name(job: Job) -> str:
    """A job's reference without its `jobs.`."""
    return job.job_ref.removeprefix("jobs.")


async def list_places(plane: Transport) -> list[NamedWorkspace]:
    """Every workspace that this session sees, archived ones last."""
    places: list[NamedWorkspace] = []
    for organization in await list_organizations(plane):
        # Without a region it has no workspaces.
        if organization.dataplane_id is not None:
            listed = await list_workspaces(plane, organization.id)
            places += [NamedWorkspace(organization, workspace) for workspace in listed]
    return sorted(know_namesakes(places), key=lambda place: not _is_active(place))


def know_namesakes(places: Sequence[NamedWorkspace]) -> list[NamedWorkspace]:
    """The same places, each of which knows whether another has its name. An archived one gives way to active ones."""
    names = Counter(place.name for place in places)
    active = Counter(place.name for place in places if _is_active(place))
    return [replace(place, has_namesake=(active if _is_active(place) else names)[place.name] > 1) for place in places]


async def find_workspace(plane: Transport, text: str) -> NamedWorkspace:
    """The workspace of this address. Raises: NoSuchName, AmbiguousName."""
    places = await list_places(plane)
    found = [place for place, rest in _beginnings(places, text) if not rest]
    if not found:
        raise NoSuchName("workspace", text, _near(text, _forms_of(places)))
    return _only(text, found)


async def find_spot(plane: Transport, text: str) -> Spot:
    """What an address names: a workspace, a job or a run. Raises: NoSuchName, AmbiguousName."""
    places = await list_places(plane)
    path, line = text.strip(), None
    if not any(not rest for _, rest in _beginnings(places, path)):  # a name may end as a line does
        path, line = _without_line(path)
    begun = _beginnings(places, path)
    whole = [place for place, rest in begun if not rest]
    spots = [Spot(place) for place in ([_only(path, whole)] if whole else [])]
    closest: list[str] = []
    for place, rest in ((place, rest) for place, rest in begun if rest):
        jobs = await list_jobs(plane, place.workspace.id, recent_runs=0)
        found = await _in_workspace(plane, place, jobs, rest)
        spots += found
        if not found:
            closest += [f"{place.address}/{name}" for name in _nearest_jobs(jobs, rest)]
    if not spots:
        if any(rest for _, rest in begun):
            raise NoSuchName("job or run", path, closest)
        raise NoSuchName("workspace", path, _near(path, _forms_of(places)))
    if len(spots) > 1:
        raise AmbiguousName(path, spots)
    return replace(spots[0], line=line)


async def _in_workspace(plane: Transport, place: NamedWorkspace, jobs: Sequence[Job], rest: str) -> list[Spot]:
    found = [Spot(place, job) for job in jobs_named(jobs, rest)]
    name, _, number = rest.rpartition("/")
    wanted = whole_number(number)
    if name and wanted is not None and wanted <= _LAST_RUN:
        for job in jobs_named(jobs, name):
            run = await find_run(plane, place.workspace.id, job.id, wanted)
            if run is not None:
                found.append(Spot(place, job, run))
    return found


def _nearest_jobs(jobs: Sequence[Job], rest: str) -> list[str]:
    """Names of jobs that resemble what was written, by the whole name or by its last part."""
    names = {part: short_name(job) for job in jobs for part in (short_name(job).rpartition(".")[2], short_name(job))}
    head, _, number = rest.rpartition("/")
    return list(
        dict.fromkeys(names[near] for near in _near(head if head and whole_number(number) is not None else rest, names))
    )


def jobs_named(jobs: Sequence[Job], text: str) -> list[Job]:
    """Jobs with this reference, else those whose last part it is; active ones, else archived ones."""
    wanted = text.removeprefix("jobs.")
    found = [job for job in jobs if short_name(job) == wanted]
    found = found or [job for job in jobs if short_name(job).rpartition(".")[2] == wanted]
    return [job for job in found if not job.is_archived] or found


def _beginnings(places: Sequence[NamedWorkspace], text: str) -> list[tuple[NamedWorkspace, str]]:
    """Workspaces that the address begins with, and what is left of it; each once, by its longest name."""
    found: list[tuple[NamedWorkspace, str]] = []
    for place in places:
        for form in sorted(_forms(place), key=len, reverse=True):
            if text in {form, f"{form}/"}:
                found.append((place, ""))
                break
            if text.startswith(f"{form}/"):
                found.append((place, text[len(form) + 1 :]))
                break
    return found


def _forms(place: NamedWorkspace) -> tuple[str, ...]:
    organization, workspace = place.organization, place.workspace
    return (place.name, f"{organization.id}/{workspace.name}", workspace.name, workspace.id)


def _forms_of(places: Iterable[NamedWorkspace]) -> list[str]:
    return [form for place in places for form in (place.name, place.workspace.name)]


def _only(text: str, found: Sequence[NamedWorkspace]) -> NamedWorkspace:
    active = [place for place in found if _is_active(place)] or list(found)
    if len(active) > 1:
        raise AmbiguousName(text, [Spot(place) for place in active])
    return active[0]


def _is_active(place: NamedWorkspace) -> bool:
    return place.workspace.archived_at is None


def _without_line(text: str) -> tuple[str, int | None]:
    path, found, line = text.rpartition("#")
    number = whole_number(line) if found else None
    return (path, number - 1) if number else (text, None)


def _near(text: str, names: Iterable[str]) -> list[str]:
    return get_close_matches(text, list(dict.fromkeys(names)), n=3, cutoff=0.5)
