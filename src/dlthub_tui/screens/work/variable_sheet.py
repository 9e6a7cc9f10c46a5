"""Asks for a variable: name, scope, plain or secret, value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult

from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.viewmodel.text import Role, guard, line
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field


@dataclass(frozen=True, slots=True)
class VariableChange:
    """What is to be set. `profile` None is the workspace's own scope."""

    name: str
    profile: str | None
    value: str
    is_secret: bool

    def __repr__(self) -> str:
        return f"VariableChange({self.name!r})"


class VariableSheet(FormSheet[VariableChange]):
    """A secret is typed hidden and never read back."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {"profile": "scope"}

    def __init__(self, context: Context, profiles: list[str], profile: str, change: VariableChange | None) -> None:
        super().__init__(context, f"Change {guard(change.name)}" if change else "New variable")
        self._change = change
        self._scopes = ["workspace", *profiles]
        self._scope = (change.profile or "workspace") if change else profile

    def compose_sheet(self) -> ComposeResult:
        """Four fields."""
        change = self._change
        name = change.name if change else ""
        yield Field(self.look, line("   Name      "), text=name, widget_id="name")
        yield Choice(self.look, line("   Scope     "), self._scopes, self._scope, widget_id="scope")
        kind = "secret" if change is None or change.is_secret else "plain"
        yield Choice(self.look, line("   Kind      "), ["secret", "plain"], kind, widget_id="kind")
        value = "" if change is None or change.is_secret else change.value
        hidden = kind == "secret"
        label = line("   Value     ")
        yield Field(self.look, label, text=value, is_hidden=hidden, keeps_lines=True, widget_id="value")

    def first(self) -> Field:
        """The first that is empty."""
        return self.query_one("#value" if self._change else "#name", Field)

    def field_changed(self, widget: Field | Choice) -> None:  # noqa: ARG002 - each may have
        """What is secret is not shown while it is typed."""
        value = self.query_one("#value", Field)
        value.is_hidden = self.query_one("#kind", Choice).chosen == "secret"
        value.refresh()

    def finish(self) -> None:
        """Answers, or says what is missing."""
        value = self.query_one("#value", Field)
        name = self.query_one("#name", Field).text.strip()
        is_secret = self.query_one("#kind", Choice).chosen == "secret"
        scope = self.query_one("#scope", Choice).chosen
        if not name:
            self.say("A variable needs a name.", Role.WARN)
            self.type_into(self.query_one("#name", Field))
        elif is_secret and not value.text:
            self.say("A secret cannot be empty.", Role.WARN)
        else:
            self.answer(VariableChange(name, None if scope == "workspace" else scope, value.text, is_secret))
