"""How things are drawn on this terminal: glyphs and their ASCII twins, and how times are said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal

from dlthub_tui.viewmodel.text import Role, Span

Times = Literal["relative", "exact", "utc"]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One cell each, but for the cut and arrow marks of the ASCII set."""

    states: dict[str, str]
    cursor: str = "❯"
    mark: str = "▮"
    crumb: str = "›"
    becomes: str = "→"
    cut: str = "…"
    rule: str = "─"
    bar: str = "━"
    lock: str = "⊡"
    masked: str = "▚"
    up: str = "▴"
    down: str = "▾"
    silent: str = "▵"
    caret: str = "▁"
    starts: str = "─›"
    waits: str = "┄›"
    history: str = "▁▂▃▄▅▆▇█"
    runner: str = "·"
    turns: str = "⏎"
    choice: str = "‹›"


_UNICODE_STATES = {
    "pending": "◌", "starting": "◔", "running": "◉", "cancelling": "⊖", "completed": "✓", "failed": "✗",
    "cancelled": "⊘", "skipped": "↷", "paused": "◫", "archived": "⊟",
}  # fmt: skip
_ASCII_STATES = {
    "pending": ".", "starting": ":", "running": "*", "cancelling": "~", "completed": "+", "failed": "x",
    "cancelled": "/", "skipped": "s", "paused": "=", "archived": "_",
}  # fmt: skip

UNICODE = Glyphs(states=_UNICODE_STATES)
ASCII = Glyphs(
    states=_ASCII_STATES, cursor=">", mark="|", crumb=">", becomes="->", cut="..", rule="-", bar="#", lock="@",
    masked="#", up="^", down="!", silent="?", caret="_", starts="->", waits="..>", history="12345678", runner="-",
    turns=";", choice="<>",
)  # fmt: skip

STATE_ROLES = {
    "pending": Role.MUTED, "starting": Role.ACCENT, "running": Role.ACCENT, "cancelling": Role.WARN,
    "completed": Role.OK, "failed": Role.FAIL, "cancelled": Role.MUTED, "skipped": Role.MUTED, "paused": Role.WARN,
    "archived": Role.MUTED,
}  # fmt: skip
TERMINAL_STATES = frozenset({"completed", "failed", "cancelled", "skipped"})
HELD_STATES = frozenset({"starting", "running", "cancelling"})
"""A region is at work on it."""


def utc_now() -> datetime:
    """The clock of everything on the screen; tests put another in its place."""
    return datetime.now(UTC)


@dataclass(slots=True)
class Look:
    """What the person at this terminal chose. `times` changes while the app runs (`t`)."""

    is_ascii: bool = False
    is_slow: bool = False
    is_calm: bool = False
    is_read_only: bool = False
    is_insecure: bool = False
    times: Times = "relative"
    now: Callable[[], datetime] = utc_now
    zone: tzinfo | None = None
    hues: dict[str, Role] = field(default_factory=dict[str, Role])
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """The user's own, by action id."""

    @property
    def glyphs(self) -> Glyphs:
        """The set this terminal can show."""
        return ASCII if self.is_ascii else UNICODE

    def state(self, status: str) -> Span:
        """The glyph of a state."""
        return _state_glyph(status, self.is_ascii)

    def state_word(self, status: str) -> Span:
        """The word of a state: what went well is muted."""
        role = STATE_ROLES.get(status, Role.MUTED)
        return Span(status, Role.MUTED if status == "completed" else role)

    def hue(self, dataplane_id: str) -> Role:
        """The colour role of a region, by the order of ids."""
        return self.hues.get(dataplane_id, Role.PLACE_1)

    def know_regions(self, dataplane_ids: list[str]) -> None:
        """Gives each region its hue."""
        roles = (Role.PLACE_1, Role.PLACE_2, Role.PLACE_3, Role.PLACE_4)
        self.hues = {name: roles[position % len(roles)] for position, name in enumerate(sorted(dataplane_ids))}

    def next_times(self) -> Times:
        """What `t` switches to."""
        order: dict[Times, Times] = {"relative": "exact", "exact": "utc", "utc": "relative"}
        return order[self.times]

    def local(self, at: datetime) -> datetime:
        """The moment in the zone that is shown."""
        return at.astimezone(UTC) if self.times == "utc" else at.astimezone(self.zone)


@lru_cache(maxsize=64)
def _state_glyph(status: str, is_ascii: bool) -> Span:
    """One for all rows: a list of jobs shows ten for each."""
    glyphs = ASCII if is_ascii else UNICODE
    return Span(glyphs.states.get(status, "?"), STATE_ROLES.get(status, Role.MUTED))
