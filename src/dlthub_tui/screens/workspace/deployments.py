"""Versions of a workspace's code: their files, what differs between two, and the way back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.versions import Version
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.places.text_screen import TextScreen
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line
from dlthub_tui.viewmodel.workspace import deployments as view
from dlthub_tui.viewmodel.workspace import version_files

if TYPE_CHECKING:
    from dlthub_tui.client.changes import Change


class DeploymentsScreen(TabScreen, SortedList):
    """Which version runs, and which were before?"""

    LAYERS: ClassVar[tuple[str, ...]] = (*TabScreen.LAYERS, "versions")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "files"), ("row.mark", "mark two to compare"), ("version.roll_back", "roll back"),
        ("deploy.open", "deploy"), ("list.filter", "filter"),
    )  # fmt: skip
    STYLES = "deployments"
    TAB = "deployments"
    ORDERS = view.ORDERS
    IS_TOLD = True

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._versions: tuple[Version, ...] = ()
        self._total = 0
        self._emails: dict[str, str] = {}

    def concerns(self, change: Change) -> bool:
        """What is deployed to the workspace, and the jobs that a deploy changes."""
        return change.workspace_id == self.workspace.id and change.run_id is None

    async def load(self) -> None:
        """The newest versions."""
        from dlthub_tui.client.members import find_emails
        from dlthub_tui.client.versions import list_versions

        control = self.context.connected.control

        async def ask_versions() -> None:
            page = await list_versions(control, self.workspace.id)
            self._versions, self._total = page.items, page.total

        async def ask_people() -> None:
            self._emails = await find_emails(control, self.workspace.id)

        await ask_at_once((ask_versions, ask_people))

    def sections(self) -> list[Section]:
        """The versions that the filter leaves."""
        versions = self.in_order(view.sorted_versions(self._versions, self.order))
        rows = [view.version_row(version, self._emails, self.look) for version in versions]
        found = matching(rows, self.filter_text)
        empty = ("Nothing is deployed yet. {deploy.open} deploys a folder.",)
        return [Section(view.COLUMNS, found, empty=(no_match(rows, self.filter_text, "version"),) if rows else empty)]

    def answer_line(self) -> tuple[Line, str]:
        """What is deployed, and how many versions there are."""
        return view.answer_of(self._versions, self.look), f"{len(self.rows.keys)} shown of {self._total}"

    def why_not(self, action: Action) -> str | None:
        """Why there is no way back to the version under the cursor."""
        version = self._version(self.rows.key)
        if action.id == "version.roll_back" and version is not None:
            return super().why_not(action) or view.why_no_roll_back(version)
        return super().why_not(action)

    def do_row_open(self) -> None:
        """The files of the version, from its region."""
        version = self._version(self.rows.key)
        if version is not None:
            self.fetch(self._show_files(version), "act")

    def do_row_mark(self) -> None:
        """Marks; the second mark shows what differs between the two."""
        self.rows.toggle_mark()
        marked = [version for version in self._versions if version.deployment.id in self.rows.marked]
        if len(marked) == 2:
            self.rows.set_marks(set())
            self.fetch(self._compare(marked[1], marked[0]), "act")
        else:
            self.rows.move(1)
        self.show_kept()

    def do_version_roll_back(self) -> None:
        """Asks what it would do, then whether to do it."""
        version = self._version(self.rows.key)
        if version is not None:
            self.fetch(self._ask_to_roll_back(version), "act")

    def _version(self, key: str | None) -> Version | None:
        return next((version for version in self._versions if version.deployment.id == key), None)

    async def _show_files(self, version: Version) -> None:
        from dlthub_tui.client.versions import list_files

        region = await self.context.connected.region(self.workspace)
        files = await list_files(region, self.workspace.id, version.deployment.id)
        self._read(f"version {version.deployment.version}", version_files.tree(files, self.look))

    async def _compare(self, before: Version, after: Version) -> None:
        from dlthub_tui.client.versions import list_files

        region = await self.context.connected.region(self.workspace)
        old = await list_files(region, self.workspace.id, before.deployment.id)
        new = await list_files(region, self.workspace.id, after.deployment.id)
        title = f"{before.deployment.version} {self.look.glyphs.becomes} {after.deployment.version}"
        self._read(title, version_files.difference(old, new, self.look))

    def _read(self, title: str, lines: list[Line]) -> None:
        self.host.push_screen(TextScreen(self.context, [*self.crumbs(), title], lines, self.region_lock()))

    async def _ask_to_roll_back(self, version: Version) -> None:
        from dlthub_tui.client.versions import roll_back

        control, deployment = self.context.connected.control, version.deployment
        receipt = await roll_back(control, self.workspace.id, deployment.id, dry_run=True)

        question, more = view.roll_back_question(deployment), view.roll_back_lines(receipt)
        self.act_on(ConfirmSheet(self.context, question, "roll back", more), lambda _yes: self._roll_back(version))

    async def _roll_back(self, version: Version) -> None:
        from dlthub_tui.client.versions import roll_back

        control, deployment = self.context.connected.control, version.deployment
        await roll_back(control, self.workspace.id, deployment.id, dry_run=False)
        await self.reload()
        self.say(f"Rolled back to version {deployment.version}.")
