"""Pausing, publishing and archiving jobs, the same from every screen that can; each can be taken back with `u`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from dlthub_tui.client.errors import ClientError, NotSignedIn
from dlthub_tui.client.models import Job
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.sheets import TypedSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.text import Role, guard, line, muted
from dlthub_tui.viewmodel.work.jobs import ARCHIVED

_GOES = "   It fires no more and cannot be run. Its runs and their logs stay, readable."
_GO = "   They fire no more and cannot be run. Their runs and logs stay, readable."
_COMES_BACK = "   The next deploy whose code declares it brings it back; so does {undo}, or {item.destroy} again."
_COME_BACK = "   The next deploy whose code declares them brings them back; so does {undo}."


@dataclass(frozen=True, slots=True)
class _Turn:
    """What is done to each of some jobs, or taken back: `turn` gets whether. Of one job and of several is said what."""

    turn: Callable[[Job, bool], Awaitable[object]]
    on: tuple[str, str]
    off: tuple[str, str]

    def said(self, jobs: Sequence[Job], *, is_on: bool) -> str:
        """What became of them."""
        return f"{_names_of(jobs)} {(self.on if is_on else self.off)[len(jobs) > 1]}."

    async def all(self, jobs: Sequence[Job], *, is_on: bool) -> None:
        """Each, one after another."""
        for job in jobs:
            await self.turn(job, is_on)

    def undo(self, jobs: Sequence[Job], *, was_on: bool) -> Undo:
        """Takes it back."""
        return Undo(lambda: self.all(jobs, is_on=not was_on), self.said(jobs, is_on=not was_on))


def why_not_changed(action_id: str, job: Job) -> str | None:
    """Why a job cannot be changed like that."""
    if action_id == "job.publish" and job.job_type != "interactive":
        return "Only an interactive job can be published: it has an app."
    if action_id == "job.publish" and job.is_archived:
        return ARCHIVED
    return None


class JobChanger:
    """Changes jobs of one workspace and says what came of it."""

    def __init__(self, context: Context, workspace: WorkspaceRef, screen: ListScreen) -> None:
        self._context = context
        self._workspace = workspace
        self._screen = screen
        self._pausing = _Turn(self._set_paused, ("is paused", "are paused"), ("goes on", "go on"))
        self._archiving = _Turn(self._set_archived, ("is archived", "are archived"), ("is back", "are back"))

    def pause(self, jobs: list[Job]) -> None:
        """Pauses the schedules, or resumes them where all are paused."""
        self._screen.fetch(self._pause(jobs), "act")

    async def _pause(self, jobs: list[Job]) -> None:
        pauses = not all(job.is_paused for job in jobs)
        changed = [job for job in jobs if job.is_paused != pauses]
        if await self._turn_each(self._pausing, changed, is_on=pauses):
            takes_back = f"resumes {'it' if len(jobs) == 1 else 'them'}" if pauses else "takes that back"
            said = f"{self._pausing.said(jobs, is_on=pauses)} {{undo}} {takes_back}."
            await self._done(said, self._pausing.undo(changed, was_on=pauses))

    async def _set_paused(self, job: Job, is_on: bool) -> None:
        from dlthub_tui.client.jobs import set_paused

        await set_paused(self._context.connected.control, self._workspace.id, job.id, is_paused=is_on)

    def publish(self, job: Job) -> None:
        """Makes its app everybody's who has the link, or ends that."""
        self._screen.fetch(self._publish(job), "act")

    async def _publish(self, job: Job) -> None:
        from dlthub_tui.client.jobs import set_published

        plane, publishes = self._context.connected.control, job.public_url is None
        changed = await set_published(plane, self._workspace.id, job.id, is_published=publishes)
        name = _name_of(job)
        hidden = f"{name} is not published any more."
        if publishes and changed.public_url:
            self._screen.host.copy_to_clipboard(changed.public_url)
        shown = f"{name} is open to everybody with the link, which is copied."
        await self._done(
            f"{shown if publishes else hidden} {{undo}} takes that back.",
            Undo(
                lambda: set_published(plane, self._workspace.id, job.id, is_published=not publishes),
                hidden if publishes else f"{name} is published again, at a new link.",
            ),
        )

    def archive(self, jobs: list[Job]) -> None:
        """Asks for the name, or for how many they are, then archives; unarchives without a question."""
        kept = [job for job in jobs if not job.is_archived]
        if not kept:
            self._screen.fetch(self._archive(jobs, is_on=False), "act")
            return

        is_one = len(kept) == 1
        typed = words.short_ref(kept[0].job_ref) if is_one else words.plural(len(kept), "job")
        lines = [
            line(_GOES if is_one else _GO),
            line(muted(name_keys(_COMES_BACK if is_one else _COME_BACK, self._context.look))),
        ]
        if not is_one:
            lines.append(line(f"   {', '.join(map(_name_of, kept))}"))  # last: of many the rest may have no room
        sheet = TypedSheet(self._context, f"Archive {guard(typed)}", typed, "archive", lines)
        if not is_one:
            sheet.asks = "Type how many to archive them:"
        self._screen.act_on(sheet, lambda _yes: self._archive(kept, is_on=True))

    async def _archive(self, jobs: list[Job], *, is_on: bool) -> None:
        if await self._turn_each(self._archiving, jobs, is_on=is_on):
            said = f"{self._archiving.said(jobs, is_on=is_on)} {{undo}} takes that back."
            await self._done(said, self._archiving.undo(jobs, was_on=is_on))

    async def _set_archived(self, job: Job, is_on: bool) -> None:
        from dlthub_tui.client.jobs import set_archived

        await set_archived(self._context.connected.control, self._workspace.id, job.id, is_archived=is_on)

    async def _turn_each(self, turn: _Turn, jobs: list[Job], *, is_on: bool) -> bool:
        """Whether it was done to all. What was done before one failed can be taken back; the others stay marked."""
        done: list[Job] = []
        try:
            for job in jobs:
                await turn.turn(job, is_on)
                done.append(job)
        except ClientError as exc:
            if not done:
                raise
            self._context.undo = turn.undo(done, was_on=is_on)
            if isinstance(exc, NotSignedIn):
                raise
            self._screen.rows.set_marks({job.id for job in jobs[len(done) :]})
            await self._screen.reload()
            said = turn.said(done, is_on=is_on).removesuffix(".")
            self._screen.say(f"Of {len(jobs)} only {said}; {{undo}} takes that back. {exc.what}", Role.FAIL)
            return False
        return True

    async def _done(self, said: str, undo: Undo) -> None:
        self._context.undo = undo
        self._screen.say(said, Role.OK)
        self._screen.rows.set_marks(set())
        await self._screen.reload()


def _name_of(job: Job) -> str:
    return guard(words.short_ref(job.job_ref))


def _names_of(jobs: Sequence[Job]) -> str:
    return _name_of(jobs[0]) if len(jobs) == 1 else words.plural(len(jobs), "job")
