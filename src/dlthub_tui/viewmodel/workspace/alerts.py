"""Alerts on the screen: when, what, to whom, and whether it arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dlthub_tui.client.alerts import Alert, Delivery, MailServer
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted, wrapped

COLUMNS = (
    Column("Alert", least=12, is_name=True),
    Column("When", least=10),
    Column("What", least=8, drops=1),
    Column("To whom", takes_rest=True),
    Column("Last", is_number=True, least=12),
)
EMPTY = ("No alerts. Press {item.add}. They tell of failed runs and of printed secrets.",)

# What can be chosen, in the sheet's words, and the triggers that it stands for.
WHEN: dict[str, tuple[str, ...]] = {
    "fails": ("job-run-failure",),
    "completes": ("job-run-success",),
    "ends": ("job-run-failure", "job-run-success"),
    "leaks": ("job-prints-secrets",),
    "fails or leaks": ("job-run-failure", "job-prints-secrets"),
    "fails, each try": ("job-run-failure",),
}
EACH_TRY = "fails, each try"
EVERY = "ends or leaks"
LEAKS = " (something was masked in its log)"
CHANNELS = ("mail", "webhook", "slack")
SECURITIES = ("starttls", "tls", "none")

_TRIGGERS = {
    "job-run-failure": "failed", "job-run-success": "completed", "job-prints-secrets": "printed secrets",
    "test": "test",
}  # fmt: skip
_OUTCOMES = {
    "delivered": "taken", "some_recipients_refused": "taken, but not for everybody", "not_taken": "not taken",
    "redirects": "it leads elsewhere, which is not followed", "too_slow": "no answer in time",
    "no_connection": "no connection", "broken_answer": "its answer is not understood",
    "certificate": "its certificate is not trusted", "tls": "no encryption could be agreed on",
    "not_encrypted": "not sent in the clear", "not_supported": "the server cannot do what is asked of it",
    "name_unknown": "its name is not known", "address_denied": "its address is not allowed here",
    "sign_in_refused": "the mail server refuses the sign-in", "recipients_refused": "the recipients are refused",
    "no_mail_server": "the workspace has no mail server; {alert.mail} sets one",
    "members_unknown": "the control plane does not say who the members are",
    "nobody_left": "none of them is a member any more", "cannot_be_opened": "it cannot be decrypted; set it again",
    "interrupted": "cut short by a restart", "turned_off": "the alert was off", "too_many": "too many in an hour",
    "too_many_waiting": "too many were waiting",
}  # fmt: skip


def when_of(alert: Alert) -> str:
    """The sheet's word for its triggers."""
    wanted = set(alert.triggers)
    if alert.each_try and wanted == set(WHEN[EACH_TRY]):
        return EACH_TRY
    return next((word for word, triggers in WHEN.items() if set(triggers) == wanted), EVERY)


def triggers_of(word: str) -> list[str]:
    """The triggers of a word."""
    return list(WHEN.get(word, [name for name in _TRIGGERS if name != "test"]))


def each_try_of(word: str) -> dict[str, bool]:
    """What a word says of failures that are tried again; the words for several moments leave it as it is."""
    return {"each_try": word == EACH_TRY} if word in {EACH_TRY, "fails"} else {}


def what_of(alert: Alert) -> str:
    """Of which runs."""
    chosen = [*(words.short_ref(each) for each in alert.jobs), *(f"pipeline {each}" for each in alert.pipelines)]
    return ", ".join(guard(each) for each in chosen) or "every run"


def whom_of(alert: Alert, people: Mapping[str, str]) -> str:
    """To whom; a member who left is no one. Without `people` nobody says who the members are."""
    if alert.channel != "mail":
        return f"{alert.channel} {guard(alert.host or '')}"
    names = [people.get(each, "somebody who left") for each in alert.members]
    if not people and alert.members:
        names = [words.plural(len(alert.members), "member")]
    return ", ".join(guard(each) for each in (*names, *alert.addresses))


def recipients_of(alert: Alert, people: Mapping[str, str]) -> str:
    """The addresses as they are typed."""
    return ", ".join([*(people[each] for each in alert.members if each in people), *alert.addresses])


def split_recipients(text: str, people: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """(ids of members, other addresses) of what was typed: who is a member gets mail while they are one."""
    typed = [part for part in text.replace(",", " ").replace(";", " ").split() if part]
    ids = {email.lower(): member for member, email in people.items()}
    return [ids[each.lower()] for each in typed if each.lower() in ids], [
        each for each in typed if each.lower() not in ids
    ]


def no_address(typed: Sequence[str]) -> str | None:
    """What of the addresses is none."""
    return next((each for each in typed if "@" not in each.strip("@")), None)


def split_names(text: str) -> list[str]:
    """Names between commas or blanks."""
    return text.replace(",", " ").split()


def alert_row(alert: Alert, people: Mapping[str, str], look: Look) -> Row:
    """One line of the list."""
    last = alert.last
    at = words.moment(last.created_at, look) if last is not None else "never"
    cells = (
        line(guard(alert.name)),
        line(when_of(alert)),
        line(muted(what_of(alert))),
        line(whom_of(alert, people)),
        line("off" if not alert.is_enabled else at),
    )
    text = " ".join((alert.name, when_of(alert), what_of(alert), whom_of(alert, people)))
    return Row(alert.id, _glyph(alert, look), cells, text, is_muted=not alert.is_enabled)


def _glyph(alert: Alert, look: Look) -> Span:
    if not alert.is_enabled:
        return look.state("paused")
    if alert.last is None:
        return Span(" ")
    return look.state({"sent": "completed", "failed": "failed"}.get(alert.last.state, "pending"))


def answer_of(alerts: Sequence[Alert], server: MailServer | None, look: Look) -> Line:
    """Whether whoever wants to know will be told."""
    failing = [
        alert for alert in alerts if alert.is_enabled and alert.last is not None and alert.last.state == "failed"
    ]
    if failing:
        said = f"{guard(failing[0].name)} did not arrive: {outcome_of(failing[0].last, look)}."
        return (Span(said, Role.FAIL),)
    if server is None and any(alert.channel == "mail" and alert.is_enabled for alert in alerts):
        return (Span(name_keys("Mail has no server to go over. {alert.mail} sets one.", look), Role.WARN),)
    off = sum(1 for alert in alerts if not alert.is_enabled)
    said = f"{words.plural(len(alerts), 'alert')}{f', {off} off' if off else ''}. "
    return (Span(said), muted("They say ids, states and times; never what a job printed."))


def outcome_of(delivery: Delivery | None, look: Look) -> str:
    """What became of a message, in words."""
    if delivery is None:
        return "nothing was sent yet"
    said = name_keys(_OUTCOMES.get(delivery.outcome or "", delivery.outcome or "on its way"), look)
    return f"{said} ({delivery.status})" if delivery.status is not None and delivery.state != "sent" else said


def delivery_line(delivery: Delivery, look: Look) -> Line:
    """One message of the history."""
    state = {"sent": "completed", "failed": "failed", "held_back": "cancelled"}.get(delivery.state, "pending")
    about = _TRIGGERS.get(delivery.trigger, delivery.trigger)
    if delivery.job_ref:
        about = f"{words.short_ref(delivery.job_ref)} {delivery.run_number} {about}"
    at = words.moment(delivery.created_at, look)
    more = f"   {delivery.tries} tries" if delivery.tries > 1 else ""
    if delivery.state == "pending" and delivery.next_try_at is not None and delivery.tries:
        more += f", again {words.coming(delivery.next_try_at, look)}"
    held = "held back: " if delivery.state == "held_back" else ""
    said = f"{held}{outcome_of(delivery, look)}"
    return line("   ", look.state(state), muted(f" {at:>12}  "), guard(about), f"   {said}", muted(more))


def alert_details(alert: Alert, people: Mapping[str, str], look: Look, width: int) -> list[Line]:
    """The strip below the list."""
    lines = [rule(guard(alert.name), alert.channel if alert.is_enabled else "off", width, look)]
    for name, value in (
        ("When", f"a run {when_of(alert)}{LEAKS if 'job-prints-secrets' in alert.triggers else ''}"),
        ("What", what_of(alert)),
        ("To whom", whom_of(alert, people)),
    ):
        lines.append(line("   ", muted(f"{name:<10}"), value))
    if alert.last is None:
        lines.append(line(muted(name_keys("   Nothing was sent yet. {alert.test} sends a test.", look))))
    else:
        lines.extend(wrapped(delivery_line(alert.last, look), width - 1))
    return lines
