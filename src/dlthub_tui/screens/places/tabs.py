"""What the tabs of a workspace share: the row of tabs, the digits, `d`."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.viewmodel.frame import TABS, tabs
from dlthub_tui.viewmodel.keys.shell_twins import twin_of_place
from dlthub_tui.viewmodel.places import DeployPlace, Place, WorkspacePlace, WorkspaceRef
from dlthub_tui.viewmodel.text import guard
from dlthub_tui.widgets.lines import LinesView

MOST_ASKED = 2


class TabScreen(ListScreen):
    """One tab of a workspace."""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "workspace", "move", "list")
    TAB: ClassVar[str] = "jobs"

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context)
        self.workspace = workspace
        self._owners: tuple[str, ...] = ()
        self.place = WorkspacePlace(workspace, self.TAB)

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, tab."""
        name = next(long for tab, _, long, _ in TABS if tab == self.TAB)
        return [self.workspace.organization_name, self.workspace.name, name]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.workspace.dataplane_id

    def command_text(self) -> str:
        """What is listed, in a shell; some tabs know one of the row under the cursor."""
        at = self.shell_place()
        digit = next(digit for tab, digit, *_ in TABS if tab == self.TAB)
        return twin_of_place(f"tab.{digit}", at.workspace, at.reach)

    def place_key(self) -> str:
        """Each workspace's tab keeps its own place."""
        return f"{self.workspace.id}/{self.TAB}"

    async def learn_owners(self) -> None:
        """One's role, and who may be asked for what it does not allow."""
        from dlthub_tui.client.members import find_owners
        from dlthub_tui.client.organizations import get_workspace_role

        control = self.context.connected.control
        self.context.roles[self.workspace.id] = await get_workspace_role(control, self.workspace.id)
        self._owners = await find_owners(control, self.workspace.id)

    def for_owners(self, what: str, whom: str = "owners") -> str:
        """Who may, who one is, whom to ask."""
        ask = " or ".join(guard(email) for email in self._owners[:MOST_ASKED]) or "an owner"
        role = self.context.role_in(self.workspace)
        return f"{what} for {whom}; you are {'an' if role == 'owner' else 'a'} {role}. Ask {ask}."

    def compose_top(self) -> ComposeResult:
        """The row of tabs."""
        yield LinesView(lambda width: [tabs(self.TAB, width, self.live)], widget_id="tabs")

    def _go(self, tab: str) -> None:
        if tab != self.TAB:
            self.post_message(Open(WorkspacePlace(self.workspace, tab), instead=True))

    def do_tab_1(self) -> None:
        """Jobs."""
        self._go("jobs")

    def do_tab_2(self) -> None:
        """Runs."""
        self._go("runs")

    def do_tab_3(self) -> None:
        """Deployments."""
        self._go("deployments")

    def do_tab_4(self) -> None:
        """Variables."""
        self._go("variables")

    def do_tab_5(self) -> None:
        """Pipelines."""
        self._go("pipelines")

    def do_tab_6(self) -> None:
        """Members and keys."""
        self._go("team")

    def do_tab_7(self) -> None:
        """Alerts."""
        self._go("alerts")

    def do_tab_8(self) -> None:
        """Residency."""
        self._go("residency")

    def do_deploy_open(self) -> None:
        """Deploy a folder."""
        self.post_message(Open(DeployPlace(self.workspace)))
