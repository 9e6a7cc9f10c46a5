"""JSON documents as lines for reading."""

from __future__ import annotations

import json
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
