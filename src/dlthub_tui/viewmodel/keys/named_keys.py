"""Sentences that name keys, such as `No jobs yet. {deploy.open} deploys a folder.`

The key is printed as the user has bound it. What names an action that a read-only session hides is not said.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dlthub_tui.viewmodel.keys.actions import ACTIONS, Action, key_name
from dlthub_tui.viewmodel.look import Look

_NAMED = re.compile(r"\{([a-z_]+(?:\.[a-z_0-9]+)?)\}")
_SENTENCES = re.compile(r"(?<=[.?]) (?=\S)")
_PARTS = re.compile(r"(?<=[;:]) ")


def name_keys(text: str, look: Look) -> str:
    """The sentences with keys for ids. Of one that names a hidden action, what stands before its `:` or `;` is left."""
    if "{" not in text:
        return text
    kept = [_shown(sentence) for sentence in _SENTENCES.split(text)] if look.is_read_only else [text]
    return _NAMED.sub(lambda found: _key(found, look), " ".join(filter(None, kept)))


def _shown(sentence: str) -> str:
    parts = _PARTS.split(sentence)
    hidden = next((at for at, part in enumerate(parts) if _is_hidden(part)), None)
    if hidden is None:
        return sentence
    left = " ".join(parts[:hidden]).rstrip(";:")
    return f"{left}." if left and sentence.endswith(".") else left


def _is_hidden(part: str) -> bool:
    return any(action.changes for name in _NAMED.findall(part) for action in _called(name))


@lru_cache(maxsize=256)
def _called(action_id: str) -> tuple[Action, ...]:
    return tuple(action for action in ACTIONS if action.id == action_id)


def _key(found: re.Match[str], look: Look) -> str:
    """Of an id that is none, what stood there: it is somebody's text."""
    actions = _called(found[1])
    if not actions:
        return found[0]
    keys = look.keys.get(found[1], actions[0].keys)
    return key_name(keys[0], is_ascii=look.is_ascii)
