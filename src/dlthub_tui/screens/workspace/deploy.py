"""Deploys a folder: what would change, sending it, the receipt."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from dlthub_tui.client.deployments import DeployReceipt, find_latest_deployment
from dlthub_tui.client.errors import ClientError, NotReachable, NotSignedIn, TimedOut
from dlthub_tui.client.models import Deployment
from dlthub_tui.messages import Open
from dlthub_tui.paths import typed_path
from dlthub_tui.screens.asking.starting import Stopper
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.screens.workspace.folder_sheet import FolderSheet
from dlthub_tui.session.deploys import CameAfter, Deploy, Difference, StepReport
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.places import DeployPlace, Place, WorkspacePlace
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, guard, line, muted, wrapped
from dlthub_tui.viewmodel.workspace import deploying as view
from dlthub_tui.viewmodel.workspace.folders import current_folder, default_folder
from dlthub_tui.widgets.lines import LinesView
from dlthub_tui.widgets.row_list import RowList
from planes.wire.shell_words import quoted

State = Literal["choosing", "packing", "ready", "sending", "done", "failed"]


class StepReported(Message):
    """A step of the deploy got further."""

    def __init__(self, report: StepReport) -> None:
        super().__init__()
        self.report = report

    def can_replace(self, message: Message) -> bool:
        """Of one step only the last report matters."""
        return isinstance(message, StepReported) and message.report.step == self.report.step


class DeployScreen(PlaceScreen):
    """What would change, and what leaves this machine for where?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "tree", "deploy")
    STYLES = "deploy"

    def __init__(self, context: Context, place: DeployPlace) -> None:
        super().__init__(context)
        self.place = place
        self._folder = typed_path(place.folder) if place.folder else default_folder()
        self._deploy = Deploy(context.connected, place.workspace, context.client_folder / "environments")
        self._difference: Difference | None = None
        self._receipt: DeployReceipt | None = None
        self._steps: dict[str, StepReport] = {}
        self._state: State = "choosing"
        self._failure: tuple[str, ...] = ()
        self._painted_at = 0.0
        self._left = RowList(self.look, widget_id="list")
        self._right = RowList(self.look, widget_id="right")
        self._has_right = False

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, deploy."""
        workspace = self.place.workspace
        return [workspace.organization_name, workspace.name, "deploy"]

    def region_lock(self) -> str | None:
        """Where the code goes."""
        return self.place.workspace.dataplane_id

    def compose_body(self) -> ComposeResult:
        """From where, the steps, and what changes or changed."""
        yield LinesView(self._head, widget_id="head")
        with Horizontal():
            with Vertical():
                yield LinesView(self._step_lines, widget_id="steps")
                yield self._left
            yield self._right

    def _head(self, width: int) -> list[Line]:
        if self._folder is None:
            return [EMPTY_LINE, line("   ", name_keys("Which folder? {folder.choose} chooses one.", self.look))]
        to = self.place.workspace.dataplane_id if self._state in {"sending", "done"} else ""
        return [*view.head(self._folder, self._difference, self.look, width, to), EMPTY_LINE]

    def _step_lines(self, width: int) -> list[Line]:
        lines: list[Line] = []
        if self._state in {"sending", "done"} or (self._state == "failed" and self._difference):
            lines = [*view.step_lines(self._steps, self.look, width, self.place.workspace.dataplane_id), EMPTY_LINE]
        elif self._state == "packing":
            running = [step for step in self._steps.values() if step.state == "running"]
            detail = guard(view.reading(running[-1])) if running else ""
            lines = [
                line("   ", self.look.state("running"), f" Reading the folder{self.look.glyphs.cut} ", muted(detail))
            ]
        if self._state == "failed":
            mark = self.look.state("failed").text
            for number, text in enumerate(self._failure):
                said = line("   ", Span(f"{' ' if number else mark} {text}", Role.FAIL))
                lines.extend(wrapped(said, width - 1))
        return lines

    def on_mount(self) -> None:
        """Reads the folder, or asks for one."""
        self._take_keys(self._left)
        if self._folder is None:
            self.do_folder_choose()
        else:
            self._prepare(self._folder)

    def on_unmount(self) -> None:
        """What was packed holds secrets."""
        self._deploy.close()

    def _prepare(self, folder: Path) -> None:
        self._folder, self._difference, self._receipt = folder, None, None
        self._steps, self._failure = {}, ()
        self._state = "packing"
        self._show()
        self.fetch(self._prepare_work(folder))

    async def _prepare_work(self, folder: Path) -> None:
        try:
            self._difference = await self._deploy.prepare(folder, self._report)
        except NotSignedIn:
            raise
        except ClientError as exc:
            self._fail(exc, "Nothing was sent.")
            return
        self._state = "ready"
        if view.is_same(self._difference):
            version = self._difference.latest.version if self._difference.latest else 0
            self.keep(f"Same as deployment {version}. Nothing to send.")
        self._show()

    def _report(self, report: StepReport) -> None:
        self._steps[report.step] = report  # at once: a failure right after it says how far this came
        self.post_message(StepReported(report))

    def on_step_reported(self, event: StepReported) -> None:
        """A bar is painted at most four times a second."""
        report = event.report
        now = time.monotonic()
        is_between = 0 < report.sent_bytes < report.total_bytes
        if is_between and now - self._painted_at < 0.25:
            return
        self._painted_at = now
        self.query_one("#steps", LinesView).update()

    def _fail(self, error: ClientError, kept: str, said: tuple[str, ...] = ()) -> None:
        detail = [guard(text) for text in error.what.splitlines() if text.strip()][:8]
        after = [error.can] if kept in error.can else [error.can, kept]
        then = [name_keys(text, self.look) for text in said or after if text]
        self._failure = (*then,) if said else (*detail, *then)
        self._state = "failed"
        for name, step in self._steps.items():
            if step.state == "running":
                self._steps[name] = StepReport(step=name, state="failed", detail="stopped here")
        self._show()

    def _show(self) -> None:
        self.query_one("#head", LinesView).update()
        self.query_one("#steps", LinesView).update()
        region = self.place.workspace.dataplane_id
        main: list[Section] = []
        beside: list[Section] = []
        above = 0  # how many of the main ones stand before the others where there is one pane
        if self._receipt is not None and self._difference is not None:
            main, beside = view.receipt_sections(self._receipt, self._difference, self.look, region)
        elif self._difference is not None and self._state == "ready":
            main, beside = view.difference_sections(self._difference, self.look, region)
            above = 1
        self._has_right = bool(beside) and self.size.width >= view.WIDE
        self._right.display = self._has_right
        self._left.show(main if self._has_right else [*main[:above], *beside, *main[above:]])
        self._right.show(beside if self._has_right else [])
        if not self._has_right:
            self._take_keys(self._left)
        self.update_frame()

    def _take_keys(self, pane: RowList) -> None:
        self._pane = pane
        for each in (self._left, self._right):
            each.take_keys(each is pane)

    def on_resize(self) -> None:
        """There may be room for both panes now, or none any more."""
        self._show()

    def redraw(self) -> None:
        """After the look changed."""
        super().redraw()
        self._show()

    def footer_entries(self) -> list[tuple[Action, str]]:
        """What enter does depends on how far the deploy is."""
        labels = {
            "ready": (
                ("deploy.go", "deploy"),
                ("tree.open", "look"),
                ("definition.open", "every word of it"),
                ("folder.choose", "folder"),
                ("pane.next", "pane"),
            ),
            "done": (("deploy.go", "jobs"), ("run.start", "run what was created"), ("undo", "undo archive")),
            "failed": (("deploy.go", "try again"), ("folder.choose", "folder")),
            "choosing": (("folder.choose", "folder"),),
        }.get(self._state, ())
        found = {action.id: action for action in self.live}
        entries = [(found[name], label) for name, label in labels if self.why_not(found[name]) is None]
        return [*entries, (found["nav.back"], "stop" if self._state in {"packing", "sending"} else "leave")]

    def why_not(self, action: Action) -> str | None:
        """What the deploy is not far enough for."""
        if action.id == "deploy.go" and self._state in {"packing", "sending", "choosing"}:
            return "It is not read yet." if self._state != "sending" else "It is being sent."
        if action.id == "deploy.go" and self._state == "ready" and self._difference and view.is_same(self._difference):
            return "Nothing changed, nothing to send."
        if action.id == "tree.open" and not self._looked_at():
            return "Jobs and files can be looked at, before they are sent."
        if action.id in {"pane.next", "pane.previous"} and not self._has_right:
            return "There is one pane."
        if action.id == "undo" and (self.context.undo is None or not self._archived()):
            return "Nothing here can be taken back."
        if action.id == "definition.open" and self._difference is None:
            return "The folder is not read yet."
        if action.id == "folder.choose" and self._state in {"packing", "sending"}:
            return "Press {nav.back} to stop first."
        if action.id == "run.start" and not self._created():
            return "Nothing was created."
        return super().why_not(action)

    def _created(self) -> list[str]:
        jobs = self._receipt.jobs if self._receipt else ()
        return [job.job.id for job in jobs if job.outcome == "created" and job.job.job_type == "batch"]

    def _archived(self) -> list[str]:
        jobs = self._receipt.jobs if self._receipt else ()
        return [job.job.id for job in jobs if job.outcome == "archived"]

    def command_text(self) -> str:
        """Deploys the folder."""
        return f"cd {quoted(str(self._folder))} && dlthub deploy" if self._folder else ""

    def twin_of(self, action: Action) -> str:
        """Sending the folder."""
        return self.command_text() if action.id == "deploy.go" else super().twin_of(action)

    def do_deploy_go(self) -> None:
        """Sends; after that, on to Jobs; after a failure, again."""
        if self._state == "done":
            self.post_message(Open(WorkspacePlace(self.place.workspace), instead=True))
        elif self._state == "failed" and self._folder is not None:
            self._prepare(self._folder)
        elif self._difference is not None:
            self._state = "sending"
            self.keep("")
            self._show()
            self.fetch(self._send(self._difference))

    async def _send(self, difference: Difference) -> None:
        try:
            self._receipt = await self._deploy.send(difference, self._report)
        except NotSignedIn:
            raise
        except ClientError as exc:
            is_silent = isinstance(exc, NotReachable | TimedOut)
            region = self.place.workspace.dataplane_id
            said = view.silent_lines(self._steps, difference, region) if is_silent else ()
            self._fail(exc, "The jobs are as they were.", said)
            return
        self._state = "done"
        self._show()
        self.query_one("#steps", LinesView).update()
        archived, can = self._archived(), ""
        if archived:
            latest = await find_latest_deployment(self.context.connected.control, self.place.workspace.id)
            back = f"{words.plural(len(archived), 'archived job is', 'archived jobs are')} back."
            self.context.undo = Undo(lambda: self._bring_back(archived, latest), back)
            can = f" {{undo}} takes {words.plural(len(archived), 'archived job')} back."
        self.say(f"Deployed {words.plural(len(difference.packed.jobs), 'job')}.{can}", Role.OK)
        self.update_frame()

    async def _take_back(self, undo: Undo) -> None:
        """There is nothing to ask again."""
        await undo.take_back()
        self.say(f"Taken back. {undo.said}", Role.OK)
        self.update_frame()

    async def _bring_back(self, job_ids: list[str], after: Deployment | None) -> None:
        """Raises: CameAfter where another deploy did, whoever sent it: what runs is its code."""
        from dlthub_tui.client.jobs import set_archived

        control, workspace_id = self.context.connected.control, self.place.workspace.id
        latest = await find_latest_deployment(control, workspace_id)
        if latest is not None and (after is None or latest.id != after.id):
            raise CameAfter(latest.version)
        for job_id in job_ids:
            await set_archived(control, workspace_id, job_id, is_archived=False)

    def do_nav_back(self) -> None:
        """Stops what goes on; else leaves."""
        if self._state in {"packing", "sending"}:
            was_sending = self._state == "sending"
            self.stop_work("load")
            self._failure = ("Stopped.", "The jobs are as they were." if was_sending else "Nothing was sent.")
            self._state = "failed"
            self._show()
        else:
            super().do_nav_back()

    def do_folder_choose(self) -> None:
        """Another folder."""

        def chosen(folder: str | None) -> None:
            if folder:
                self._prepare(typed_path(folder))

        self.host.push_screen(FolderSheet(self.context, str(self._folder or current_folder())), chosen)

    def do_definition_open(self) -> None:
        """Every word that goes to the control plane."""
        from dlthub_tui.screens.places.text_screen import TextScreen

        if self._difference is not None:
            lines = view.told_lines(self._difference.packed.jobs)
            self.host.push_screen(
                TextScreen(self.context, [*self.crumbs(), "to the control plane"], lines, self.region_lock())
            )

    def _looked_at(self) -> list[Line]:
        """What the row under the cursor stands for."""
        if self._difference is None or self._state != "ready":
            return []
        return view.look_lines(self._difference, self._pane.key or "")

    def do_tree_open(self) -> None:
        """The definition before and after, or a file's size and digest."""
        from dlthub_tui.screens.places.text_screen import TextScreen

        lines, key = self._looked_at(), self._pane.key or ""
        name = [key.removeprefix("fact/")] if key.startswith("fact/") else self._pane.row_text().split()[1:2]
        self.host.push_screen(TextScreen(self.context, [*self.crumbs(), *name], lines, self.region_lock()))

    def do_pane_next(self) -> None:
        """The other pane."""
        self._take_keys(self._left if self._pane is self._right else self._right)

    def do_pane_previous(self) -> None:
        """The other pane."""
        self.do_pane_next()

    def do_run_start(self) -> None:
        """Runs what was created."""
        self.fetch(self._run_created(), "act")

    async def _run_created(self) -> None:
        await Stopper(self.context, self.place.workspace, self).start_ids(self._created())

    def do_row_next(self) -> None:
        """Next row."""
        self._pane.move(1)

    def do_row_previous(self) -> None:
        """Row before."""
        self._pane.move(-1)

    def do_row_first(self) -> None:
        """First row."""
        self._pane.move_to_end(last=False)

    def do_row_last(self) -> None:
        """Last row."""
        self._pane.move_to_end(last=True)
