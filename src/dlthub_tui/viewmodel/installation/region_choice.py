"""Choosing a region on the screen: the cards, and what will live where (the ledger of DESIGN 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlthub_tui.client.installation import PlaneHealth
from dlthub_tui.client.models import DataPlaneInfo
from dlthub_tui.client.region_numbers import Region
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, fit, guard, line, muted

# What it is, an example of it, and where it lives: in the region, in others, at the control plane.
LEDGER = (
    ("Code and file names", "orders.py", "here", "never", "never"),
    ("Configuration and variables", "*.toml", "here", "never", "never"),
    ("Secrets (encrypted)", "API_KEY", "here", "never", "never"),
    ("Logs, exceptions, results", "KeyError", "here", "never", "never"),
    ("Names, schedules, run states", "every hour", "as needed", "never", "here"),
    ("People, roles, key hashes", "ana, owner", "no", "never", "here"),
)
CARD = 37
# The cells of the three columns that say where.
PLACES = 35
# From here on the table stands right of the cards.
WIDE = 116
MOST_CARDS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosable:
    """A region with what is known of it. `is_asked`: it answers in `seconds` from here, or not at all.

    `told` is for who administers the platform.
    """

    region: DataPlaneInfo
    health: PlaneHealth | None = None
    is_asked: bool = False
    seconds: float | None = None
    told: Region | None = None


def cards(choices: Sequence[Choosable], chosen: str, look: Look, width: int) -> list[Line]:
    """Each region with what is known of it: two side by side where they fit, one line each where there are more."""
    if len(choices) > MOST_CARDS:
        return [_row(choice, choice.region.id == chosen, look) for choice in choices]
    per_row = max(1, min(MOST_CARDS, (width - 3) // CARD))
    lines: list[Line] = []
    for start in range(0, len(choices), per_row):
        row = [_card(choice, choice.region.id == chosen, look) for choice in choices[start : start + per_row]]
        height = max(len(card) for card in row)
        padded = [[*card, *[EMPTY_LINE] * (height - len(card))] for card in row]
        lines.extend(
            tuple(span for piece in pieces for span in fit(piece, CARD)) for pieces in zip(*padded, strict=True)
        )
        lines.extend([EMPTY_LINE] if start + per_row < len(choices) else [])
    return lines


def _card(choice: Choosable, is_chosen: bool, look: Look) -> list[Line]:
    return [
        _name(choice, is_chosen, look),
        line("   ", *_answer(choice, look)),
        *(line(muted(f"   {fact}")) for fact in _facts(choice)),
    ]


def _row(choice: Choosable, is_chosen: bool, look: Look) -> Line:
    facts = "   ".join(_facts(choice))
    return (*fit(_name(choice, is_chosen, look), 30), *fit(_answer(choice, look), 20), muted(f"  {facts}"))


def _name(choice: Choosable, is_chosen: bool, look: Look) -> Line:
    region = choice.region
    return (
        accent(f"{look.glyphs.cursor}  ") if is_chosen else Span("   "),
        Span(region.id, look.hue(region.id)),
        Span(f"  {guard(region.region or region.name)}", Role.TITLE if is_chosen else Role.TEXT),
        accent(", chosen" if is_chosen else ""),
    )


def _answer(choice: Choosable, look: Look) -> Line:
    """Whether it can be chosen: it must answer the control plane, and here."""
    health = choice.health
    if health is None:
        return (muted(f"{look.glyphs.silent} not known"),)
    if not health.is_reachable:
        seen = words.moment(health.last_seen_at, look, "never")
        return (Span(f"{look.glyphs.silent} silent, last seen {seen}", Role.WARN),)
    if not choice.is_asked:
        return (muted(f"Asking {choice.region.id}{look.glyphs.cut}"),)
    if choice.seconds is None:
        return (Span(f"{look.glyphs.silent} does not answer from here", Role.WARN),)
    return (Span(look.glyphs.up, Role.OK), muted(f" answers in {words.duration(choice.seconds)}"))


def _facts(choice: Choosable) -> list[str]:
    facts: list[str] = []
    told = choice.told
    numbers = told.numbers if told is not None else None
    if numbers is not None and numbers.disk_free_bytes is not None and numbers.disk_total_bytes is not None:
        facts.append(f"disk {words.size(numbers.disk_free_bytes)} free of {words.size(numbers.disk_total_bytes)}")
    if told is not None and told.organizations is not None:
        facts.append(f"{words.plural(told.organizations, 'organization')} here")
    return facts


def why_not_chosen(choice: Choosable) -> str | None:
    """Why it cannot be locked to now."""
    name, health = choice.region.id, choice.health
    if health is None or not health.is_reachable:
        return f"{name} is silent. Choose it when it answers."
    if choice.is_asked and choice.seconds is None:
        return f"{name} does not answer from here. Choose it when it does."
    return None


def why_not_named(name: str) -> str | None:
    """Why no organization can be called that: said before its region is typed."""
    from planes.scrub import refused_in_name
    from planes.wire.workspaces import MAXIMUM_NAME

    if not name:
        return "An organization needs a name."
    if len(name) > MAXIMUM_NAME:
        return f"A name has at most {MAXIMUM_NAME} characters; this one has {len(name)}."
    why = refused_in_name(name)
    return f"A name must not hold a {why}." if why is not None else None


def ledger(chosen: str, others: Sequence[str], look: Look, width: int) -> list[Line]:
    """What will live where with this region chosen; where there is room, with an example of each."""
    elsewhere = others[0] if len(others) == 1 else "elsewhere"
    lines: list[Line] = [rule(f"What will live where, with {chosen} chosen", "", width, look, has_focus=False)]
    widest = max(len(what) for what, *_ in LEDGER)
    room = max(12, width - 3 - PLACES)
    has_examples = room > widest + 2 + max(len(example) for _, example, *_ in LEDGER)
    rest = room if has_examples else min(37, room)
    lines += [
        EMPTY_LINE,
        (
            Span(" " * (3 + rest)),
            *fit((Span(chosen, look.hue(chosen)),), 11),
            *fit((Span(elsewhere, look.hue(elsewhere)) if len(others) == 1 else muted(elsewhere),), 11),
            muted("control plane"),
        ),
    ]
    for what, example, here, there, control in LEDGER:
        words_of_it = (Span(f"{what:<{widest + 2}}"), muted(example)) if has_examples else (Span(what),)
        name = (*fit(words_of_it, rest - 1, mark=look.glyphs.cut), Span(" "))
        cells = ((f"{here:<11}", _role(here)), (f"{there:<11}", _role(there)), (control, _role(control)))
        lines.append((Span("   "), *name, *(Span(text, role) for text, role in cells)))
    return lines


def _role(word: str) -> Role:
    return Role.MUTED if word in {"never", "no"} else Role.TEXT


def lock_lines(name: str, region: DataPlaneInfo, words_of_key: str, fingerprint: str, look: Look) -> list[Line]:
    """What the lock means, and by which words the region is known."""
    place = guard(region.region or region.name)
    short = f"{fingerprint[:4]}{look.glyphs.cut}{fingerprint[-4:]}"
    return [
        line("   From now on the code, configuration, secrets, logs and results of"),
        line(f"   {guard(name)} stay in {region.id} ({place}). Nobody can move them, not even an owner."),
        line("   For data elsewhere, create a second organization."),
        EMPTY_LINE,
        line(f"   This {region.id} is  ", Span(words_of_key, Role.TITLE), muted(f"   key {short}")),
        line(muted("   Its operator sees the same six words. Other words: do not lock.")),
        EMPTY_LINE,
    ]
