"""The guide of the first start: five steps, ticked by whoever did them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from dlthub_tui.viewmodel.installation.home_state import HomeState
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section, rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, guard, line, muted

CLIENT = "dlthub-client==0.28.7"
"""The newest release that is known to work; docs/api.md lists them."""
LOGIN = "dlthub login --device"

COLUMNS = (Column("", least=26), Column("", takes_rest=True))


@dataclass(frozen=True, slots=True)
class Step:
    """One step and whether it is done."""

    key: str
    title: str
    what: str
    is_done: bool


def steps(state: HomeState, *, url: str = "", verdict: str = "") -> tuple[Step, ...]:
    """The steps as the installation stands now. `verdict` is that of a clean proof that this home keeps.

    `url` is the control plane's.
    """
    planes = ", ".join(_with_port(plane.id, plane.url) for plane in state.planes if plane.is_reachable)
    has_region = any(item.organization.dataplane_id for item in state.memberships)
    has_jobs = bool(state.jobs)
    has_run = any(job.latest_run is not None for job in state.jobs)
    up = f"{_with_port('control', url)}, {planes}" if planes else ""
    return (
        Step("planes", "1  Planes are up", up or "No region answers yet.", bool(up)),
        Step("region", "2  Choose a region", "For your organization, and for good.", has_region),
        Step("code", "3  Bring code", "Deploy a folder that has a __deployment__.py.", has_jobs),
        Step("run", "4  Run a job", "Press {run.start}, watch its log arrive.", has_run),
        Step("proof", "5  See the proof", verdict or "Look for its data outside the region. Find none.", bool(verdict)),
    )


def _with_port(name: str, url: str | None) -> str:
    """`eu1 8402`; the name alone where it is reached at the usual port."""
    try:
        port = urlsplit(url or "").port
    except ValueError:
        port = None
    return f"{name} {port}" if port else name


def sections(state: HomeState, look: Look, *, url: str = "", verdict: str = "") -> list[Section]:
    """One row a step."""
    rows = [
        Row(
            step.key,
            look.state("completed" if step.is_done else "pending"),
            (line(step.title), line(muted(guard(name_keys(step.what, look))))),
            step.title,
        )
        for step in steps(state, url=url, verdict=verdict)
    ]
    return [Section(COLUMNS, tuple(rows), shows_titles=False)]


def shell_commands(url: str) -> tuple[str, ...]:
    """The same from a shell, as it is copied: a comment behind a command would be more words of it."""
    return (
        f"pip install 'dlt[duckdb]' '{CLIENT}'",
        f"export RUNTIME__API_BASE_URL={url}",
        LOGIN,
        "dlthub-tui example weather && cd weather",
        "dlthub workspace connect && dlthub deploy",
    )


def shell_lines(url: str, look: Look, width: int) -> list[Line]:
    """The same from a shell, with what is to be done here meanwhile."""
    said = (f"{text}          approve it here with :approve" if text == LOGIN else text for text in shell_commands(url))
    return [rule("Your shell can do it as well", "", width, look), *(line("   ", text) for text in said), EMPTY_LINE]
