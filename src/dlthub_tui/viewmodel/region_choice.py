"""Choosing a region on the screen: the cards, and what will live where (the ledger of DESIGN 4)."""

from __future__ import annotations

from collections.abc import Sequence

from dlthub_tui.client.installation import PlaneHealth
from dlthub_tui.client.models import DataPlaneInfo
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import rule
from dlthub_tui.viewmodel.text import EMPTY_LINE, Line, Role, Span, accent, fit, guard, line, muted

LEDGER = (
    ("Code and file names", "here", "never", "never"),
    ("Configuration and variables", "here", "never", "never"),
    ("Secrets (encrypted)", "here", "never", "never"),
    ("Logs, exceptions, results", "here", "never", "never"),
    ("Names, schedules, run states", "as needed", "never", "here"),
    ("People, roles, key hashes", "no", "never", "here"),
)
CARD = 37


def cards(
    regions: Sequence[DataPlaneInfo], health: dict[str, PlaneHealth], chosen: str, look: Look, width: int
) -> list[Line]:
    """Each region with what is known of it; side by side where two fit."""
    per_row = max(1, min(2, (width - 3) // CARD))
    lines: list[Line] = []
    for start in range(0, len(regions), per_row):
        row = [
            _card(region, health.get(region.id), region.id == chosen, look)
            for region in regions[start : start + per_row]
        ]
        lines.extend(tuple(span for piece in pieces for span in fit(piece, CARD)) for pieces in zip(*row, strict=True))
    return lines


def _card(region: DataPlaneInfo, health: PlaneHealth | None, is_chosen: bool, look: Look) -> tuple[Line, Line]:
    place = guard(region.region or region.name)
    cursor = accent(f"{look.glyphs.cursor}  ") if is_chosen else Span("   ")
    name = Span(region.id, look.hue(region.id))
    first = (
        cursor,
        name,
        Span(f"  {place}", Role.TITLE if is_chosen else Role.TEXT),
        accent(", chosen" if is_chosen else ""),
    )
    if health is None:
        return first, line(muted(f"   {look.glyphs.silent} not known"))
    seen = words.moment(health.last_seen_at, look, "never")
    if health.is_reachable:
        return first, line("   ", Span(look.glyphs.up, Role.OK), muted(" lease poll open"))
    said = f" silent, last seen {seen}. Choose it when it answers."
    return first, line("   ", Span(look.glyphs.silent + said, Role.WARN))


def ledger(chosen: str, others: Sequence[str], look: Look, width: int) -> list[Line]:
    """What will live where with this region chosen."""
    elsewhere = others[0] if len(others) == 1 else "elsewhere"
    title = f"What will live where, with {chosen} chosen"
    lines: list[Line] = [rule(title, "", width, look, has_focus=False), EMPTY_LINE]
    lines.append(
        (
            Span(" " * 40),
            *fit((Span(chosen, look.hue(chosen)),), 11),
            *fit((Span(elsewhere, look.hue(elsewhere)) if len(others) == 1 else muted(elsewhere),), 11),
            muted("control plane"),
        )
    )
    for what, here, there, control in LEDGER:
        cells = (f"   {what:<37}", f"{here:<11}", f"{there:<11}", control)
        roles = (Role.TEXT, _role(here), _role(there), _role(control))
        lines.append(tuple(Span(text, role) for text, role in zip(cells, roles, strict=True)))
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
