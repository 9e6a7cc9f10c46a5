"""Pausing, publishing and archiving jobs, the same from every screen that can; each can be taken back with `u`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from dlthub_tui.client.models import Job
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.sheets import TypedSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.text import Role, guard, line, muted

_GOES = "   It fires no more and cannot be run. Its runs and their logs stay, readable."
_GO = "   They fire no more and cannot be run. Their runs and logs stay, readable."
_COMES_BACK = "   The next deploy whose code declares it brings it back; so does {undo}, or {item.destroy} again."
_COME_BACK = "   The next deploy whose code declares them brings them back; so does {undo}."


def why_not_changed(action_id: str, job: Job) -> str | None:
    """Why a job cannot be changed like that."""
    if action_id == "job.publish" and job.job_type != "interactive":
        return "Only an interactive job can be published: it has an app."
    if action_id == "job.publish" and job.is_archived:
        return "It is archived: it is not in the code any more."
    return None


class JobChanger:
    """Changes jobs of one workspace and says what came of it."""

    def __init__(self, context: Context, workspace: WorkspaceRef, screen: ListScreen) -> None:
        self._context = context
        self._workspace = workspace
        self._screen = screen

    def pause(self, jobs: list[Job]) -> None:
        """Pauses the schedules, or resumes them where all are paused."""
        self._screen.fetch(self._pause(jobs), "act")

    async def _pause(self, jobs: list[Job]) -> None:
        pauses = not all(job.is_paused for job in jobs)
        changed = [job for job in jobs if job.is_paused != pauses]
        await self._set_paused(changed, is_paused=pauses)
        name, is_one = _names_of(jobs), len(jobs) == 1
        on, off = f"{name} {'goes' if is_one else 'go'} on.", f"{name} {'is' if is_one else 'are'} paused."
        resumes = f" {{undo}} resumes {'it' if is_one else 'them'}." if pauses else " {undo} takes that back."
        await self._done(
            (off if pauses else on) + resumes,
            lambda: self._set_paused(changed, is_paused=not pauses),
            on if pauses else off,
        )

    async def _set_paused(self, jobs: list[Job], *, is_paused: bool) -> None:
        from dlthub_tui.client.jobs import set_paused

        for job in jobs:
            await set_paused(self._context.connected.control, self._workspace.id, job.id, is_paused=is_paused)

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
            lambda: set_published(plane, self._workspace.id, job.id, is_published=not publishes),
            hidden if publishes else f"{name} is published again, at a new link.",
        )

    def archive(self, jobs: list[Job]) -> None:
        """Asks for the name, or for how many they are, then archives; unarchives without a question."""
        kept = [job for job in jobs if not job.is_archived]
        if not kept:
            self._screen.fetch(self._set_archived(jobs, is_archived=False), "act")
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
        self._screen.act_on(sheet, lambda _yes: self._set_archived(kept, is_archived=True))

    async def _set_archived(self, jobs: list[Job], *, is_archived: bool) -> None:
        await self._put_away(jobs, is_archived=is_archived)
        name, verb = _names_of(jobs), "is" if len(jobs) == 1 else "are"
        away, back = f"{name} {verb} archived.", f"{name} {verb} back."
        await self._done(
            f"{away if is_archived else back} {{undo}} takes that back.",
            lambda: self._put_away(jobs, is_archived=not is_archived),
            back if is_archived else away,
        )

    async def _put_away(self, jobs: list[Job], *, is_archived: bool) -> None:
        from dlthub_tui.client.jobs import set_archived

        for job in jobs:
            await set_archived(self._context.connected.control, self._workspace.id, job.id, is_archived=is_archived)

    async def _done(self, said: str, take_back: Callable[[], Awaitable[object]], then: str) -> None:
        self._context.undo = Undo(take_back, then)
        self._screen.say(said, Role.OK)
        self._screen.rows.set_marks(set())
        await self._screen.reload()


def _name_of(job: Job) -> str:
    return guard(words.short_ref(job.job_ref))


def _names_of(jobs: list[Job]) -> str:
    return _name_of(jobs[0]) if len(jobs) == 1 else words.plural(len(jobs), "job")
