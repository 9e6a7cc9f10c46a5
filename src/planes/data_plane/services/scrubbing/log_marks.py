"""Where masks stand in a stored log. Reads it once, from the region's own disk; blocking."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from planes.data_plane.segments.reader import LogCursor
from planes.data_plane.services.secrets.secrets_used import name_in_mask

LINES_PER_NAME = 100
_BEGINNING = b"[masked:"
_MARK = re.compile(r"\[masked:([^\]\n]*)\]")


@dataclass(slots=True)
class Marks:
    """How often each name stands in a mask, and on which lines first (at most 100 of each)."""

    counts: Counter[str] = field(default_factory=Counter[str])
    lines: dict[str, list[int]] = field(default_factory=dict[str, list[int]])


def find_marks(log: Path) -> Marks:
    """Every mask of a log. What cannot be read is passed over."""
    marks = Marks()
    cursor = LogCursor(log)
    try:
        while content := cursor.read():
            if _BEGINNING in content:
                for line in content.splitlines():
                    if _BEGINNING in line:
                        _take(marks, line)
    finally:
        cursor.close()
    return marks


def _take(marks: Marks, line: bytes) -> None:
    try:
        document: Mapping[str, Any] = json.loads(line)
        content, number = str(document["content"]), int(document["line_num"])
    except (ValueError, KeyError, TypeError):
        return
    for found in _MARK.findall(content):
        name = name_in_mask(found)
        marks.counts[name] += 1
        lines = marks.lines.setdefault(name, [])
        if len(lines) < LINES_PER_NAME and (not lines or lines[-1] != number):
            lines.append(number)
