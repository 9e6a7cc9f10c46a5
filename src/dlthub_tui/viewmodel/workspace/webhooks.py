"""Where a job is called from outside, on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, guard, line, muted

if TYPE_CHECKING:
    from dlthub_tui.client.models import Job
    from dlthub_tui.client.webhooks import Call, Webhook

COLUMNS = (
    Column("Trigger", least=14, is_name=True),
    Column("Address", takes_rest=True, least=24, is_name=True),
    Column("Secret", is_number=True, drops=2, least=9),
    Column("Waiting", is_number=True, drops=3),
    Column("Last call", drops=1, least=18),
)
NO_TRIGGER = "It has no webhook: trigger, so nobody can call it."
KEPT = ("no longer", "1 hour", "1 day")
KEPT_SECONDS = (0, 3_600, 86_400)
_KIND = "webhook:"
_LIKE = {"waiting": "pending", "started": "completed", "refused": "failed"}
_NO_ADDRESS = "   {item.add} makes its address and its secret, which is shown this once."


@dataclass(frozen=True, slots=True)
class Address:
    """A trigger of the job, with its webhook where one was made; or a webhook whose trigger is gone."""

    trigger: str
    webhook: Webhook | None
    is_gone: bool = False


def triggers_of(job: Job) -> tuple[str, ...]:
    """The triggers at which it can be called."""
    return tuple(trigger for trigger in job.triggers if trigger.startswith(_KIND))


def addresses_of(job: Job, listed: Sequence[Webhook]) -> tuple[Address, ...]:
    """Each trigger of the job, then what was made for triggers that it has no more."""
    made = {each.trigger: each for each in listed if each.job_id == job.id}
    triggers = triggers_of(job)
    gone = [Address(trigger, made[trigger], is_gone=True) for trigger in sorted(made) if trigger not in triggers]
    return (*(Address(trigger, made.get(trigger)) for trigger in triggers), *gone)


def address_row(address: Address, look: Look) -> Row:
    """One line of the list."""
    hook = address.webhook
    trigger = line(guard(address.trigger))
    if hook is None:
        cells = (trigger, line(muted("none yet")), line(muted("-")), line(muted("-")), line(muted("-")))
        return Row(address.trigger, Span(" "), cells, address.trigger, is_muted=True)
    last = EMPTY_LINE if hook.last_state is None else line(f"{hook.last_state} {_when(hook, look)}")
    cells = (
        trigger,
        line(guard(hook.url)),
        line(words.moment(hook.rotated_at or hook.created_at, look)),
        line(words.count(hook.waiting)),
        last or line(muted("none yet")),
    )
    glyph = look.state(_LIKE.get(hook.last_state or "", "")) if hook.last_state else Span(" ")
    return Row(address.trigger, glyph, cells, f"{address.trigger} {hook.url}", is_muted=address.is_gone)


def _when(hook: Webhook, look: Look) -> str:
    return words.moment(hook.last_received_at, look)


def details(address: Address, look: Look) -> list[Line]:
    """The whole address, and what is to be known of it."""
    hook = address.webhook
    if hook is None:
        return [line(muted(name_keys(_NO_ADDRESS, look)))]
    if address.is_gone:
        said = "   The job has this trigger no more: calls are refused. {item.destroy} removes the address."
    else:
        said = "   Whoever has the secret may call it. What is sent stays in the region, sealed."
    return [line("   ", Span(guard(hook.url), Role.TITLE)), line(muted(name_keys(said, look)))]


def answer_of(addresses: Sequence[Address]) -> Line:
    """At how many addresses it is called."""
    made = [address.webhook for address in addresses if address.webhook is not None]
    if not made:
        return (Span("Nobody can call it yet."),)
    waiting = sum(hook.waiting for hook in made)
    rest = f", {words.plural(waiting, 'call')} waiting" if waiting else ""
    return (Span(f"It is called at {words.plural(len(made), 'address', 'addresses')}{rest}."),)


def why_not_changed(action_id: str, address: Address | None, role: str) -> str | None:
    """Why the webhook under the cursor is not made, changed or removed."""
    if address is None:
        return NO_TRIGGER
    if action_id == "item.add" and address.webhook is not None:
        return "It has its address already. {webhook.rotate} makes another secret."
    if action_id != "item.add" and address.webhook is None:
        return "It has no address yet. {item.add} makes one."
    return None if role == "owner" else f"Webhooks are made and removed by owners; you are a {role}."


def address_lines(job: Job, listed: Sequence[Webhook]) -> list[Line]:
    """What stands above a definition."""
    lines = [
        line(f"{guard(address.trigger)}  ", muted("none yet") if hook is None else Span(guard(hook.url), Role.TITLE))
        for address in addresses_of(job, listed)
        for hook in (address.webhook,)
    ]
    return [line(muted("Called in its region at")), *lines, EMPTY_LINE]


def unknown_lines(why: str) -> list[Line]:
    """Above a definition, where the region did not say."""
    return [line(muted("Called in its region at "), Span("?", Role.WARN), muted(f"  {guard(why)}")), EMPTY_LINE]


def call_line(call: Call, look: Look) -> Line:
    """One call, and what became of it."""
    rest = f"  {guard(call.outcome)}" if call.outcome else ""
    tries = f"  {words.plural(call.tries, 'try', 'tries')}" if call.tries > 1 else ""
    return (
        look.state(_LIKE.get(call.state, "")),
        Span(f" {call.state:<8}  {words.moment(call.received_at, look):>10}  {words.size(call.size_bytes):>8}"),
        muted(f"{rest}{tries}"),
    )
