"""The user's settings file: `settings.toml` beside the session."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME = "settings.toml"


def read_preferences(folder: Path) -> tuple[dict[str, Any], str | None]:
    """What the file says, and what is wrong with it, None where nothing is. Without a file there is nothing."""
    try:
        return tomllib.loads((folder / NAME).read_text(encoding="utf-8")), None
    except FileNotFoundError:
        return {}, None
    except OSError as exc:
        return {}, f"{NAME} cannot be read: {exc.strerror or 'no reason given'}."
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        return {}, f"{NAME} is no TOML: {exc}."


class NotWritten(Exception):
    """The file stays as it was; the text says why."""


def write_key(folder: Path, action_id: str, keys: Sequence[str]) -> None:
    """Gives an action these keys in the file; everything else in it stays. Blocking; the file is 0600.

    Raises: NotWritten.
    """
    document, trouble = read_preferences(folder)
    if trouble is not None:
        raise NotWritten(trouble)
    try:
        before = (folder / NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        before = ""
    table: dict[str, Any] = {**document.get("keys", {}), action_id: list(keys) if len(keys) > 1 else keys[0]}
    after = _with_keys(before, table)
    if tomllib.loads(after) != {**document, "keys": table}:
        raise NotWritten(f"{NAME} is written in a way that cannot be kept. Change it by hand.")
    part = folder / f"{NAME}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(after)
        part.replace(folder / NAME)
    except OSError as exc:
        raise NotWritten(f"{NAME} cannot be written: {exc.strerror or 'no reason given'}.") from exc


def _with_keys(text: str, table: dict[str, Any]) -> str:
    """The text with another table of keys, which keeps its comments."""
    comments: list[str] = []

    def taken(block: re.Match[str]) -> str:
        comments.extend(line for line in block[0].splitlines() if line.lstrip().startswith("#"))
        return ""

    rest = re.sub(r"^\[keys\][^\n]*\n(?:(?!\[).*(?:\n|\Z))*", taken, text, flags=re.MULTILINE).rstrip("\n")
    lines = [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in table.items()]
    return "\n".join([*([rest, ""] if rest else []), "[keys]", *comments, *lines]) + "\n"
