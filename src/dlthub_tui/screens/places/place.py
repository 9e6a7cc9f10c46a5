"""The frame around every place: breadcrumb, content, the line that speaks, the footer."""

from __future__ import annotations

import inspect
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.containers import Container

from dlthub_tui.messages import (
    AskFor,
    AskToLeave,
    ConnectAgain,
    DrawAgain,
    GoBack,
    GoHome,
    GoInHistory,
    Open,
    TimesChanged,
)
from dlthub_tui.screens.asking.approving import Approving
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.command_log import is_noted
from dlthub_tui.viewmodel.frame import footer, header, prompt_footer
from dlthub_tui.viewmodel.keys import roles
from dlthub_tui.viewmodel.keys.actions import Action, key_name
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.keys.shell_twins import in_shell, twin_of_place, where_it_works
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, cut_middle, guard
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.message_line import MessageLine
from dlthub_tui.widgets.row_list import RowList

if TYPE_CHECKING:
    from dlthub_tui.screens.frame.context import Undo
    from dlthub_tui.viewmodel.keys.commands import Offer, ShellPlace
    from dlthub_tui.viewmodel.places import Place, WorkspaceRef

# So long nobody wonders whether a key was taken.
ANSWERS_SECONDS = 1.0
# Of what was copied row 23 says so much on the smallest terminal.
COPIED_CELLS = 70


class PlaceScreen(Approving):
    """A place one can be at. Subclasses compose the body and say the crumbs."""

    HAS_HELP: ClassVar[bool] = True
    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset()
    """What is for owners and developers here, beside what is for them everywhere."""
    PROMPT: ClassVar[tuple[str, str]] = ("do it", "leave")
    """What enter and esc do while a line is typed on row 23."""
    _awaited = ""

    def compose(self) -> ComposeResult:
        """The frame with the body inside."""
        yield LinesView(lambda width: [self._header(width)], ground="raised", widget_id="header")
        with Container(id="body"):
            yield from self.compose_body()
        yield MessageLine(self.look)
        yield LinesView(lambda width: [self._footer(width)], ground="raised", widget_id="footer")

    def fetch(self, work: Coroutine[Any, Any, None], group: str = "load") -> None:
        """As elsewhere; what was asked for by a key and is not answered within a moment is said to be waited for."""
        super().fetch(work, group)
        if group == "act" and self.context.tick_seconds:
            since = time.monotonic()
            self.set_timer(ANSWERS_SECONDS, lambda: self._say_waiting(work, since))

    def _say_waiting(self, work: Coroutine[Any, Any, None], since: float) -> None:
        """Until it is answered, unless something else is said. A sheet says it itself."""
        line = self.message_line
        is_free = not line.is_toasting or line.said == self._awaited
        if inspect.getcoroutinestate(work) == inspect.CORO_CLOSED:
            if line.said == self._awaited:
                line.hush()
            return
        if self.host.screen is self and is_free and not line.is_prompting:
            self._awaited = f"Waiting for an answer, {words.duration(time.monotonic() - since)}."
            line.say(self._awaited, Role.MUTED)
        self.set_timer(self.context.tick_seconds, lambda: self._say_waiting(work, since))

    def compose_body(self) -> ComposeResult:
        """What stands between the frame's rows."""
        yield from ()

    def crumbs(self) -> list[str]:
        """The segments of the breadcrumb."""
        return ["dlthub-tui"]

    def region_lock(self) -> str | None:
        """The region this place belongs to."""
        return None

    def _header(self, width: int) -> Line:
        return header(self.crumbs(), self.context.planes_now, self.region_lock(), self.look, width)

    def _footer(self, width: int) -> Line:
        if any(line.is_prompting for line in self.query(MessageLine)):
            return prompt_footer(*self.PROMPT, self.live, self.look, width)
        return footer(self.footer_entries(), self.look, width, live=self.live, has_help=self.HAS_HELP)

    def update_frame(self) -> None:
        """Draws header and footer again where they changed."""
        for name in ("#header", "#footer"):
            for view in self.query(name).results(LinesView):
                view.update()
        if self.is_seen:
            crumb = self.look.glyphs.crumb
            self.context.signs.show(self.host, self.context.chosen, self.crumbs(), crumb, runs=self.has_runs())

    def has_runs(self) -> bool:
        """Whether a run goes on here."""
        return False

    def note(self, action: Action) -> None:
        """Into the command log."""
        if is_noted(action.id, action.layer):
            self._note(key_name(action.keys[0], is_ascii=self.look.is_ascii), action.title, self.twin_of(action))

    def _note_command(self, command: str, name: str) -> None:
        """The same for a line of the command line."""
        from dlthub_tui.viewmodel.keys.commands import twin_of_job

        self._note(":", f"{command} {name}", twin_of_job(command, name, self.shell_place()))

    def _note(self, key: str, title: str, twin: str) -> None:
        place = f" {self.look.glyphs.crumb} ".join(self.crumbs()[1:] or self.crumbs())
        self.context.log.note(self.look.now(), key, title, place, twin, id(self))

    def twin_of(self, action: Action) -> str:
        """The same as a command line; empty where there is none."""
        at = self.shell_place()
        return twin_of_place(action.id, at.workspace, at.reach)

    def shell_place(self) -> ShellPlace:
        """Where a shell is told to look."""
        from dlthub_tui.viewmodel.keys.commands import ShellPlace
        from dlthub_tui.viewmodel.places import WorkspacePlace, link

        workspace = self.workspace_here()
        return ShellPlace(link(WorkspacePlace(workspace)) if workspace is not None else "", self.context.reach)

    def say(self, text: str, role: Role = Role.TEXT) -> None:
        """Says it, and writes it down beside the key that it answers."""
        super().say(text, role)
        self.context.log.heard(id(self), name_keys(text, self.look))

    def redraw(self) -> None:
        """Draws everything again, after the look changed."""
        self.update_frame()

    def on_screen_resume(self) -> None:
        """The planes may have changed while another screen was up."""
        self.update_frame()
        self._refresh_focus()

    def on_screen_suspend(self) -> None:
        """A sheet over it has the keys."""
        self._refresh_focus()

    def _refresh_focus(self) -> None:
        for rows in self.query(RowList):
            rows.refresh_focus()
        for pane in self.query("#rule, #around, #history").results(LinesView):
            pane.update()

    @property
    def message_line(self) -> MessageLine:
        """Row 23."""
        return self.query_one(MessageLine)

    def keep(self, text: str, role: Role = Role.MUTED) -> None:
        """What stands on row 23 while nothing is said."""
        self.message_line.keep((Span(" "), Span(name_keys(text, self.look), role)) if text else EMPTY_LINE)

    def where(self) -> Place:
        """The place that this screen shows."""
        from dlthub_tui.viewmodel.places import HomePlace

        return HomePlace()

    def prompt(self, label: str, text: str = "") -> None:
        """Takes a line of input on row 23."""
        self.message_line.prompt(label, text)
        self.type_into(self.message_line)
        self.update_frame()

    def end_prompt(self) -> None:
        """Keys are actions again."""
        self.type_into(None)
        self.message_line.end_prompt()
        self.update_frame()

    def link_text(self) -> str:
        """The deep link of this place."""
        from dlthub_tui.viewmodel.places import link

        return link(self.where())

    def do_nav_back(self) -> None:
        """One step back; never quits."""
        self.post_message(GoBack())

    def do_nav_close(self) -> None:
        """As esc; on home asks whether to leave."""
        if len(self.host.screen_stack) > 2:
            self.post_message(GoBack())
        else:
            self.post_message(AskToLeave(asks=True))

    def do_nav_older(self) -> None:
        """The place visited before."""
        self.post_message(GoInHistory(-1))

    def do_nav_newer(self) -> None:
        """Forward again."""
        self.post_message(GoInHistory(1))

    def do_nav_home(self) -> None:
        """Home."""
        self.post_message(GoHome())

    def do_nav_platform(self) -> None:
        """The planes."""
        from dlthub_tui.viewmodel.places import PlatformPlace

        if self.context.connection is None:
            self.say("There is no connection yet.")
        elif not isinstance(self.where(), PlatformPlace):
            self.post_message(Open(PlatformPlace()))

    def do_doctor_open(self) -> None:
        """What is installed, active and missing."""
        from dlthub_tui.viewmodel.places import DoctorPlace

        if not isinstance(self.where(), DoctorPlace):
            self.post_message(Open(DoctorPlace()))

    def do_log_commands(self) -> None:
        """What each key did."""
        from dlthub_tui.viewmodel.places import CommandLogPlace

        if not isinstance(self.where(), CommandLogPlace):
            self.post_message(Open(CommandLogPlace()))

    def do_undo(self) -> None:
        """Takes the last undoable thing back."""
        undo, self.context.undo = self.context.undo, None
        if undo is None:
            self.say("Nothing here can be taken back.")
        else:
            self.fetch(self._undo(undo), "act")

    async def _undo(self, undo: Undo) -> None:
        """What fails can be taken back by the next try, unless something else can by then."""
        from dlthub_tui.client.errors import ClientError

        try:
            await self._take_back(undo)
        except ClientError:
            self.context.undo = self.context.undo or undo
            raise

    async def _take_back(self, undo: Undo) -> None:
        await undo.take_back()
        self.say(f"Taken back. {undo.said}", Role.OK)
        self.do_link_retry()

    def do_open_web(self) -> None:
        """The web page of this place, in the browser of this desktop; without one its address is copied."""
        from dlthub_tui.viewmodel.places import web_path

        path = web_path(self.where())
        if self.context.connection is None:
            self.say("There is no connection yet.")
        elif not path:
            self.say("This place has no web page.")
        else:
            self.fetch(self._open_web(self.context.connected.origin + path), "open")

    async def _open_web(self, url: str) -> None:
        import webbrowser

        from anyio import to_thread

        if self.context.opens_browser and await to_thread.run_sync(webbrowser.open, url):
            self.say(f"Opened {guard(url)} in the browser.", Role.OK)
            return
        self.copied(url)

    def interrupt(self) -> None:
        """Stops what this screen waits for; the second time in a row asks whether to leave."""
        if self.stop_work("load", "search"):
            self.say("Stopped waiting.")
        elif self.is_repeated:
            self._last_done = ""
            self.post_message(AskToLeave(asks=True))
        else:
            self.say("{app.interrupt} again asks whether to leave.")

    async def action_perform(self, action_id: str) -> None:
        """Whoever asks again sees all of it drawn again, too."""
        if action_id == "link.retry":
            self.post_message(DrawAgain())
        await super().action_perform(action_id)

    def do_link_retry(self) -> None:
        """Connects again; places ask again."""
        self.post_message(ConnectAgain())

    def do_times_toggle(self) -> None:
        """Relative, exact, UTC."""
        self.look.times = self.look.next_times()
        self.post_message(TimesChanged())
        said = {"relative": "Times are relative.", "exact": "Times are exact, in your zone.", "utc": "Times are UTC."}
        self.say(said[self.look.times])

    def do_session_end(self) -> None:
        """Asks whether to sign out."""
        from dlthub_tui.screens.asking.signing_out import ask_to_sign_out

        ask_to_sign_out(self)

    def do_copy_link(self) -> None:
        """Copies the deep link."""
        text = self.link_text()
        if not text:
            self.say("This place has no link.")
            return
        self.copied(text)

    def copied(self, text: str, works: str = "") -> None:
        """Copies it and says so in one row, with where it works."""
        self.host.copy_to_clipboard(text)
        more = f" ({works})" if works else ""
        self.say(f"Copied {cut_middle(guard(text), COPIED_CELLS - len(more), self.look.glyphs.cut)}{more}")

    def command_text(self) -> str:
        """This place as a command line: its own, else the one that opens the app here; empty where it has no link."""
        text = self.link_text()
        return in_shell("open", text, reach=self.context.reach) if text else ""

    def do_copy_command(self) -> None:
        """Copies the command line that does the same."""
        text = self.command_text()
        if not text:
            self.say("There is no command line for this.")
            return
        self.copied(text, where_it_works(text, self.context.reach))

    def do_help_open(self) -> None:
        """The keys of this screen."""
        self.post_message(AskFor("help"))

    def do_command_open(self) -> None:
        """The command line."""
        self.post_message(AskFor("command"))

    def do_palette_open(self) -> None:
        """The palette."""
        self.post_message(AskFor("palette"))

    def free_command(self, text: str) -> str | None:  # noqa: ARG002 - places with a log have some
        """What a command means that is no name, in words; None when it means nothing here."""
        return None

    def take_free_command(self, text: str) -> None:
        """Does it."""

    def profile_here(self) -> str | None:
        """The profile on which `run.start` would start here."""
        return None

    def why_not(self, action: Action) -> str | None:
        """What one's role in the workspace leaves to others is not offered. The planes decide in any case."""
        if action.id == "session.end":
            from dlthub_tui.screens.asking.signing_out import why_no_sign_out

            return why_no_sign_out(self.context)
        reason = super().why_not(action)
        workspace = self.workspace_here() if reason is None and action.changes else None
        if workspace is None:
            return reason
        role = self.context.role_in(workspace)
        if action.id in self.FOR_DEVELOPERS or action.id in roles.FOR_DEVELOPERS:
            return roles.why_not_for(role, workspace.name)
        profile = self.profile_here() if action.id == "run.start" else None
        return roles.why_no_start(role, profile) if profile is not None else None

    def workspace_here(self) -> WorkspaceRef | None:
        """The workspace that this place is in."""
        from dlthub_tui.viewmodel.places import RunPlace, WorkspaceRef

        place = self.where()
        if isinstance(found := getattr(place, "workspace", None), WorkspaceRef):
            return found
        run = getattr(place, "run", None)
        return run.workspace if isinstance(run, RunPlace) else None

    async def learn_jobs(self) -> None:
        """The names of the workspace's jobs, for the command line."""
        from dlthub_tui.client.jobs import list_jobs

        workspace = self.workspace_here()
        if workspace is not None and self.context.connection is not None:
            jobs = await list_jobs(self.context.connected.control, workspace.id, recent_runs=0)
            self.context.jobs[workspace.id] = {
                job.job_ref.removeprefix("jobs."): job.id for job in jobs if not job.is_archived
            }

    def offers_of_jobs(self, text: str) -> list[Offer] | None:
        """Commands with a job's name, as far as names are known."""
        from dlthub_tui.viewmodel.keys.commands import offers_of_jobs

        workspace = self.workspace_here()
        names = list(self.context.jobs.get(workspace.id, ())) if workspace is not None else []
        return offers_of_jobs(text, names, self.shell_place(), changes=not self.look.is_read_only)

    async def _do_with_job(self, command: str, name: str) -> None:
        """Runs, opens or lists a job by its name."""
        from dlthub_tui.screens.asking.naming import do_with_job

        workspace = self.workspace_here()
        job_id = self.context.jobs.get(workspace.id, {}).get(name) if workspace is not None else None
        if workspace is not None and job_id is not None:
            await do_with_job(self, workspace, command, job_id)

    def own_commands(self) -> list[Offer]:
        """Commands that are no keys: to open by link, to approve a sign-in."""
        from dlthub_tui.viewmodel.keys.commands import Offer

        group = "Commands"
        of_workspace = Offer(
            "workspace-settings", "workspace-settings", "settings of the workspace", "",
            "name, default role, versions kept, scrubbing, archive", group,
        )  # fmt: skip
        return [
            *((of_workspace,) if self.workspace_here() is not None else ()),
            Offer("open", "open", "open a link", "", "org/workspace/job/run#line", group),
            Offer("approve", "approve", "approve a sign-in", "", "by the code that the device shows", group),
            Offer("settings", "settings", "settings", "", "theme, motion, times, notifications, read-only", group),
            Offer("guide", "guide", "first steps", "", "from nothing to a running job", group),
            Offer("sign-ins", "sign-ins", "pending sign-ins", "", "devices that wait for approval", group),
        ]

    async def run_chosen(self, chosen: str | None) -> None:
        """Does what was chosen in the help, on the command line or in the palette."""
        from dlthub_tui.viewmodel.places import GuidePlace, SettingsPlace, SignInsPlace, WorkspaceSettingsPlace

        name, _, argument = (chosen or "").partition(" ")
        match name:
            case "":
                return
            case "open":
                self._note(":", f"open {argument}", in_shell("open", argument, reach=self.shell_place().reach))
                self.fetch(self._open_link(argument), "act")
            case "approve":
                self.approve(argument)
            case "guide":
                self.post_message(Open(GuidePlace()))
            case "settings":
                self.post_message(Open(SettingsPlace(self.workspace_here())))
            case "workspace-settings":
                if (workspace := self.workspace_here()) is not None:
                    self.post_message(Open(WorkspaceSettingsPlace(workspace)))
            case "sign-ins":
                self.post_message(Open(SignInsPlace()))
            case "of-job":
                command, _, name = argument.partition(" ")
                self._note_command(command, name)
                self.fetch(self._do_with_job(command, name), "act")
            case "free":
                self.take_free_command(argument)
            case _:
                await self.action_perform(name)

    async def _open_link(self, text: str) -> None:
        from dlthub_tui.screens.asking.links import NotOnePlace, find_place

        try:
            place = await find_place(self.context, text)
        except NotOnePlace as exc:
            self.say(guard(str(exc)), Role.WARN)
        else:
            self.post_message(Open(place))
