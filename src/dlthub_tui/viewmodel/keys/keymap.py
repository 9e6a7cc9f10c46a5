"""Keys of the user's own, by action id: read from the settings file, checked against every stack of live layers.

    [keys]
    "run.start" = "f6"
    "row.next" = ["j", "down", "ctrl+n"]

A key that another action has on the same screen is refused with the name of that action; the action keeps its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import cast

from dlthub_tui.viewmodel.keys.actions import ACTIONS, KEY_NAMES, Action, key_name, of_layers

Keys = Mapping[str, tuple[str, ...]]
# Layers that are live together, a stack for each kind of screen (SCREENS 3).
STACKS = (
    ("global", "move", "list", "home"),
    ("global", "workspace", "move", "list", "verbs"),
    ("global", "workspace", "move", "list", "tree"),
    ("global", "workspace", "move", "list", "versions"),
    ("global", "workspace", "move", "list", "alerts"),
    ("global", "workspace", "move", "list", "residency"),
    ("global", "move", "list", "backfills"),
    ("global", "move", "list", "webhooks"),
    ("global", "log", "run"),
    ("global", "move", "compare"),
    ("global", "move", "tree", "deploy"),
    ("global", "sign-in"),
    ("typing", "form", "shown-once"),
)
_NAMED = frozenset({
    "escape", "enter", "tab", "space", "backspace", "delete", "insert", "up", "down", "left", "right", "home", "end",
    "pageup", "pagedown", *(f"f{number}" for number in range(1, 25)),
})  # fmt: skip
_HELD = frozenset({"alt", "ctrl", "hyper", "meta", "shift", "super"})
# What people call keys, and what a terminal sends another key for.
_SAME = {
    "return": "enter", "del": "delete", "ins": "insert", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "escape",
    "ctrl+left_square_bracket": "escape",
}  # fmt: skip
_LETTERS_TYPE = "Letters type there: choose a key with ctrl, or a function key."
_STAY = frozenset({"up", "down", "left", "right", "home", "end", "pageup", "pagedown"})
# How the terminal library names some characters, where that is not their Unicode name.
_LIBRARY_NAMES = {
    "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at", "hyphen_minus": "minus",
    "plus_sign": "plus", "low_line": "underscore",
}  # fmt: skip


def parse_key(text: str) -> str:
    """A key as people write it (`/`, `esc`, `ctrl+x`, `F6`) in the terminal library's name."""
    text = unicodedata.normalize("NFC", text.strip())
    if len(text) == 1:
        if text.isalnum():
            return text
        name = unicodedata.name(text, "").lower().replace("-", "_").replace(" ", "_")
        return _LIBRARY_NAMES.get(name, name) or text
    printed = {shown: key for key, shown in KEY_NAMES.items()}
    *held, last = text.split("+")
    if len(last) > 1 or held:
        last = last.lower()
    held = sorted(part.lower() for part in held)
    if held == ["shift"] and len(last) == 1 and last.isalpha():
        return last.upper()
    key = "+".join((*held, printed.get(last, last)))
    return _SAME.get(key, key)


def _is_key(key: str) -> bool:
    """Whether a terminal can send it, by its name: characters have theirs from Unicode."""
    *held, last = key.split("+")
    if not set(held) <= _HELD:
        return False
    if len(last) == 1 or last in _NAMED or last in KEY_NAMES or "_" in last:
        return True
    try:
        return last in _LIBRARY_NAMES.values() or unicodedata.lookup(last).isascii()
    except KeyError:
        return False


def _types(action_id: str, key: str) -> bool:
    """Whether the action is one of forms, and the key a character that their fields take."""
    return any(action.id == action_id and action.layer == "form" for action in ACTIONS) and (
        "+" not in key and (len(key_name(key)) == 1 or key == "space") and key not in _STAY
    )


def read_keys(table: object) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The keys that can be had, and a sentence for each that cannot."""
    keys: dict[str, tuple[str, ...]] = {}
    troubles: list[str] = []
    known = {action.id for action in ACTIONS}
    if not isinstance(table, dict):
        troubles.append("settings.toml: [keys] is no table.")
    entries = cast("dict[str, object]", table) if isinstance(table, dict) else {}
    for action_id, value in entries.items():
        wanted = [value] if isinstance(value, str) else value
        parts = cast("list[object]", wanted) if isinstance(wanted, list) else []
        found = tuple(parse_key(part) for part in parts if isinstance(part, str) and part.strip())
        if action_id not in known:
            troubles.append(f'settings.toml: no action is called "{action_id}".')
        elif not found or len(found) != len(parts):
            troubles.append(f"settings.toml: {action_id} needs a key, or a list of keys.")
        elif (unknown := next((key for key in found if not _is_key(key)), None)) is not None:
            troubles.append(f'settings.toml: no key is called "{unknown[:24]}"; {action_id} keeps its own key.')
        elif any(_types(action_id, key) for key in found):
            troubles.append(f"settings.toml: {action_id} keeps its own key. {_LETTERS_TYPE}")
        else:
            keys[action_id] = found
    while (trouble := _conflict(keys)) is not None:
        action_id, said = trouble
        troubles.append(said)
        del keys[action_id]
    return keys, troubles


def with_key(keys: Keys, action_id: str, key: str) -> tuple[dict[str, tuple[str, ...]], str | None]:
    """The keys with another one for an action, and why not: then they are as they were.

    Arrows, home, end and pages go on beside it (SCREENS 3). With the first key that it comes with it is as it comes.
    """
    if _types(action_id, key):
        return dict(keys), _LETTERS_TYPE
    had = next((action.keys for action in ACTIONS if action.id == action_id), ())
    new = None if key in had[:1] else (key, *(each for each in had if each in _STAY and each != key))
    wanted = {name: list(found) for name, found in keys.items() if name != action_id}
    if new is not None:
        wanted[action_id] = list(new)
    found, troubles = read_keys(wanted)
    if found.get(action_id) != new or len(found) != len(wanted):
        said = troubles[0].removeprefix("settings.toml: ") if troubles else "That key cannot be had."
        return dict(keys), said
    return found, None


def _conflict(keys: Keys) -> tuple[str, str] | None:
    """The first action whose own key another one has where both live, and what to say of it."""
    for stack in STACKS:
        holders: dict[str, Action] = {}
        for action in rebound(of_layers(stack), keys):
            for key in action.keys:
                other = holders.setdefault(key, action)
                if other.id == action.id:
                    continue
                mine, its = (action, other) if action.id in keys else (other, action)
                if mine.id in keys:
                    return (
                        mine.id,
                        f"settings.toml: {key_name(key)} is {its.title} ({its.id}); {mine.id} keeps its own key.",
                    )
    return None


def rebound(actions: Iterable[Action], keys: Keys) -> tuple[Action, ...]:
    """The actions with the user's own keys. Of an action that stands there twice, the first gets them."""
    given: set[str] = set()
    found: list[Action] = []
    for action in actions:
        own = keys.get(action.id) if action.id not in given else None
        given.add(action.id)
        found.append(action if own is None else replace(action, keys=own))
    return tuple(found)
