"""Alerts of a workspace, from its region only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from dlthub_tui.client.alerts import Alert, MailServer
from dlthub_tui.client.at_once import ask_at_once
from dlthub_tui.client.errors import NotAllowed, Refused
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.screens.places.tabs import TabScreen
from dlthub_tui.screens.places.text_screen import TextScreen
from dlthub_tui.screens.workspace.alert_sheets import AlertSheet, MailServerSheet
from dlthub_tui.viewmodel.filters import matching, no_match
from dlthub_tui.viewmodel.keys.actions import Action
from dlthub_tui.viewmodel.places import WorkspaceRef
from dlthub_tui.viewmodel.table import Section
from dlthub_tui.viewmodel.text import Line, Role, guard, wrapped
from dlthub_tui.viewmodel.workspace import alerts as view

_OF_ONE = frozenset({"row.open", "item.end", "item.destroy", "alert.test", "alert.messages"})
_SHOWN_MESSAGES = 200
# The cells of a list that no line has: its cursor, mark and sign.
_AROUND = 5


class AlertsScreen(TabScreen):
    """Who is told, and did it arrive?"""

    LAYERS: ClassVar[tuple[str, ...]] = (*TabScreen.LAYERS, "alerts")
    FOOTER: ClassVar[tuple[tuple[str, str], ...]] = (
        ("row.open", "change"), ("item.add", "add"), ("alert.test", "test"), ("item.end", "off, on"),
        ("alert.messages", "messages"), ("item.destroy", "delete"), ("alert.mail", "mail server"),
    )  # fmt: skip
    FOR_DEVELOPERS: ClassVar[frozenset[str]] = frozenset({"item.add", "item.end", "item.destroy", "alert.test"})
    STYLES = "alerts"
    DETAIL_ROWS: ClassVar[int] = 5
    # Each look is an entry of the region's trail.
    FOLLOWS: ClassVar[bool] = False
    TAB = "alerts"

    def __init__(self, context: Context, workspace: WorkspaceRef) -> None:
        super().__init__(context, workspace)
        self._alerts: tuple[Alert, ...] = ()
        self._server: MailServer | None = None
        self._people: Mapping[str, str] = {}

    async def load(self) -> None:
        """Alerts and mail server from the region; who its members are from the control plane."""
        from dlthub_tui.client.alerts import find_mail_server, list_alerts
        from dlthub_tui.client.members import find_emails

        region = await self.context.connected.region(self.workspace)

        async def ask_alerts() -> None:
            self._alerts = await list_alerts(region, self.workspace.id)

        async def ask_server() -> None:
            self._server = await find_mail_server(region, self.workspace.id)

        async def ask_people() -> None:
            self._people = await find_emails(self.context.connected.control, self.workspace.id)

        try:
            await ask_at_once((ask_alerts, ask_server, ask_people))
        except NotAllowed:
            # After all of them: the first refusal ends what the others still ask.
            self._alerts = ()
            await self.learn_owners()
            raise

    def refusal(self, trouble: NotAllowed) -> str:
        """Which roles see them: its region knows nobody's."""
        is_viewer = self.context.role_in(self.workspace) == "viewer"
        return self.for_owners("Alerts are", "all but viewers") if is_viewer else super().refusal(trouble)

    def sections(self) -> list[Section]:
        """The alerts that the filter leaves."""
        if isinstance(self.trouble, NotAllowed):
            return []
        rows = [view.alert_row(alert, self._people, self.look) for alert in self._alerts]
        found = matching(rows, self.filter_text)
        empty = (no_match(rows, self.filter_text, "alert"),) if rows else view.EMPTY
        return [Section(view.COLUMNS, found, empty=empty)]

    def answer_line(self) -> tuple[Line, str]:
        """What arrives."""
        return view.answer_of(self._alerts, self._server, self.look), ""

    def _alert(self) -> Alert | None:
        return next((alert for alert in self._alerts if alert.id == self.rows.key), None)

    def detail_lines(self, width: int) -> list[Line]:
        """The alert under the cursor."""
        alert = self._alert()
        return view.alert_details(alert, self._people, self.look, width) if alert else []

    def why_not(self, action: Action) -> str | None:
        """What needs an alert under the cursor, and what is for owners."""
        if action.id in _OF_ONE and (not self.is_loaded or self._alert() is None):
            return "There is no alert under the cursor."
        if action.id == "row.open" and self.look.is_read_only:
            return "This session is read-only and changes nothing."
        if action.id == "alert.mail" and self.context.role_in(self.workspace) != "owner":
            return "The mail server is set by owners of the workspace."
        return super().why_not(action)

    def failed(self, error: BaseException, group: str) -> None:
        """What is wrong with a field comes first: a line is short."""
        if isinstance(error, Refused) and error.reasons:
            self.say(f"Nothing changed. {error.reasons[0]}.", Role.FAIL)
        else:
            super().failed(error, group)

    def do_item_add(self) -> None:
        """A new alert."""
        self._ask(None)

    def do_row_open(self) -> None:
        """Changes the alert."""
        self._ask(self._alert())

    def _ask(self, alert: Alert | None) -> None:
        sheet = AlertSheet(self.context, alert, self.workspace.name[:64], self._people)
        self.act_on(sheet, lambda body: self._write(alert, body))

    async def _write(self, alert: Alert | None, body: dict[str, Any]) -> None:
        from dlthub_tui.client.alerts import save_alert

        region = await self.context.connected.region(self.workspace)
        saved = await save_alert(region, self.workspace.id, alert.id if alert else None, body)
        await self.reload()
        self.rows.move_to(saved.id)
        self.say(f"Set {guard(saved.name)}. {{alert.test}} sends a test.")

    def do_item_end(self) -> None:
        """Off, and on again."""
        alert = self._alert()
        if alert is not None:
            self.fetch(self._turn(alert), "act")

    async def _turn(self, alert: Alert) -> None:
        from dlthub_tui.client.alerts import save_alert

        region = await self.context.connected.region(self.workspace)
        body = {
            "name": alert.name,
            "triggers": list(alert.triggers),
            "jobs": list(alert.jobs),
            "pipelines": list(alert.pipelines),
            "channel": alert.channel,
            "is_enabled": not alert.is_enabled,
        }
        await save_alert(region, self.workspace.id, alert.id, body)
        await self.reload()
        said = "is off. {item.end} turns it on." if alert.is_enabled else "is on."
        self.say(f"{guard(alert.name)} {said}")

    def do_item_destroy(self) -> None:
        """Deletes the alert, after a question."""
        alert = self._alert()
        if alert is None:
            return

        more = ("Messages that wait are not sent, and what was sent is forgotten. It does not come back.",)
        self.act_on(
            ConfirmSheet(self.context, f"Delete {guard(alert.name)}?", "delete", more), lambda _yes: self._delete(alert)
        )

    async def _delete(self, alert: Alert) -> None:
        from dlthub_tui.client.alerts import remove_alert

        region = await self.context.connected.region(self.workspace)
        await remove_alert(region, self.workspace.id, alert.id)
        await self.reload()
        self.say(f"Deleted {guard(alert.name)}.")

    def do_alert_test(self) -> None:
        """Sends a test."""
        alert = self._alert()
        if alert is not None:
            self.say(f"Sending a test of {guard(alert.name)}{self.look.glyphs.cut}")
            self.fetch(self._test(alert), "act")

    async def _test(self, alert: Alert) -> None:
        from dlthub_tui.client.alerts import test_alert

        region = await self.context.connected.region(self.workspace)
        sent = await test_alert(region, self.workspace.id, alert.id)
        await self.reload()
        if sent.state == "sent":
            self.say(f"The test of {guard(alert.name)} was {view.outcome_of(sent, self.look)}.")
        else:
            self.say(f"The test of {guard(alert.name)} failed: {view.outcome_of(sent, self.look)}.", Role.FAIL)

    def do_alert_messages(self) -> None:
        """What was sent, is to be sent, failed or was held back."""
        alert = self._alert()
        if alert is not None:
            self.fetch(self._show_messages(alert), "act")

    async def _show_messages(self, alert: Alert) -> None:
        from dlthub_tui.client.alerts import list_deliveries

        region = await self.context.connected.region(self.workspace)
        found = await list_deliveries(region, self.workspace.id, alert.id, _SHOWN_MESSAGES)
        width = self.size.width - _AROUND
        lines = [row for each in found for row in wrapped(view.delivery_line(each, self.look), width)]
        crumbs = [*self.crumbs(), alert.name]
        self.host.push_screen(TextScreen(self.context, crumbs, lines, self.region_lock()))

    def do_alert_mail(self) -> None:
        """The workspace's mail server."""

        self.act_on(MailServerSheet(self.context, self._server), self._set_mail_server)

    async def _set_mail_server(self, body: dict[str, Any]) -> None:
        from dlthub_tui.client.alerts import save_mail_server

        region = await self.context.connected.region(self.workspace)
        await save_mail_server(region, self.workspace.id, body)
        await self.reload()
        self.say(f"Mail goes over {guard(str(body['host']))}. {{alert.test}} sends a test.")
