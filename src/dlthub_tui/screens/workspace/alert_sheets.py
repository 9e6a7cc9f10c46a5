"""Asks for an alert, and for the workspace's mail server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual.app import ComposeResult

from dlthub_tui.client.alerts import Alert, MailServer
from dlthub_tui.screens.frame.context import Context
from dlthub_tui.screens.frame.sheets import FormSheet
from dlthub_tui.session.numbers import whole_number
from dlthub_tui.viewmodel.text import Role, guard, line, muted
from dlthub_tui.viewmodel.words import plural
from dlthub_tui.viewmodel.workspace import alerts as view
from dlthub_tui.widgets.choice import Choice
from dlthub_tui.widgets.field import Field
from dlthub_tui.widgets.lines import LinesView


class _RequestSheet(FormSheet[dict[str, Any]]):
    """Its answer is what the region is sent."""

    def finish(self) -> None:
        """Answers, or goes to the field that is wrong."""
        problem, name = self.problem()
        if problem:
            self.say(problem, Role.WARN)
            self.type_into(self._field(name))
        else:
            self.answer(self.body())

    def problem(self) -> tuple[str, str]:
        """What is missing and in which field; empty when nothing is."""
        return "", ""

    def body(self) -> dict[str, Any]:
        """What the region is sent."""
        return {}

    def _field(self, name: str) -> Field:
        return self.query_one(f"#{name}", Field)

    def _text(self, name: str) -> str:
        return self._field(name).text.strip()

    def _chosen(self, name: str) -> str:
        return self.query_one(f"#{name}", Choice).chosen


class AlertSheet(_RequestSheet):
    """When, what, to whom. An address that leads somewhere by itself is typed hidden and never read back."""

    FIELD_OF: ClassVar[Mapping[str, str]] = {
        "triggers": "when", "url": "target", "addresses": "target", "members": "target"
    }  # fmt: skip

    def __init__(self, context: Context, alert: Alert | None, name: str, people: Mapping[str, str]) -> None:
        super().__init__(context, f"Change {guard(alert.name)}" if alert else "New alert")
        self._alert, self._name, self._people = alert, name, people

    def compose_sheet(self) -> ComposeResult:
        """Six fields, and what the last one means."""
        alert = self._alert
        when = view.when_of(alert) if alert else "fails"
        moments = [*view.WHEN, *([view.EVERY] if when == view.EVERY else [])]
        channel = alert.channel if alert else "mail"
        yield Field(self.look, line("   Name       "), text=alert.name if alert else self._name, widget_id="name")
        yield Choice(self.look, line("   A run      "), moments, when, widget_id="when")
        jobs, pipelines = (alert.jobs, alert.pipelines) if alert else ((), ())
        yield Field(self.look, line("   Jobs       "), text=", ".join(jobs), widget_id="jobs")
        yield Field(self.look, line("   Pipelines  "), text=", ".join(pipelines), widget_id="pipelines")
        yield Choice(self.look, line("   By         "), view.CHANNELS, channel, widget_id="channel")
        to = view.recipients_of(alert, self._people) if alert else ""
        hidden = channel != "mail"
        yield Field(self.look, line("   To         "), text=to, is_hidden=hidden, widget_id="target")
        yield self.sentences(lambda: [line(muted(f"   {self._meaning()}"))], widget_id="meaning")

    def field_changed(self, widget: Field | Choice) -> None:
        """An address that holds a token is not shown while it is typed."""
        target = self._field("target")
        if isinstance(widget, Choice) and widget.id == "channel":
            target.is_hidden = self._chosen("channel") != "mail"
            target.refresh()
        self.query_one("#meaning", LinesView).update()

    def problem(self) -> tuple[str, str]:
        """A name and somebody to tell."""
        if not self._text("name"):
            return "An alert needs a name.", "name"
        if not self._text("target") and not self._keeps_target():
            said = "Nobody is told." if self._chosen("channel") == "mail" else "An address to post to is needed."
            return said, "target"
        none = view.no_address(self._recipients()[1]) if self._chosen("channel") == "mail" else None
        return (f"{guard(none)} is neither a member nor a mail address.", "target") if none else ("", "")

    def body(self) -> dict[str, Any]:
        """What is left empty of a webhook stays as it is."""
        found: dict[str, Any] = {
            "name": self._text("name"),
            "triggers": view.triggers_of(self._chosen("when")),
            "jobs": view.split_names(self._text("jobs")),
            "pipelines": view.split_names(self._text("pipelines")),
            "channel": self._chosen("channel"),
            "is_enabled": self._alert.is_enabled if self._alert else True,
            **view.each_try_of(self._chosen("when")),
        }
        if found["channel"] == "mail":
            members, addresses = self._recipients()
            return found | {"members": [*self._unseen(), *members], "addresses": addresses}
        return found | ({"url": self._text("target")} if self._text("target") else {})

    def _recipients(self) -> tuple[list[str], list[str]]:
        return view.split_recipients(self._text("target"), self._people)

    def _keeps_target(self) -> bool:
        channel = self._chosen("channel")
        if channel == "mail":
            return bool(self._unseen())
        return self._alert is not None and self._alert.channel == channel

    def _unseen(self) -> tuple[str, ...]:
        """Who gets mail and is not told by name to who changes the alert: they stay."""
        return self._alert.members if self._alert is not None and not self._people else ()

    def _meaning(self) -> str:
        if self._chosen("channel") == "mail" and (unseen := self._unseen()):
            return f"Addresses between commas. {plural(len(unseen), 'member')} whom you may not see: told as well."
        if self._chosen("channel") == "mail":
            return "Addresses between commas. Whoever is a member gets mail while they are one."
        if self._keeps_target() and self._alert is not None:
            return f"Begins with https://. Left empty it stays at {guard(self._alert.host or '')}."
        return "Begins with https://. It is sealed in the region and never shown again."


class MailServerSheet(_RequestSheet):
    """Where the workspace's mail is handed in. The password is typed hidden and never read back."""

    def __init__(self, context: Context, server: MailServer | None) -> None:
        super().__init__(context, "Mail server of the workspace")
        self._server = server

    def compose_sheet(self) -> ComposeResult:
        """Six fields."""
        server = self._server
        yield Field(self.look, line("   Host       "), text=server.host if server else "", widget_id="host")
        port = str(server.port) if server else "587"
        yield Field(self.look, line("   Port       "), text=port, widget_id="port")
        security = server.security if server else "starttls"
        yield Choice(self.look, line("   Security   "), view.SECURITIES, security, widget_id="security")
        yield Field(self.look, line("   Sender     "), text=server.sender if server else "", widget_id="sender")
        yield Field(self.look, line("   User       "), text=server.username if server else "", widget_id="username")
        yield Field(self.look, line("   Password   "), text="", is_hidden=True, widget_id="password")
        kept = "Left empty, the password stays." if server and server.has_password else "Empty: none."
        yield self.sentences(lambda: [line(muted(f"   {kept} It is sealed in the region."))])

    def problem(self) -> tuple[str, str]:
        """A host, a port, a sender."""
        if not self._text("host"):
            return "A mail server has a host.", "host"
        if whole_number(self._text("port")) is None:
            return "A port is a number.", "port"
        return ("Mail needs a sender.", "sender") if not self._text("sender") else ("", "")

    def body(self) -> dict[str, Any]:
        """An empty password is not sent: the stored one stays."""
        password = self._field("password").text
        return {
            "host": self._text("host"),
            "port": whole_number(self._text("port")),
            "security": self._chosen("security"),
            "sender": self._text("sender"),
            "username": self._text("username") or None,
            **({"password": password} if password else {}),
        }
