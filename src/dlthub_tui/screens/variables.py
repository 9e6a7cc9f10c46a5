"""Variables of a workspace, from its region only and never kept."""

from __future__ import annotations

from typing import ClassVar

from dlthub_tui.client.models import Configuration
from dlthub_tui.client.variables import Variable
from dlthub_tui.screens.context import Context, Undo
from dlthub_tui.screens.editing import edited
from dlthub_tui.screens.sheets import ConfirmSheet
from dlthub_tui.screens.sorting import SortedList
from dlthub_tui.screens.tabs import TabScreen
from dlthub_tui.screens.variable_sheet import VariableChange, VariableSheet
from dlthub_tui.viewmodel import variables as view
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.actions import Action
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, muted
from dlthub_tui.viewmodel.variable_file import (
    WORKSPACE,
    BadFile,
    ScopeChange,
    Scopes,
    difference,
    parse,
    render,
    scopes_of,
)

EMPTY = "No variables. Press a. Jobs read them as environment variables, before .dlt TOML."


class VariablesScreen(TabScreen, SortedList):
    """Which value wins?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "workspace", "move", "list", "tree")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "change"), ("item.add", "add"), ("item.edit", "edit"), ("tree.open", "profile"),
        ("item.destroy", "delete"), ("list.filter", "filter"),
    )  # fmt: skip
    STYLES = "variables"
    DETAIL_ROWS: ClassVar[int] = 4
    TAB = "variables"
    ORDERS = view.ORDERS

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._variables: tuple[Variable, ...] = ()
        self._configuration: Configuration | None = None
        self._profile = "prod"

    async def load(self) -> None:
        """All scopes, straight from the region."""
        from dlthub_tui.client.deployments import find_latest_configuration
        from dlthub_tui.client.variables import list_variables

        region = await self.context.connected.region(self.workspace)
        self._variables = ()
        self._variables = await list_variables(region, self.workspace.id)
        self._configuration = await find_latest_configuration(self.context.connected.control, self.workspace.id)

    @property
    def _profiles(self) -> list[str]:
        return view.profiles_of(self._variables, self._configuration)

    def _pairs(self) -> list[view.Pair]:
        return view.sorted_pairs(view.pairs(self._variables, self._profile), self.order)

    def sections(self) -> list[Section]:
        """The names that the filter leaves; nothing of an older reading while the region is silent."""
        if self.trouble is not None:
            return []
        rows = [view.pair_row(pair, self.look) for pair in self._pairs()]
        found = matching(rows, self.filter_text)
        empty = (no_match(rows, self.filter_text, "variable"),) if rows else (EMPTY,)
        return [Section(view.columns(guard(self._profile)), found, empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """How values win."""
        said = (Span("A profile value beats the workspace value. "), muted("Both beat .dlt TOML files."))
        return said, f"profile {guard(self._profile)}"

    def _pair(self) -> view.Pair | None:
        return next((pair for pair in self._pairs() if pair.name == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The name under the cursor."""
        pair = self._pair() if self.is_loaded and self.trouble is None else None
        return view.pair_details(pair, self._profile, self.look, width) if pair else []

    def why_not(self, action: Action) -> str | None:
        """What needs a name under the cursor."""
        if action.id in {"row.open", "item.destroy"} and (not self.is_loaded or self._pair() is None):
            return "There is no variable under the cursor."
        if action.id == "item.destroy" and (pair := self._pair()) is not None and pair.winner is None:
            return f"It is not set for {guard(self._profile)}."
        if action.id == "row.open" and self.look.is_read_only:
            return "This session is read-only and changes nothing."
        return super().why_not(action)

    def command_text(self) -> str:
        """Sets the variable under the cursor; the value is asked for."""
        pair = self._pair()
        variable = pair.winner if pair else None
        if variable is None:
            return ""
        kind = "--secret" if variable.is_secret else "--plain"
        scope = f"--profile {variable.profile}" if variable.profile else "--workspace"
        return f"dlthub variable set {variable.name} {kind} {scope}"

    def twin_of(self, action: Action) -> str:
        """Setting the variable under the cursor."""
        return self.command_text() if action.id == "row.open" else super().twin_of(action)

    def do_tree_open(self) -> None:
        """The next profile."""
        self._turn(1)

    def do_tree_close(self) -> None:
        """The profile before."""
        self._turn(-1)

    def _turn(self, steps: int) -> None:
        names = self._profiles
        at = names.index(self._profile) if self._profile in names else 0
        self._profile = names[(at + steps) % len(names)]
        self.show_rows()

    def do_row_open(self) -> None:
        """Changes the value that wins."""
        pair = self._pair()
        variable = pair.winner if pair else None
        if variable is not None:
            self._ask(VariableChange(variable.name, variable.profile, variable.value or "", variable.is_secret))
        elif pair is not None:
            self._ask(VariableChange(pair.name, self._profile, "", True))

    def do_item_add(self) -> None:
        """A new variable."""
        self._ask(None)

    def _ask(self, change: VariableChange | None) -> None:
        def answered(wanted: VariableChange | None) -> None:
            if wanted is not None:
                self.fetch(self._set(wanted), "act")

        self.host.push_screen(VariableSheet(self.context, self._profiles, self._profile, change), answered)

    async def _set(self, change: VariableChange) -> None:
        from dlthub_tui.client.variables import set_variable

        before = scopes_of(self._variables)
        region = await self.context.connected.region(self.workspace)
        await set_variable(
            region, self.workspace.id, change.profile, change.name, change.value, is_secret=change.is_secret
        )
        await self._remember(before)
        self.rows.move_to(change.name)
        if change.is_secret and len(change.value) < view.SHORTEST_SECRET:
            self.say("4 characters or fewer cannot be masked in logs. Use a longer one.", Role.WARN)
        else:
            undo = "" if self.context.undo is None or change.is_secret else " u takes that back."
            self.say(f"Set {guard(change.name)} in {guard(change.profile or 'the workspace')}.{undo}")

    async def _remember(self, before: Scopes) -> None:
        """Reads again; what changed among the plain ones can be taken back."""
        await self.reload()
        secrets = self._secrets()
        try:
            changes = difference(scopes_of(self._variables), before, secrets)
        except BadFile:  # a plain one became a secret, and stays one
            changes = []
        if changes:
            self.context.undo = Undo(lambda: self._apply(changes), "The variables are as they were.")

    def _secrets(self) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for variable in self._variables:
            if variable.is_secret:
                scope = f"profile.{variable.profile}" if variable.profile else WORKSPACE
                found[scope] = found.get(scope, frozenset()) | {variable.name}
        return found

    async def _apply(self, changes: list[ScopeChange]) -> None:
        from dlthub_tui.client.variables import change_variables

        region = await self.context.connected.region(self.workspace)
        for change in changes:
            await change_variables(region, self.workspace.id, change.profile, change.upserts, change.deletes)

    def do_item_edit(self) -> None:
        """The plain ones of all scopes, in the user's editor."""
        before = scopes_of(self._variables)
        where = f"{self.workspace.organization_name}/{self.workspace.name}"
        text = edited(self, render(before, self._profiles, guard(where)), "variables.toml")
        if text is None:
            return
        try:
            changes = difference(before, parse(text), self._secrets())
        except BadFile as exc:
            self.say(f"Nothing changed. {guard(str(exc))}", Role.FAIL)
            return
        if not changes:
            self.say("Nothing changed.")
            return
        said = [each for change in changes for each in change.words]
        more = [guard(each) for each in said[:6]] + ([f"and {len(said) - 6} more"] if len(said) > 6 else [])

        def answered(yes: bool | None) -> None:
            if yes:
                self.fetch(self._change(changes, before, len(said)), "act")

        self.host.push_screen(ConfirmSheet(self.context, f"Change {where}?", "change", more), answered)

    async def _change(self, changes: list[ScopeChange], before: Scopes, count: int) -> None:
        await self._apply(changes)
        await self._remember(before)
        self.say(f"Changed {words.plural(count, 'variable')}. u takes that back.", Role.OK)

    def do_item_destroy(self) -> None:
        """Deletes the value that wins; says what will win instead."""
        pair = self._pair()
        variable = pair.winner if pair else None
        if pair is None or variable is None:
            return
        scope = guard(variable.profile or "the workspace")
        after = "get the workspace value" if variable is pair.profile and pair.workspace else "do not get it any more"
        question = f"Delete {guard(pair.name)} in {scope}?"
        back = "It does not come back." if variable.is_secret else "u brings it back."
        more = (f"Jobs on {guard(self._profile)} then {after}. {back}",)

        def answered(yes: bool | None) -> None:
            if yes:
                self.fetch(self._delete(variable), "act")

        self.host.push_screen(ConfirmSheet(self.context, question, "delete", more), answered)

    async def _delete(self, variable: Variable) -> None:
        from dlthub_tui.client.variables import delete_variable

        region = await self.context.connected.region(self.workspace)
        before = scopes_of(self._variables)
        await delete_variable(region, self.workspace.id, variable.profile, variable.name)
        self.context.undo = None
        await self._remember(before)
        undo = "" if self.context.undo is None else " u brings it back."
        self.say(f"Deleted {guard(variable.name)} in {guard(variable.profile or 'the workspace')}.{undo}")
