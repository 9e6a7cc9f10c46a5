"""The environments of a region, of the workspaces that one is a member of; the region itself tells them."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.client.errors import ClientError, NotAllowed, NotFound, NotSignedIn
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.places.text_screen import TextScreen
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.installation import environments as view
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import EnvironmentsPlace, Place, WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, guard


class EnvironmentsScreen(ListScreen):
    """What is installed here, who uses it, and may it go?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    KEYS = "Environments"
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "what is in it"), ("item.destroy", "remove"), ("list.filter", "filter"),
        ("link.retry", "ask again"), ("copy.text", "copy row"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "platform"
    DETAIL_ROWS: ClassVar[int] = 5
    # Each look is an entry of the regions' audit logs: nobody looks but when a key says so.
    FOLLOWS: ClassVar[bool] = False

    def __init__(self, context: Context, place: EnvironmentsPlace) -> None:
        super().__init__(context)
        self.place = place
        self._found: tuple[view.Held, ...] = ()
        self._unanswered: list[str] = []

    def where(self) -> Place:
        """The region's."""
        return self.place

    def crumbs(self) -> list[str]:
        """Below the platform."""
        return ["dlthub-tui", "platform", self.place.region, "environments"]

    def place_key(self) -> str:
        """Each region has its list."""
        return f"environments/{self.place.region}"

    async def load(self) -> None:
        """Each workspace's are asked for with its own token. An older region tells none."""
        from dlthub_tui.client.environments import list_environments

        found: list[view.Held] = []
        unanswered: list[str] = []
        for workspace in await self._workspaces():
            try:
                region = await self.context.connected.region(workspace)
                items, keep_days = await list_environments(region, workspace.id)
            except NotSignedIn:
                raise
            except (NotAllowed, NotFound):
                continue
            except ClientError:
                unanswered.append(workspace.name)
                continue
            found.extend(view.Held(workspace, item, keep_days) for item in items)
        self._found = tuple(sorted(found, key=lambda held: held.environment.used_at, reverse=True))
        self._unanswered = unanswered

    async def _workspaces(self) -> list[WorkspaceRef]:
        from dlthub_tui.client.organizations import list_memberships, list_workspaces

        control = self.context.connected.control
        return [
            self.context.reference(workspace, membership)
            for membership in await list_memberships(control)
            if membership.organization.dataplane_id == self.place.region
            for workspace in await list_workspaces(control, membership.organization.id)
        ]

    def sections(self) -> list[Section]:
        """The environments that the filter leaves."""
        rows = [view.row(held, self.look) for held in self._found]
        empty = (no_match(rows, self.filter_text, "environment"),) if rows else view.EMPTY
        if not rows and self._unanswered:
            empty = ()
        return [Section(view.COLUMNS, matching(rows, self.filter_text), empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """How many, and how long they are kept."""
        return view.answer_of(self._found, self._unanswered), ""

    def _held(self) -> view.Held | None:
        return next((held for held in self._found if held.key == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The one under the cursor."""
        held = self._held()
        return view.details(held, self.look, width) if held else []

    def why_not(self, action: Action) -> str | None:
        """What a run uses stays."""
        held = self._held()
        if action.id == "item.destroy" and held is not None and held.environment.in_use_by:
            return "A run uses it. It can go when that has ended."
        if action.id == "item.destroy" and held is None:
            return "There is no environment under the cursor."
        return super().why_not(action)

    def do_row_open(self) -> None:
        """All that was asked for, and all that used it."""
        held = self._held()
        if held is not None:
            crumbs = [*self.crumbs()[1:], held.workspace.name]
            self.host.push_screen(TextScreen(self.context, crumbs, view.lines(held, self.look), self.place.region))

    def do_item_destroy(self) -> None:
        """Removes the environment, after a question that says what used it."""
        held = self._held()
        if held is None:
            return

        question = f"Remove this environment of {guard(held.workspace.name)}?"
        self.act_on(
            ConfirmSheet(self.context, question, "remove", view.removal_lines(held)), lambda _yes: self._remove(held)
        )

    async def _remove(self, held: view.Held) -> None:
        from dlthub_tui.client.environments import remove_environment

        region = await self.context.connected.region(held.workspace)
        await remove_environment(region, held.workspace.id, held.environment.key)
        await self.reload()
        self.say(f"Removed {view.name_of(held.environment)} of {guard(held.workspace.name)}.", Role.OK)
