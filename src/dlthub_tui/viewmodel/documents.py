"""JSON documents as lines for reading."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dlthub_tui.viewmodel.text import Line, Role, Span, accent, guard, line, muted


def json_lines(document: dict[str, Any]) -> list[Line]:
    """A document, one key a line, names in another role than values."""
    return [_coloured(text) for text in json.dumps(document, indent=2, ensure_ascii=False, default=str).splitlines()]


def _coloured(text: str) -> Line:
    indent = text[: len(text) - len(text.lstrip())]
    body = text.lstrip()
    if body.startswith('"') and '": ' in body:
        name, _, rest = body.partition('": ')
        return (Span(indent), accent(guard(name.lstrip('"'))), muted(": "), Span(guard(rest), Role.TEXT))
    return line(indent, guard(body))


def words_of(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Where each word of a document stands, and the word; what is empty is `{}` or `[]`."""
    if isinstance(value, dict) and value:
        for key, member in value.items():  # pyright: ignore[reportUnknownVariableType] - JSON
            yield from words_of(f"{path}.{key}" if path else str(key), member)  # pyright: ignore[reportUnknownArgumentType] - JSON
    elif isinstance(value, list) and value:
        for position, member in enumerate(value):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
            yield from words_of(f"{path}[{position}]", member)
    else:
        yield path, "null" if value is None else str(value)  # pyright: ignore[reportUnknownArgumentType] - JSON


def changed_lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """The words that differ, before and after."""
    old, new = dict(words_of("", before)), dict(words_of("", after))
    lines: list[Line] = []
    for path in sorted(path for path in {*old, *new} if old.get(path) != new.get(path)):
        if path in old:
            lines.append(line(Span(f"- {guard(path)}: {guard(old[path])}", Role.FAIL)))
        if path in new:
            lines.append(line(Span(f"+ {guard(path)}: {guard(new[path])}", Role.OK)))
    return lines
