"""What alerts say: metadata, each field on one line and made inert for where it goes. Never output or values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from planes.domain.alerts import AlertTrigger
from planes.scrub import display_guard

_VERBS = {
    AlertTrigger.RUN_FAILURE: "failed",
    AlertTrigger.RUN_SUCCESS: "completed",
    AlertTrigger.PRINTS_SECRETS: "printed secrets",
}
_LONGEST = 200
_LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened, where, and which alert says so. `facts` are those of the stored message; none for a test."""

    trigger: AlertTrigger
    alert_id: str
    alert_name: str
    delivery_id: str
    created_at: datetime
    organization_id: str
    workspace_id: str
    dataplane_id: str
    run_id: str | None
    facts: Mapping[str, Any]
    control_plane_url: str

    @property
    def is_test(self) -> bool:
        """Whether somebody only wants to know that it arrives."""
        return self.trigger is AlertTrigger.TEST

    @property
    def url(self) -> str:
        """The page of the run, or of the workspace. It asks whoever opens it to sign in."""
        page = f"{self.control_plane_url}/w/{self.workspace_id}"
        return page if self.run_id is None else f"{page}/runs/{self.run_id}"

    def sentence(self) -> str:
        """What happened, in one line."""
        if self.is_test:
            return f"This is a test of the alert {_inert(self.alert_name)}."
        job = _inert(str(self.facts["job_ref"]).removeprefix("jobs."))
        return f"{job} {self.facts['run_number']} {_VERBS[self.trigger]}."

    def details(self) -> list[tuple[str, str]]:
        """Names and values of what is known."""
        facts = self.facts
        found = [("Alert", _inert(self.alert_name)), ("Workspace", self.workspace_id), ("Region", self.dataplane_id)]
        if self.is_test:
            return found
        found += [
            ("Job", _inert(str(facts["job_ref"]))),
            ("Run", str(facts["run_number"])),
            ("Profile", _inert(str(facts["profile"]))),
            ("State", _inert(str(facts["status"]))),
        ]
        if facts["pipelines"]:
            found.append(("Pipelines", _inert(", ".join(facts["pipelines"]))))
        found += [(name, _time(facts[key])) for name, key in (("Started", "started_at"), ("Ended", "ended_at"))]
        if "masked" in facts:
            found.append(("Masked", f"{facts['masked']} times, {facts['secrets']} of them registered secrets"))
        return found

    def held_back(self) -> str | None:
        """How many messages of this alert did not go out before this one."""
        count = self.facts.get("held_back", 0)
        return f"{count} earlier messages of this alert were held back: there were too many." if count else None


def mail_subject(event: Event) -> str:
    """One line of printable text. Mail programs decode an encoded word, and what is in it nobody made inert."""
    return f"[{_inert(event.alert_name)}] {event.sentence()}"[:_LONGEST_SUBJECT].replace("=?", "= ?")


def mail_text(event: Event) -> str:
    """Plain text; mail programs make no markup of it."""
    lines = [event.sentence(), "", *(f"{name:<10} {value}" for name, value in event.details()), ""]
    held_back = event.held_back()
    lines += [held_back, ""] if held_back else []
    lines += [
        "What it printed stays in its region. Sign in to read it:" if event.run_id else "The workspace:",
        event.url,
        "",
        "Alerts are changed on the workspace's Alerts tab.",
    ]
    return "\n".join(lines) + "\n"


def webhook_body(event: Event) -> bytes:
    """The same as JSON, for programs."""
    facts = {name: value for name, value in event.facts.items() if name not in {"masked", "secrets", "held_back"}}
    body: dict[str, Any] = {
        "type": str(event.trigger),
        "id": event.delivery_id,
        "created_at": event.created_at.isoformat(),
        "alert": {"id": event.alert_id, "name": event.alert_name},
        "organization_id": event.organization_id,
        "workspace_id": event.workspace_id,
        "dataplane_id": event.dataplane_id,
        "run": {"id": event.run_id, **facts} if event.run_id is not None else None,
        "masked": {"total": event.facts["masked"], "secrets": event.facts["secrets"]}
        if "masked" in event.facts
        else None,
        "held_back": event.facts.get("held_back", 0),
        "url": event.url,
        "text": event.sentence(),
    }
    return json.dumps(body).encode()


def slack_body(event: Event) -> bytes:
    """The body that Slack and its likes show: plain text in which no word is a mention, a link of ours apart."""
    details = "\n".join(f"{name}: {value}" for name, value in event.details())
    held_back = event.held_back()
    text = "\n".join(filter(None, [event.sentence(), details, held_back]))
    for character, escaped in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("@", "@\u200b")):
        text = text.replace(character, escaped)
    return json.dumps({"text": f"{text}\n{event.url}", "mrkdwn": False}).encode()


def _inert(text: str) -> str:
    """On one line, without control sequences, and not for ever long."""
    shown = display_guard(text[: 4 * _LONGEST])
    plain = "".join(character if character.isprintable() else "?" for character in shown)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 1]}…"


def _time(text: str | None) -> str:
    if text is None:
        return "-"
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S} UTC"
