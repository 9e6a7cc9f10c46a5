"""Variables of a workspace, from its region only and never kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from dlthub_tui.client.errors import ClientError, NotAllowed, NotReachable, TimedOut
from dlthub_tui.client.models import Configuration
from dlthub_tui.client.variables import Variable
from dlthub_tui.screens.asking.run_reading import learn_people
from dlthub_tui.screens.frame.context import Context, Undo
from dlthub_tui.screens.frame.editing import Change, edit
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.marking import MarkedList
from dlthub_tui.screens.places.sorting import SortedList
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.work.variable_sheet import VariableChange, VariableSheet
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.keys.shell_twins import in_shell_of_client
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, muted
from dlthub_tui.viewmodel.workspace import variables as view
from dlthub_tui.viewmodel.workspace.variable_file import (
    ScopeChange,
    deletion,
    difference,
    inverse,
    parse,
    render,
    scopes_of,
    secrets_of,
)
from dlthub_tui.widgets.lines import LinesView

EMPTY = "No variables. Press {item.add}. Jobs read them as environment variables, before .dlt TOML."


class VariablesScreen(TabScreen, SortedList, MarkedList):
    """Which value wins?"""

    LAYERS: ClassVar[tuple[str, ...]] = ("global", "workspace", "move", "list", "tree")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "change"), ("item.add", "add"), ("item.edit", "edit"), ("tree.open", "profile"),
        ("item.destroy", "delete"), ("list.filter", "filter"), ("row.mark", "mark"),
    )  # fmt: skip
    STYLES = "variables"
    DETAIL_ROWS: ClassVar[int] = 4
    # Each look is an entry of the region's trail.
    FOLLOWS: ClassVar[bool] = False
    TAB = "variables"
    ORDERS = view.ORDERS

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._variables: tuple[Variable, ...] = ()
        self._configuration: Configuration | None = None
        self._profile = "prod"
        self._people: Mapping[str, str] = {}

    async def load(self) -> None:
        """All scopes, straight from the region."""
        from dlthub_tui.client.deployments import find_latest_configuration
        from dlthub_tui.client.variables import list_variables

        region = await self.context.connected.region(self.workspace)
        self._variables = ()
        try:
            self._variables = await list_variables(region, self.workspace.id)
        except NotAllowed:
            await self.learn_owners()
            raise
        self._configuration = await find_latest_configuration(self.context.connected.control, self.workspace.id)
        self.fetch(self._learn_people(), "known")

    def refusal(self, trouble: NotAllowed) -> str:
        """Which role reads them: its plane speaks of grants."""
        is_owner = self.context.role_in(self.workspace) == "owner"
        return super().refusal(trouble) if is_owner else self.for_owners("Variables are")

    async def _learn_people(self) -> None:
        authors = {variable.updated_by for variable in self._variables if variable.updated_by}
        self._people = (await learn_people(self.context, self.workspace, authors)).people
        self.query_one("#details", LinesView).update()

    @property
    def _profiles(self) -> list[str]:
        return view.profiles_of(self._variables, self._configuration)

    def _pairs(self) -> list[view.Pair]:
        return self.in_order(view.sorted_pairs(view.pairs(self._variables, self._profile), self.order))

    def sections(self) -> list[Section]:
        """The names that the filter leaves; nothing of an older reading while the region is silent."""
        if self.trouble is not None:
            return []
        others = [name for name in self._profiles if name != self._profile]
        rows = [view.pair_row(pair, others, self.look) for pair in self._pairs()]
        found = matching(rows, self.filter_text)
        empty = (no_match(rows, self.filter_text, "variable"),) if rows else (EMPTY,)
        columns = view.columns(guard(self._profile), [guard(name) for name in others], self.look)
        return [Section(columns, found, empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """How values win."""
        said = (Span("A profile value beats the workspace value. "), muted("Both beat .dlt TOML files."))
        return said, f"profile {guard(self._profile)}"

    def _pair(self) -> view.Pair | None:
        return next((pair for pair in self._pairs() if pair.name == self.rows.key), None)

    def _chosen(self) -> list[view.Pair]:
        """What is marked, or under the cursor, and set for jobs on the profile."""
        keys = self.chosen_keys
        return [pair for pair in self._pairs() if pair.name in keys and pair.winner is not None]

    def detail_lines(self, width: int) -> list[Line]:
        """The name under the cursor."""
        pair = self._pair() if self.is_loaded and self.trouble is None else None
        return view.pair_details(pair, self._profile, self._people, self.look, width) if pair else []

    def why_not(self, action: Action) -> str | None:
        """What needs a name under the cursor, or what is set: that is known while its region answers."""
        if action.id in {"item.add", "item.edit", "item.destroy"} and isinstance(self.trouble, NotReachable | TimedOut):
            return f"{guard(self.trouble.what)} Nothing can be set now."
        if action.id == "item.edit" and not self.is_loaded:
            return "What is set is not known yet."
        if action.id in {"row.open", "row.mark"} and (not self.is_loaded or self._pair() is None):
            return "There is no variable under the cursor."
        if action.id == "item.destroy" and not self._chosen():
            if self.rows.marked:
                return f"Nothing that is marked is set for {guard(self._profile)}."
            unset = f"It is not set for {guard(self._profile)}."
            return unset if self.is_loaded and self._pair() is not None else "There is no variable under the cursor."
        if action.id == "row.open" and self.look.is_read_only:
            return "This session is read-only and changes nothing."
        return super().why_not(action)

    def command_text(self) -> str:
        """Sets the variable under the cursor; the value is asked for."""
        pair = self._pair()
        variable = pair.winner if pair else None
        if variable is None:
            return super().command_text()
        kind = "--secret" if variable.is_secret else "--plain"
        scope = ("--profile", variable.profile) if variable.profile else ("--workspace",)
        return in_shell_of_client("variable set", variable.name, kind, *scope)

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
        self.act_on(VariableSheet(self.context, self._profiles, self._profile, change), self._set)

    async def _set(self, change: VariableChange) -> None:
        from dlthub_tui.client.variables import set_variable

        before = self._variables
        region = await self.context.connected.region(self.workspace)
        await set_variable(
            region, self.workspace.id, change.profile, change.name, change.value, is_secret=change.is_secret
        )
        self.context.leaks_again.pop(self.workspace.id, None)
        # A plain one that became a secret stays one.
        plain = () if change.is_secret else (ScopeChange(change.profile, {change.name: change.value}, ()),)
        undo = " {undo} takes that back." if self._can_take_back(plain, before) else ""
        await self.reload()
        self.rows.move_to(change.name)
        if change.is_secret and len(change.value) < view.SHORTEST_SECRET:
            self.say("4 characters or fewer cannot be masked in logs. Use a longer one.", Role.WARN)
        else:
            self.say(f"Set {guard(change.name)} in {guard(change.profile or 'the workspace')}.{undo}")

    def _can_take_back(self, changes: Sequence[ScopeChange], before: Sequence[Variable]) -> bool:
        """Keeps what takes these changes back, where anything does."""
        back = inverse(changes, before)
        self.context.undo = Undo(lambda: self._apply(back), "The variables are as they were.") if back else None
        return bool(back)

    async def _apply(self, changes: Sequence[ScopeChange]) -> None:
        from dlthub_tui.client.variables import change_variables

        region = await self.context.connected.region(self.workspace)
        for change in changes:
            await change_variables(region, self.workspace.id, change.profile, change.upserts, change.deletes)

    async def _change(self, changes: Sequence[ScopeChange], said: str, undo: str) -> None:
        """Scope by scope. What was changed before a scope failed is shown, and can be taken back."""
        before, done = self._variables, list[ScopeChange]()
        try:
            for change in changes:
                await self._apply((change,))
                done.append(change)
        except ClientError as exc:
            self._can_take_back(done, before)
            await self.reload()
            if done:
                scopes = ", ".join(guard(change.profile or "the workspace") for change in done)
                self.say(f"Only {scopes} changed: {exc.what}", Role.FAIL)
                return
            raise
        can_take_back = self._can_take_back(done, before)
        self.rows.set_marks(set())
        await self.reload()
        self.say(f"{said} {undo}" if can_take_back else said, Role.OK)

    def do_item_edit(self) -> None:
        """The plain ones of all scopes, in the user's editor."""
        before, secrets = scopes_of(self._variables), secrets_of(self._variables)
        where = guard(f"{self.workspace.organization_name}/{self.workspace.name}")

        def read(text: str) -> Change | None:
            changes = difference(before, parse(text), secrets)
            if not changes:
                self.say("Nothing changed.")
                return None
            said = [each for change in changes for each in change.words]
            more = [guard(each) for each in said[:6]] + ([f"and {len(said) - 6} more"] if len(said) > 6 else [])
            changed, undo = f"Changed {words.plural(len(said), 'variable')}.", "{undo} takes that back."
            sheet = ConfirmSheet(self.context, f"Change {where}?", "change", more)
            return sheet, lambda: self._change(changes, changed, undo)

        if (sheet := edit(self, render(before, self._profiles, where), "variables.toml", read)) is not None:
            self.host.push_screen(sheet)

    def do_item_destroy(self) -> None:
        """Deletes the values that win, of what is marked or under the cursor; says what will win instead."""
        chosen = self._chosen()
        variables = [pair.winner for pair in chosen if pair.winner is not None]
        undo = f"{{undo}} brings {'it' if len(variables) == 1 else 'the plain ones'} back."
        question, more = view.delete_question(chosen, self._profile)
        scopes = {variable.profile or "the workspace" for variable in variables}
        names = guard(variables[0].name) if len(variables) == 1 else words.plural(len(variables), "variable")
        said = f"Deleted {names} in {' and '.join(sorted(map(guard, scopes)))}."

        self.act_on(
            ConfirmSheet(self.context, question, "delete", more),
            lambda _yes: self._change(deletion(variables), said, undo),
        )
