"""The user's settings file: `settings.toml` beside the session."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NAME = "settings.toml"


def read_preferences(folder: Path) -> tuple[dict[str, Any], str | None]:
    """What the file says, and what is wrong with it, None where nothing is. Without a file there is nothing."""
    try:
        return tomllib.loads((folder / NAME).read_text(encoding="utf-8-sig")), None
    except FileNotFoundError:
        return {}, None
    except OSError as exc:
        return {}, f"{NAME} cannot be read: {exc.strerror or 'no reason given'}."
    except (ValueError, RecursionError) as exc:
        return {}, f"{NAME} is no TOML: {exc}."


class NotWritten(Exception):
    """The file stays as it was; the text says why."""


def read_text(folder: Path) -> str:
    """The text of the file; empty where there is none. Raises: NotWritten when it cannot be read."""
    try:
        return (folder / NAME).read_text(encoding="utf-8-sig")  # some editors write its mark
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise NotWritten(f"{NAME} cannot be read.") from exc


def write_text(folder: Path, text: str) -> None:
    """Replaces the file, 0600, whole or not at all. Blocking. Raises: NotWritten, also when the text is no TOML."""
    try:
        tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        raise NotWritten(f"That is no TOML: {exc}.") from exc
    from planes.private_files import write_for_home  # reading, before the first frame, needs none of it

    try:
        write_for_home(folder / NAME, text.encode())
    except OSError as exc:
        raise NotWritten(f"{NAME} cannot be written: {exc.strerror or 'no reason given'}.") from exc


def write_key(folder: Path, action_id: str, keys: Sequence[str]) -> None:
    """Gives an action these keys in the file, or with none those it comes with; everything else in it stays.

    Blocking; the file is 0600. Raises: NotWritten.
    """
    write_setting(folder, "keys", action_id, list(keys) if len(keys) > 1 else keys[0] if keys else None)


def write_setting(folder: Path, table: str, name: str, value: str | list[str] | None) -> None:
    """Gives a name of a table this value in the file, or takes it out; everything else in it stays.

    Blocking; the file is 0600. Raises: NotWritten.
    """
    document, trouble = read_preferences(folder)
    if trouble is not None:
        raise NotWritten(trouble)
    known: Any = document.get(table, {})
    if not isinstance(known, dict):
        raise NotWritten(f"[{table}] of {NAME} is no table. Change it by hand.")
    if value is None and name not in known:
        return
    values: dict[str, Any] = {**known, name: value}
    if value is None:
        del values[name]
    try:
        after = _with_table(read_text(folder), table, values)
        is_kept = tomllib.loads(after) == {**document, table: values}
    except (TypeError, ValueError):  # values that only TOML has, and tables in tables
        is_kept, after = False, ""
    if not is_kept:
        raise NotWritten(f"{NAME} is written in a way that cannot be kept. Change it by hand.")
    write_text(folder, after)


def _with_table(text: str, table: str, values: dict[str, Any]) -> str:
    """The text with other values in a table, which keeps its comments."""
    comments: list[str] = []

    def taken(block: re.Match[str]) -> str:
        comments.extend(line for line in block[0].splitlines() if line.lstrip().startswith("#"))
        return ""

    pattern = rf"^\[{re.escape(table)}\][^\n]*\n(?:(?!\[).*(?:\n|\Z))*"
    rest = re.sub(pattern, taken, text, flags=re.MULTILINE).rstrip("\n")
    lines = [
        f"{json.dumps(name, ensure_ascii=False)} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in values.items()
    ]
    return "\n".join([*([rest, ""] if rest else []), f"[{table}]", *comments, *lines]) + "\n"
