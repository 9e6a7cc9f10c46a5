"""Error sheets: the same six lines for whatever failed, and the ids by which it is found again (SCREENS 2.15)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from textwrap import wrap

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.frame import PlaneState
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import Line, Span, cell_width, guard, muted

INDENT, LABEL = 3, 10
NOTHING_ANSWERS = "Nothing answers. Is a platform running? Press {doctor.open} to look, or start one."
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(slots=True)
class Noted:
    """An error as it was met first, and how often it was asked after since."""

    error_id: str
    since: datetime
    tries: int = 0


@dataclass(slots=True)
class Errors:
    """Ids of what is wrong now, such as `E-7Q2M-0031`: when this app began to count, and the how manieth it is."""

    _known: dict[str, Noted] = field(default_factory=dict[str, Noted])
    folded: set[str] = field(default_factory=set[str])
    _count: int = 0
    _begun: str = ""

    def find(self, key: str) -> Noted | None:
        """What is known of an error that goes on."""
        return self._known.get(key)

    def meet(self, key: str, now: datetime) -> Noted:
        """A new error gets the next id."""
        if not self._begun:
            seconds = int(now.timestamp())
            self._begun = "".join(_LETTERS[seconds >> shift & 31] for shift in (15, 10, 5, 0))
        self._count += 1
        self._known[key] = Noted(f"E-{self._begun}-{self._count:04}", now)
        return self._known[key]

    def tried(self, key: str) -> None:
        """It was asked after, and goes on."""
        if key in self._known:
            self._known[key].tries += 1

    def end(self, key: str) -> None:
        """It is over; the same again is another error."""
        noted = self._known.pop(key, None)
        if noted is not None:
            self.folded.discard(noted.error_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What stands on the answer row (`sentence`) and on the sheet below the list."""

    key: str
    sentence: str
    title: str
    facts: tuple[tuple[str, str], ...]


def sheet_lines(trouble: Trouble, error_id: str, width: int, look: Look) -> list[Line]:
    """The sheet, each fact whole; the id stands behind the last row where there is room."""
    lines: list[Line] = [rule(trouble.title, "", width, look)]
    room = max(20, width - INDENT - LABEL - 1)
    for label, text in trouble.facts:
        for row, piece in enumerate(wrap(name_keys(guard(text), look), room, break_on_hyphens=False) or [""]):
            lines.append((muted(f"{'':<{INDENT}}{label if row == 0 else '':<{LABEL}}"), Span(piece)))
    said = f"error id {error_id}"
    used = sum(cell_width(span.text) for span in lines[-1])
    if used + len(said) + 3 > width:
        lines.append(())
        used = 0
    lines[-1] = (*lines[-1], Span(" " * (width - used - len(said) - 1)), muted(said))
    return lines


def _after(since: datetime, look: Look) -> str:
    seconds = (look.now() - since).total_seconds()
    return words.duration(seconds) if seconds >= 1 else "now"


def silent_region(
    plane: PlaneState, why: str, grace_seconds: float, asks_seconds: float, look: Look, tries: int = 0
) -> Trouble:
    """A region of which the control plane hears nothing, or that does not answer us. `why` is empty for the former."""
    at = plane.seen_at or look.now()
    since = f"{look.local(at):%H:%M:%S}"
    again = f"asked again every {words.duration(asks_seconds)}" if asks_seconds else "{link.retry} asks again"
    if tries:
        again = f"{words.plural(tries, 'try', 'tries')}, {again}"
    lost_at = look.local(at + timedelta(seconds=grace_seconds))
    silence = f"are called failed only after {words.duration(grace_seconds)} of silence, not before {lost_at:%H:%M}"
    is_heard = plane.state == "up"
    return Trouble(
        key=f"region/{plane.id}",
        sentence=f"{plane.id} has not answered since {since}. Runs there go on."
        + (f" Asking every {words.duration(asks_seconds)}." if asks_seconds else ""),
        title=f"{plane.id}: data plane unreachable since {since}",
        facts=(
            ("What", why or f"the control plane hears nothing from {plane.url or plane.id}"),
            ("Since", f"{_after(at, look)}; {again}"),
            ("Still", "states and schedules from the control plane, as of now"),
            ("Not now", "logs, variables, pipelines, alerts, deploy"),
            (
                "Runs",
                "go on; the control plane has not missed the region yet" if is_heard else silence,
            ),
            ("You can", f":platform, then {{row.open}} on {plane.id}. In a shell on that machine: dlthub-tui doctor"),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is known of a control plane that does not answer. `next_seconds` 0 is not known."""

    why: str
    since: datetime
    tries: int = 0
    next_seconds: float = 0.0
    region: str | None = None
    region_until: datetime | None = None
    is_region_silent: bool = False


def silent_control(silence: Silence, look: Look) -> Trouble:
    """The regions go on without it, and so does what was given a token before."""
    since = f"{look.local(silence.since):%H:%M:%S}"
    parts = [_after(silence.since, look)]
    if silence.tries:
        parts.append(words.plural(silence.tries, "try", "tries"))
    parts.append(
        f"the next in {words.duration(ceil(silence.next_seconds))}"
        if silence.next_seconds
        else "{link.retry} tries now"
    )
    still = "what was loaded before, with its age"
    sentence = f"control has not answered since {since}. Runs go on."
    if silence.next_seconds:
        sentence += f" Trying again in {words.duration(ceil(silence.next_seconds))}."
    if silence.region and silence.is_region_silent:
        sentence = NOTHING_ANSWERS
        still = f"nothing new; {silence.region} does not answer, either"
    elif silence.region and silence.region_until is not None and silence.region_until > look.now():
        until = f"{look.local(silence.region_until):%H:%M}"
        still = f"logs and variables of {silence.region} until {until}, when your token ends"
        sentence = f"control is silent. Logs and variables of {silence.region} work until {until}."
    return Trouble(
        key="control",
        sentence=sentence,
        title=f"control: no answer since {since}",
        facts=(
            ("What", silence.why),
            ("Since", "; ".join(parts)),
            ("Still", still),
            ("Not now", f"starting, stopping, deploying; states are from {since[:5]}"),
            ("Runs", "go on; what falls due meanwhile starts once, when control answers"),
            ("You can", "{doctor.open} looks at this machine. Where no platform runs: dlthub-tui serve"),
        ),
    )


def refused(
    key: str, what: str, can: str, place: str, since: datetime, loaded_at: datetime | None, look: Look
) -> Trouble:
    """A plane answered, and not with what was asked for."""
    at, can = f"{look.local(since):%H:%M:%S}", name_keys(can, look)
    rows = f"here the rows of {look.local(loaded_at):%H:%M:%S}" if loaded_at else "nothing was known of this one"
    return Trouble(
        key=key,
        sentence=f"{what} {can}" if len(what) + len(can) < 76 else what,
        title=f"{place}: no answer to show since {at}",
        facts=(
            ("What", what),
            ("Since", f"{_after(since, look)}; at {at}"),
            ("Still", f"every other place; {rows}"),
            ("Not now", place),
            ("Changed", "nothing: it was only asked for"),
            ("You can", can),
        ),
    )


def own_failure(key: str, file: str, place: str, since: datetime, look: Look) -> Trouble:
    """Something of this app failed; its stack is in a file."""
    at = f"{look.local(since):%H:%M:%S}"
    return Trouble(
        key=key,
        sentence=f"Something here failed: see {file}. The platform goes on.",
        title=f"dlthub-tui: something here failed at {at}",
        facts=(
            ("What", f"{file}: what failed and where, scrubbed"),
            ("Since", f"{_after(since, look)}; at {at}"),
            ("Still", "the platform, and every other place of this app"),
            ("Not now", place),
            ("Runs", "go on; none of them needs this app"),
            ("You can", "Press {link.retry} to ask again, or {nav.back} to go back."),
        ),
    )
