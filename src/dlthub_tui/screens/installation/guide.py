"""The guide of the first start."""

from __future__ import annotations

from typing import ClassVar

from anyio import to_thread
from textual.app import ComposeResult

from dlthub_tui.messages import GoBack, Open
from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.installation.home import HomeScreen
from dlthub_tui.screens.places.place import PlaceScreen
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.installation import guide as view
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import DeployPlace, GuidePlace, NewOrganizationPlace, Place, WorkspacePlace
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, line
from dlthub_tui.widgets.lines import LinesView

# What lists do with many things, and home with its own: five steps are neither.
_OF_LISTS = frozenset(
    {"list.filter", "list.failed", "list.sort", "list.save", "item.add", "pane.next", "pane.previous"}
)


class GuideScreen(HomeScreen):
    """Five steps to the first job and its proof; each is done on its own screen and ticked whoever did it."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "do this step"), ("row.next", "another step"), ("copy.link", "copy these lines"),
        ("item.end", "close guide"), ("command.open", "command"),
    )  # fmt: skip
    ENDS: ClassVar[str] = ":guide brings it back"
    STYLES = "guide"
    DETAIL_ROWS: ClassVar[int] = 7

    _verdict = ""
    _todo = ""
    _had_steps = False
    """Whether a step was to be done while this guide was up."""

    async def load(self) -> None:
        """As home, and whether this home keeps a proof."""
        await super().load()
        if self.context.connected.is_local:
            from dlthub_tui.session.proofs import find_clean_proof

            regions = [plane.id for plane in self.state.planes]
            proof = await to_thread.run_sync(find_clean_proof, self.context.client_folder.parent, regions)
            self._verdict = proof.verdict if proof is not None else ""
        self._go_when_done()

    @classmethod
    def actions(cls) -> tuple[Action, ...]:
        """Those of home that mean something here."""
        return tuple(action for action in super().actions() if action.id not in _OF_LISTS)

    @property
    def _steps(self) -> tuple[view.Step, ...]:
        return view.steps(self.state, url=self.context.url or "", verdict=self._verdict)

    def where(self) -> Place:
        """The guide."""
        return GuidePlace()

    def crumbs(self) -> list[str]:
        """The guide is the first thing there is."""
        return ["dlthub-tui", "first steps"]

    def compose_top(self) -> ComposeResult:
        """What this is."""
        yield LinesView(lambda _width: self._said(), widget_id="said")

    def _said(self) -> list[Line]:
        """Where the platform is, as far as is known."""
        where = " on this machine" if self.context.connection is not None and self.context.connected.is_local else ""
        regions = f" with {words.plural(len(self.state.planes), 'region')}" if self.state.planes else ""
        return [
            EMPTY_LINE,
            line(f"   A data platform{regions} is running{where}."),
            line("   Five steps to your first job. Each one shows where things go."),
            EMPTY_LINE,
        ]

    def answer_line(self) -> tuple[Line, str]:
        """How many steps are done."""
        done = sum(step.is_done for step in self._steps)
        return (Span(f"  {done} of {len(self._steps)} done"),), ""

    def sections(self) -> list[Section]:
        """The steps."""
        return view.sections(self.state, self.look, url=self.context.url or "", verdict=self._verdict)

    def detail_lines(self, width: int) -> list[Line]:
        """The same from a shell."""
        return view.shell_lines(self.context.url or "", self.look, width)

    def why_not(self, action: Action) -> str | None:
        """A step that is done needs nothing."""
        if action.id in {"row.open", "item.end"}:
            step = next((step for step in self._steps if step.key == self.rows.key), None)
            if action.id == "row.open" and (step is None or step.key == "planes"):
                return "The planes start by themselves."
            if step is not None and step.key == "region" and self.look.is_read_only:
                return READ_ONLY
            return None
        return super().why_not(action)

    def show_rows(self, *, counts_new: bool = False) -> None:
        """The cursor goes to the first step that is not done, and on from there when that is done."""
        was_there = not self.rows.keys or self.rows.key == self._todo
        super().show_rows(counts_new=counts_new)
        self.query_one("#said", LinesView).update()
        todo = next((step.key for step in self._steps if not step.is_done), "")
        if was_there and todo and todo != self._todo:
            self.rows.move_to(todo)
        self._todo = todo

    def _go_when_done(self) -> None:
        """Done to the end it is gone; opened again later it shows its ticks."""
        is_done = all(step.is_done for step in self._steps)
        self._had_steps = self._had_steps or not is_done
        if not self._had_steps or not is_done or not self.is_seen:
            return
        self._had_steps = False
        below = self.host.screen_stack[-2]
        if isinstance(below, PlaceScreen):
            below.say("All five steps are done. :guide shows them again.", Role.OK)
        self.post_message(GoBack())

    def do_row_open(self) -> None:
        """Does the step under the cursor."""
        workspaces = self.workspaces
        match self.rows.key:
            case "region":
                first = next((item for item in self.state.memberships if not item.organization.dataplane_id), None)
                known = (first.organization.id, first.organization.name) if first else (None, "")
                self.post_message(Open(NewOrganizationPlace(*known)))
            case "code" | "run" | "proof" if not workspaces:
                self.say("Choose a region first: step 2.")
            case "code":
                self.post_message(Open(DeployPlace(workspaces[0])))
            case "run":
                self.post_message(Open(WorkspacePlace(workspaces[0])))
            case "proof":
                self.post_message(Open(WorkspacePlace(workspaces[0], "residency")))
            case _:
                return

    def footer_entries(self) -> list[tuple[Action, str]]:
        """The step is named by its number."""
        at = next((n for n, step in enumerate(self._steps, 1) if step.key == self.rows.key), None)
        entries = super().footer_entries()
        if at is None:
            return entries
        return [(action, f"do step {at}" if action.id == "row.open" else label) for action, label in entries]

    def do_copy_link(self) -> None:
        """The guide has no link: the lines are what is copied here."""
        self.do_copy_text()

    def do_copy_text(self) -> None:
        """Copies the lines for a shell."""
        commands = view.shell_commands(self.context.url or "")
        self.host.copy_to_clipboard("\n".join(commands))
        self.say(f"Copied the {words.plural(len(commands), 'line')}.")

    def do_item_end(self) -> None:
        """Closes the guide; `:guide` brings it back."""
        self.post_message(GoBack())
