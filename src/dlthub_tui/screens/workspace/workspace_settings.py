"""What is set for one workspace: its name, who may do what, what is kept, how its logs are scrubbed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.errors import ClientError, NotSignedIn
from dlthub_tui.client.workspace_settings import Scrubbing, WorkspaceSettings
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.editing import Change, edit
from dlthub_tui.screens.frame.sheets import ConfirmSheet, FormSheet, LineSheet, Sheet
from dlthub_tui.screens.places.listing import ListScreen
from dlthub_tui.screens.workspace.archiving import ArchiveSheet
from dlthub_tui.session.numbers import whole_number
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import Place, WorkspaceSettingsPlace
from dlthub_tui.viewmodel.table import Section, rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, guard, line
from dlthub_tui.viewmodel.workspace import workspace_settings as view
from dlthub_tui.viewmodel.workspace.residency import LAX_SAID, STRICT_SAID, strictness_question
from dlthub_tui.widgets.choice import Choice

MOST_NAMED = 8


class RoleSheet(FormSheet[str]):
    """Which role members have who have none of their own."""

    FOOTER = (("form.next", "set it"), ("nav.back", "leave it"))

    def __init__(self, context: Context, role: str | None) -> None:
        super().__init__(context, "Default role")
        self._role = role or view.NO_ROLE

    def compose_sheet(self) -> ComposeResult:
        """One choice."""
        yield Choice(self.look, line("   Role      "), view.ROLES, self._role, widget_id="role")

    def finish(self) -> None:
        """Answers."""
        self.answer(self.query_one("#role", Choice).chosen)


class WorkspaceSettingsScreen(ListScreen):
    """What holds for everybody in this workspace?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "move", "list")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "change"), ("list.filter", "filter"), ("copy.text", "copy"), ("nav.back", "back"),
    )  # fmt: skip
    STYLES = "settings"
    DETAIL_ROWS: ClassVar[int] = 3

    def __init__(self, context: Context, place: WorkspaceSettingsPlace) -> None:
        super().__init__(context)
        self.place = place
        self.workspace = place.workspace
        self._settings: WorkspaceSettings | None = None
        self._scrubbing: Scrubbing | str = ""

    def where(self) -> Place:
        """This place."""
        return self.place

    def crumbs(self) -> list[str]:
        """Organization, workspace, settings."""
        return [self.workspace.organization_name, self.workspace.name, "settings"]

    def region_lock(self) -> str | None:
        """The workspace's region."""
        return self.workspace.dataplane_id

    def place_key(self) -> str:
        """Each workspace keeps its own place."""
        return f"{self.workspace.id}/settings"

    async def load(self) -> None:
        """From the control plane; of scrubbing its region is asked, and what it refuses hides nothing else."""
        from dlthub_tui.client.workspace_settings import get_scrubbing, get_settings

        self._settings = await get_settings(self.context.connected.control, self.workspace.id)
        try:
            region = await self.context.connected.region(self.workspace)
            self._scrubbing = await get_scrubbing(region, self.workspace.id)
        except NotSignedIn:
            raise
        except ClientError as exc:
            self._scrubbing = guard(exc.what)

    def sections(self) -> list[Section]:
        """The settings that the filter leaves."""
        if self._settings is None:
            return []
        found = view.sections(self._settings, self._scrubbing, self.workspace.dataplane_id, self.look)[0]
        rows = matching(found.rows, self.filter_text)
        return [Section(found.columns, rows, empty=(no_match(found.rows, self.filter_text, "setting"),))]

    def answer_line(self) -> tuple[Line, str]:
        """Whose settings they are."""
        if self._settings is None:
            return EMPTY_LINE, ""
        said = (Span(f"Settings of {guard(self._settings.name)}, for everybody in it."),)
        return said, self.context.role_in(self.workspace)

    def detail_lines(self, width: int) -> list[Line]:
        """What the setting under the cursor does."""
        key = self.rows.key
        if key not in view.SETTINGS:
            return []
        why = self._scrubbing if isinstance(self._scrubbing, str) else ""
        return [rule(view.SETTINGS[key].title, "", width, self.look), *view.details(key, why, self.look)]

    def why_not(self, action: Action) -> str | None:
        """Owners change settings; some cannot be changed."""
        key, settings = self.rows.key, self._settings
        if action.id == "row.open":
            if settings is None or key not in view.SETTINGS:
                return "There is no setting under the cursor."
            if self.look.is_read_only:
                return "This session is read-only and changes nothing."
            if (role := self.context.role_in(self.workspace)) != "owner":
                return f"Settings are changed by owners of the workspace; you are a {role}."
            if settings.is_playground and key in {"name", "description", "role", "state"}:
                return "A playground belongs to one person and stays as it is."
            if key in view.SCRUBBING and isinstance(self._scrubbing, str):
                return self._scrubbing or "It is not known yet."
        return super().why_not(action)

    def do_row_open(self) -> None:
        """Changes the setting under the cursor."""
        settings, key = self._settings, self.rows.key
        if settings is None:
            return
        match key:
            case "name" | "description":
                self._ask_text(settings, key)
            case "role":
                sheet = RoleSheet(self.context, settings.default_role)
                self.act_on(sheet, lambda chosen: self._chose_role(settings.default_role, chosen))
            case "versions":
                text = str(settings.keep_versions)
                sheet = LineSheet(self.context, "How many of the newest versions are kept?", "Versions", text=text)
                self.act_on(sheet, lambda text: self._chose_count(settings.keep_versions, text))
            case "words":
                self._ask_words(is_strict=not settings.is_strict)
            case "state":
                self._ask_archive(settings)
            case _:
                self._edit_scrubbing()

    async def _done(self, said: str, take_back: Callable[[], Awaitable[object]] | None, then: str = "") -> None:
        self.context.undo = Undo(take_back, then) if take_back is not None else None
        await self.reload()
        self.say(f"{said} {{undo}} takes that back." if take_back is not None else said, Role.OK)

    def _ask_text(self, settings: WorkspaceSettings, key: str) -> None:
        before = settings.name if key == "name" else settings.description or ""

        title = view.SETTINGS[key].title
        sheet = LineSheet(self.context, f"{title} of {guard(settings.name)}", title, text=before)
        self.act_on(sheet, lambda text: self._set_text(key, before, text))

    async def _set_text(self, key: str, before: str, text: str) -> None:
        from dlthub_tui.client.workspace_settings import change_workspace

        if text == before:
            return
        control, workspace_id = self.context.connected.control, self.workspace.id
        await change_workspace(control, workspace_id, {key: text})
        title = view.SETTINGS[key].title
        await self._done(
            f"{title} is {guard(text)}.",
            lambda: change_workspace(control, workspace_id, {key: before or None}),
            f"{title} is as it was.",
        )

    async def _chose_role(self, before: str | None, chosen: str) -> None:
        role = None if chosen == view.NO_ROLE else chosen
        if role != before:
            await self._set_role(before, role)

    async def _set_role(self, before: str | None, role: str | None) -> None:
        from dlthub_tui.client.workspace_settings import set_default_role

        control, workspace_id = self.context.connected.control, self.workspace.id
        await set_default_role(control, workspace_id, role)
        said = f"Members without a role of their own are {role}s here." if role else "Members need a role of their own."
        await self._done(
            said, lambda: set_default_role(control, workspace_id, before), "The default role is as it was."
        )

    async def _chose_count(self, before: int, text: str) -> Sheet[bool] | None:
        """More at once; fewer after a question."""
        count = whole_number(text)
        if not count:
            raise ClientError("A number of versions is needed, 1 or more.", "Nothing changed.")
        if count >= before:
            if count > before:
                await self._set_count(before, count)
            return None

        more = ("Older ones are removed with the next upload, and nobody can roll back to them then.",)
        question = f"Keep {count} versions of code instead of {before}?"
        sheet = ConfirmSheet(self.context, question, "keep fewer", more)
        return sheet.acting(self, lambda _yes: self._set_count(before, count))

    async def _set_count(self, before: int, count: int) -> None:
        from dlthub_tui.client.workspace_settings import set_kept_versions

        control, workspace_id = self.context.connected.control, self.workspace.id
        await set_kept_versions(control, workspace_id, count)
        await self._done(
            f"The newest {count} versions are kept.",
            lambda: set_kept_versions(control, workspace_id, before),
            f"The newest {before} are kept.",
        )

    def _ask_words(self, *, is_strict: bool) -> None:
        question, verb, more = strictness_question(guard(self.workspace.name), is_strict=is_strict)
        self.act_on(ConfirmSheet(self.context, question, verb, more), lambda _yes: self._set_strict(is_strict))

    async def _set_strict(self, is_strict: bool) -> None:
        from dlthub_tui.client.strictness import set_strict

        await set_strict(self.context.connected.control, self.workspace.id, is_strict=is_strict)
        await self._done(f"{guard(self.workspace.name)} {STRICT_SAID if is_strict else LAX_SAID}", None)

    def _ask_archive(self, settings: WorkspaceSettings) -> None:
        if settings.archived_at is not None:
            self.fetch(self._set_archived(is_archived=False), "act")
            return

        self.act_on(
            ArchiveSheet(self.context, self.workspace, settings.name), lambda _yes: self._set_archived(is_archived=True)
        )

    async def _set_archived(self, *, is_archived: bool) -> None:
        from dlthub_tui.client.organizations import archive_workspace, unarchive_workspace

        control, workspace_id, name = self.context.connected.control, self.workspace.id, guard(self.workspace.name)
        do, back = (archive_workspace, unarchive_workspace) if is_archived else (unarchive_workspace, archive_workspace)
        await do(control, workspace_id)
        away, here = f"{name} is archived.", f"{name} is in use again."
        said, then = (away, here) if is_archived else (here, away)
        await self._done(said, lambda: back(control, workspace_id), then)

    def _edit_scrubbing(self) -> None:
        """All of it in the user's editor; what changes is named before it is sent."""
        before = self._scrubbing
        if isinstance(before, str):
            return
        where = guard(f"{self.workspace.organization_name}/{self.workspace.name}")

        def read(text: str) -> Change | None:
            after = view.parse_file(text, before)
            changes = view.changes_of(before, after)
            if not changes:
                self.say("Nothing changed.")
                return None
            more = changes[:MOST_NAMED]
            more += [f"and {len(changes) - MOST_NAMED} more"] if len(changes) > MOST_NAMED else []
            more.append("It holds for runs that start from now on; stored logs stay as they are.")
            sheet = ConfirmSheet(self.context, f"Change how logs of {where} are scrubbed?", "change", more)
            return sheet, lambda: self._set_scrubbing(before, after)

        if (sheet := edit(self, view.file_of(before, where), "scrubbing.toml", read)) is not None:
            self.host.push_screen(sheet)

    async def _set_scrubbing(self, before: Scrubbing, after: Scrubbing) -> None:
        from dlthub_tui.client.workspace_settings import set_scrubbing

        region = await self.context.connected.region(self.workspace)
        await set_scrubbing(region, self.workspace.id, after)
        await self._done(
            "Runs from now on are scrubbed like that.",
            lambda: set_scrubbing(region, self.workspace.id, before),
            "Scrubbing is as it was.",
        )
