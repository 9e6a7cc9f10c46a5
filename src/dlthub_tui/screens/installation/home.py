"""What keys do on home."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from dlthub_tui.client.models import Organization, Workspace
from dlthub_tui.messages import Open
from dlthub_tui.screens.frame.acting import READ_ONLY
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.sheets import LineSheet
from dlthub_tui.screens.installation.home_page import HomePage
from dlthub_tui.viewmodel.installation.needs import needs
from dlthub_tui.viewmodel.keys import roles
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.places import (
    DeployPlace,
    NewOrganizationPlace,
    PlatformPlace,
    RunPlace,
    SignInsPlace,
    WorkspacePlace,
    WorkspaceRef,
    link,
)
from dlthub_tui.viewmodel.text import guard, text_of


class HomeScreen(HomePage):
    """What is running, what failed, what needs me?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list", "home")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "open"), ("pane.next", "pane"), ("item.add", "new"), ("deploy.open", "deploy"),
        ("list.filter", "filter"), ("item.end", "set aside"), ("command.open", "command"), ("nav.close", "leave"),
    )  # fmt: skip
    ENDS: ClassVar[str] = "what needs you, until it happens again"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._made = ""

    def command_text(self) -> str:
        """The log of the run under the cursor, the jobs of the workspace; else what is listed here."""
        place, reach = self._place_chosen(), self.context.reach
        if place is None:
            return in_shell("doctor" if self._chosen()[0] == "plane" else "workspaces", reach=reach)
        return in_shell("logs" if isinstance(place, RunPlace) else "jobs", link(place), reach=reach)

    def twin_of(self, action: Action) -> str:
        """What is opened."""
        is_known = action.id == "row.open" and self._chosen()[0] in {"run", "workspace", "plane"}
        return self.command_text() if is_known else super().twin_of(action)

    def stand_on(self, row: str) -> None:
        """The cursor goes to what was just made, as soon as it is listed; no filter hides it."""
        self._made, self.filter_text = row, ""

    def show_rows(self, *, counts_new: bool = False) -> None:
        """With the cursor on what was made."""
        super().show_rows(counts_new=counts_new)
        if self._made in self.rows.keys:
            self.rows.move_to(self._made)
            self._made = ""

    def _chosen(self) -> tuple[str, str, str]:
        kind, _, rest = (self.rows.key or "").partition("/")
        first, _, second = rest.partition("/")
        return kind, first, second

    def why_not(self, action: Action) -> str | None:
        """What needs something under the cursor."""
        kind, first, _ = self._chosen()
        if self.look.is_read_only and (action.changes or (action.id == "row.open" and self._lacks_something())):
            return READ_ONLY
        if action.id == "deploy.open" and kind != "workspace":
            return self._way_to_deploy(first) if kind == "organization" else "Choose a workspace to deploy to."
        if action.id == "deploy.open" and (workspace := self.workspace_ref(first)) is not None:
            refusal = roles.why_not_for(self.context.role_in(workspace), workspace.name)
            return super().why_not(action) or refusal
        if action.id == "item.end" and kind not in {"run", "leak", "sign-in"}:
            return "Only what needs you can be set aside."
        if action.id == "row.open" and not kind:
            return "There is nothing under the cursor."
        return super().why_not(action)

    def _way_to_deploy(self, organization_id: str) -> str:
        """What an organization lacks before a folder can be deployed."""
        if not self._region_of(organization_id):
            return "It has no region yet: {row.open} chooses it."
        if any(item.workspace.organization_id == organization_id for item in self.state.workspaces):
            return "Choose a workspace below it to deploy to."
        return "It has no workspace yet: {row.open} makes one, then {deploy.open} deploys to it."

    def _organization(self, organization_id: str) -> Organization | None:
        return next((m.organization for m in self.state.memberships if m.organization.id == organization_id), None)

    def _lacks_something(self) -> bool:
        """Whether the row is an organization that is opened by choosing its region, or by making a workspace."""
        kind, first, _ = self._chosen()
        return kind == "organization" and not (self._region_of(first) and self._open_workspaces(first))

    def _open_workspaces(self, organization_id: str) -> list[Workspace]:
        return [
            item.workspace
            for item in self.state.workspaces
            if item.workspace.organization_id == organization_id and item.workspace.archived_at is None
        ]

    def _region_of(self, organization_id: str) -> str | None:
        organization = self._organization(organization_id)
        return organization.dataplane_id if organization else None

    def _place_chosen(self) -> WorkspacePlace | RunPlace | None:
        """The workspace or the failed run under the cursor."""
        kind, first, second = self._chosen()
        workspace = self.workspace_ref(first) if kind in {"workspace", "run"} else None
        if workspace is None or kind == "workspace":
            return WorkspacePlace(workspace) if workspace is not None else None
        state = next(item for item in self.state.workspaces if item.workspace.id == first)
        run = next((item for item in state.failed if item.id == second), None)
        return RunPlace(workspace, run.id, run.job_ref, run.number) if run is not None else None

    def link_text(self) -> str:
        """What is under the cursor; home itself has none."""
        place = self._place_chosen()
        return link(place) if place is not None else super().link_text()

    def do_row_open(self) -> None:
        """The workspace, the failed run, the sign-in, an organization's first workspace, or the choice of a region."""
        kind, first, second = self._chosen()
        if (place := self._place_chosen()) is not None:
            self.post_message(Open(place))
        elif kind == "leak" and (workspace := self.workspace_ref(first)):
            self.fetch(self._open_leak(workspace, *second.split("/", 1)), "open")
        elif kind == "archived":
            self.state = replace(self.state, shows_archived=not self.state.shows_archived)
            self.show_rows()
        elif kind == "sign-in":
            self.post_message(Open(SignInsPlace()))
        elif kind == "plane":
            self.post_message(Open(PlatformPlace(first)))
        elif kind == "organization" and self._region_of(first):
            self._open_first_workspace(first)
        elif (organization := self._organization(first)) is not None:
            self.post_message(Open(NewOrganizationPlace(first, organization.name)))

    async def _open_leak(self, workspace: WorkspaceRef, run_id: str, name: str) -> None:
        from dlthub_tui.client.runs import get_run
        from dlthub_tui.screens.work.masked import open_masked

        run = await get_run(self.context.connected.control, workspace.id, run_id)
        await open_masked(self, workspace, run, name)

    def _open_first_workspace(self, organization_id: str) -> None:
        """The first that is listed below the organization; where there is none, its name is asked for."""
        mine = self._open_workspaces(organization_id)
        workspace = self.workspace_ref(min(mine, key=lambda item: item.name).id) if mine else None
        if workspace is not None:
            self.post_message(Open(WorkspacePlace(workspace)))
        else:
            self._ask_for_workspace(organization_id)

    def do_list_sort(self) -> None:
        """By the next order, within each organization."""
        super().do_list_sort()
        self.state = replace(self.state, order=self.order, is_turned=self.is_turned)
        self.show_rows()

    def do_pane_next(self) -> None:
        """The next pane."""
        self.rows.move_to_next_section(1)

    def do_pane_previous(self) -> None:
        """The pane before."""
        self.rows.move_to_next_section(-1)

    def do_item_end(self) -> None:
        """Sets an entry aside until it happens again."""
        key = self.rows.key
        if key:

            async def take_back() -> None:
                self.state = replace(self.state, aside=self.state.aside - {key})
                self.show_rows()  # what comes back is nothing new

            said = next((text_of(row.cells[1]) for row in needs(self.state, self.look) if row.key == key), "")
            self.state = replace(self.state, aside=self.state.aside | {key})
            self.context.undo = Undo(take_back, f"Needs you: {said}.")
            self.show_rows()
            self.say("Set aside until it happens again. {undo} brings it back.")

    def do_deploy_open(self) -> None:
        """Deploys a folder to the workspace under the cursor."""
        kind, first, _ = self._chosen()
        workspace = self.workspace_ref(first) if kind == "workspace" else None
        if workspace is not None:
            self.post_message(Open(DeployPlace(workspace)))

    def do_item_add(self) -> None:
        """A new workspace in the organization under the cursor; elsewhere a new organization."""
        kind, first, _ = self._chosen()
        organization_id = first if kind == "organization" else None
        if kind == "workspace" and (workspace := self.workspace_ref(first)):
            organization_id = workspace.organization_id
        if organization_id is None or not self._region_of(organization_id) or kind == "organization":
            self.post_message(Open(NewOrganizationPlace()))
            return
        self._ask_for_workspace(organization_id)

    def _ask_for_workspace(self, organization_id: str) -> None:
        organization = self._organization(organization_id)
        assert organization is not None, "the cursor is in it"
        title = f"New workspace in {guard(organization.name)}"
        sheet = LineSheet(self.context, title, "Name")
        sheet.sheet_note = f"{self.look.glyphs.lock}{organization.dataplane_id}"
        self.act_on(sheet, lambda name: self._add_workspace(organization_id, name))

    async def _add_workspace(self, organization_id: str, name: str) -> None:
        from dlthub_tui.client.organizations import create_workspace

        workspace = await create_workspace(self.context.connected.control, organization_id, name)
        self.stand_on(f"workspace/{workspace.id}")
        await self.reload()
        self.say(f"Created {workspace.name}. {{deploy.open}} deploys a folder to it.")
