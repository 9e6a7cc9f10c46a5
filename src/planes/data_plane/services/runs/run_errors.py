"""Why a run failed, read from the end of its log: what the platform says of its end, an exception, set-up. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

LAST_LINES = 400
LAST_BYTES = 4 * 1024 * 1024
"""How much of a log's end is looked through."""
_MOST_SIGNS = 4_000

_HEAD = "Traceback (most recent call last):"
_GROUP = "+ Exception Group Traceback"
_LINKS = (
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
)


@dataclass(frozen=True, slots=True)
class RunError:
    """`reason` is one line; `text` is all that was said, oldest line first."""

    reason: str
    text: str


def find_error(stored: bytes) -> RunError | None:
    """The last exception among these wire lines (NDJSON), with those that led to it; None when nothing says why."""
    lines: list[dict[str, Any]] = [json.loads(line) for line in stored.splitlines()]
    said = [_shortened(line) for line in lines if line["source"] == "user" and line["io_stream"] == "stderr"]
    # What the platform itself says of the end of a run that used something up: an exception only shows where.
    ended = [_shortened(line) for line in lines if line["source"] == "setup" and line["stage"] == "run"]
    heads = [place for place, text in enumerate(said) if _HEAD in text]
    if heads:
        first, last = _ends(said, heads)
        return RunError(ended[-1] if ended else _reason(said[last + 1 :]), "\n".join([*said[first:], *ended]))
    if ended:
        return RunError(ended[-1], "\n".join([*said, *ended]))
    built = [_shortened(line) for line in lines if line["source"] == "setup" and line["io_stream"] == "stderr"]
    return RunError(built[-1], "\n".join(built)) if built else None


def _shortened(line: dict[str, Any]) -> str:
    """What a line says, without most of a statement or an answer of megabytes that an exception quotes."""
    text = str(line["content"])
    return text if len(text) <= _MOST_SIGNS else f"{text[:_MOST_SIGNS]}…"


def _reason(after: Sequence[str]) -> str:
    """Python indents frames, and then names the exception at the margin; that of a group stands behind a bar."""
    for text in after:
        at_margin = text.removeprefix("  | ")
        if at_margin.strip(" |+-") and not at_margin.startswith((" ", "\t")):
            return at_margin
    return after[-1].strip() if after else _HEAD


def _ends(said: Sequence[str], heads: Sequence[int]) -> tuple[int, int]:
    """The heads of the first traceback that led to the last exception, and of that one; a group's members are its."""
    last = heads[-1]
    if said[last].startswith(" "):
        last = next((head for head in reversed(heads) if _GROUP in said[head]), last)
    first = last
    for head in reversed(heads[: heads.index(last)]):
        if not any(text.strip() in _LINKS for text in said[head:first]):
            break
        first = head
    return first, last
