"""The frame's rows: breadcrumb with planes and region lock, tabs, footer (SCREENS 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dlthub_tui.viewmodel.keys.actions import Action, key_name, paired
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.text import Line, Role, Span, between, cell_width, cut_middle, guard, muted, width_of

# The digit that opens each tab, its name, and its name where the terminal is narrow.
TABS = (
    ("jobs", "1", "Jobs", "Jobs"),
    ("runs", "2", "Runs", "Runs"),
    ("deployments", "3", "Deployments", "Deploys"),
    ("variables", "4", "Variables", "Vars"),
    ("pipelines", "5", "Pipelines", "Pipelines"),
    ("team", "6", "Members & keys", "Team"),
    ("alerts", "7", "Alerts", "Alerts"),
    ("residency", "8", "Residency", "Residency"),
)
NARROW = 100
LEAST_CRUMBS = 10
# So much of an organization's name tells it from others that begin alike.
LEAST_CUT_CRUMB = 12


def without_tab(link: str) -> tuple[str, str | None]:
    """A link without the tab that it names, and the tab: `org/workspace:runs`."""
    path, _, tab = link.strip().rpartition(":")
    return (path, tab) if any(tab == name for name, *_ in TABS) else (link, None)


@dataclass(frozen=True, slots=True)
class PlaneState:
    """What is known of one plane. `since` is a duration in words where it is not up; `seen_at`: heard last."""

    id: str
    state: str
    since: str = ""
    seen_at: datetime | None = None
    url: str = ""


def with_control(planes: Sequence[PlaneState], state: str) -> tuple[PlaneState, ...]:
    """The planes, the control plane in this state."""
    return tuple(replace(plane, state=state) if plane.id == "control" else plane for plane in planes)


def back_again(before: Sequence[PlaneState], now: Sequence[PlaneState]) -> list[str]:
    """A sentence for each plane that was silent and answers."""
    up = {plane.id for plane in now if plane.state == "up"}
    silent = [plane for plane in before if plane.state == "silent" and plane.id in up]
    return [f"{guard(plane.id)} answers again{f' after {plane.since}' if plane.since else ''}." for plane in silent]


def plane_spans(planes: Sequence[PlaneState], look: Look) -> Line:
    """A plane that is up is one word; one that is not says so."""
    spans: list[Span] = []
    for plane in planes:
        glyph, role = {
            "up": (look.glyphs.up, Role.OK), "down": (look.glyphs.down, Role.FAIL),
        }.get(plane.state, (look.glyphs.silent, Role.WARN))  # fmt: skip
        if spans:
            spans.append(Span(" "))
        spans.append(Span(glyph, role))
        name = guard(plane.id)
        if plane.state == "up":
            spans.append(muted(name))
        else:
            spans.append(Span(" ".join(filter(None, (name, plane.state, plane.since))), role))
    return tuple(spans)


def header(crumbs: Sequence[str], planes: Sequence[PlaneState], lock: str | None, look: Look, width: int) -> Line:
    """Row 1. The breadcrumb loses its leftmost segments first; then planes that are up go, then all but the lock."""
    flags: list[Span] = []
    if look.is_read_only:
        flags.append(Span("read-only  ", Role.WARN))
    if look.is_insecure:
        flags.append(Span("no TLS  ", Role.FAIL))
    end = (Span(f"{look.glyphs.lock}{lock}", look.hue(lock)), Span(" ")) if lock else (Span(" "),)
    gap = (Span("  "),) if lock else ()
    not_up = [plane for plane in planes if plane.state != "up"]
    silent = plane_spans(not_up, look)
    for right in (
        (*flags, *plane_spans(planes, look), *gap, *end), (*flags, *silent, *gap, *end), (*silent, *gap, *end), end,
    ):  # fmt: skip
        room = width - width_of(right) - 2
        if room >= LEAST_CRUMBS:
            break
    return between(breadcrumb(crumbs, look, room), right, width)


def breadcrumb(crumbs: Sequence[str], look: Look, width: int) -> Line:
    """As many segments as there is room for: the first loses its middle where enough is left, then it goes."""
    parts = [guard(crumb) for crumb in crumbs]
    is_cut = False
    separator = f" {look.glyphs.crumb} "
    around = cell_width(look.glyphs.cut + separator)
    while len(parts) > 1 and cell_width(separator.join(parts)) + is_cut * around > width:
        room = width - cell_width(separator.join(("", *parts[1:])))
        if room >= LEAST_CUT_CRUMB and not is_cut:
            parts[0] = cut_middle(parts[0], room, look.glyphs.cut)
            break
        parts, is_cut = parts[1:], True
    parts[-1] = cut_middle(parts[-1], max(1, width - is_cut * around), look.glyphs.cut) if len(parts) < 2 else parts[-1]
    spans: list[Span] = [Span(" ")]
    if is_cut:
        spans.extend((muted(look.glyphs.cut), Span(separator, Role.RULE)))
    for position, part in enumerate(parts):
        if position:
            spans.append(Span(separator, Role.RULE))
        spans.append(Span(part, Role.TITLE if position == len(parts) - 1 else Role.TEXT))
    return tuple(spans)


def tabs(current: str, width: int, live: Sequence[Action] = ()) -> Line:
    """The tab you are on is in brackets; short names where the terminal is narrow, else only the others' keys."""
    keys = {action.id: action.keys[0] for action in live}
    for name_at in (2, 3) if width >= NARROW else (3,):
        spans = [_tab(keys, each[1], each[name_at], is_current=each[0] == current) for each in TABS]
        if width_of(spans) <= width:
            return tuple(spans)
    return tuple(_tab(keys, each[1], each[3] * (each[0] == current), is_current=each[0] == current) for each in TABS)


def _tab(keys: Mapping[str, str], digit: str, name: str, *, is_current: bool) -> Span:
    key = keys.get(f"tab.{digit}", digit)
    label = f"{key_name(key)} {name}".strip()
    if is_current:
        return Span(f"[{label}]", Role.TITLE)
    return Span(f" {label} ", Role.MUTED, press=key)


def _pressing(key: str, label: str, look: Look) -> Line:
    """A key and what it does; of two keys a click presses the last."""
    press = key.rsplit(maxsplit=1)[-1]
    return (Span(key_name(key, is_ascii=look.is_ascii), Role.ACCENT, press=press), Span(label, Role.MUTED, press=press))


def _helping(live: Sequence[Action], look: Look) -> Line:
    """How the help is opened; the first of its keys lives here."""
    found = next((action for action in live if action.id == "help.open"), None)
    return () if found is None else (*_pressing(found.keys[0], " help", look), Span(" "))


def prompt_footer(does: str, leaves: str, live: Sequence[Action], look: Look, width: int) -> Line:
    """The keys that live while a line is typed on row 23: letters are text."""
    left = (Span(" "), *_pressing("enter", f" {does}", look), Span("  "), *_pressing("escape", f" {leaves}", look))
    # The last key of the help is the one that lives while letters type.
    return between(left, _helping([action for action in live if action.id == "help.open"][-1:], look), width)


def footer(
    entries: Sequence[tuple[Action, str]],
    look: Look,
    width: int,
    *,
    live: Sequence[Action] = (),
    has_help: bool = True,
) -> Line:
    """The keys that work here and now, most useful first; what does not fit is in the help.

    `live` are all actions of the screen: of them come the other halves of pairs, and the key of the help.
    """
    end = _helping(live, look) if has_help else ()
    room = width - width_of(end) - 2
    spans: list[Span] = [Span(" ")]
    for action, label in entries:
        piece = _pressing(paired(action, live).keys[0], f" {label}", look)
        gap = Span("  ") if len(spans) > 1 else Span("")
        if width_of(spans) + width_of((gap, *piece)) > room:
            break
        spans.extend((gap, *piece))
    return between(tuple(spans), end, width)
