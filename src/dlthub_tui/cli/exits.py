"""Exit codes of every command, and how a failure is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

DONE = 0
FAILED = 1
WRONG_USAGE = 2
NOT_REACHABLE = 3
NOT_ALLOWED = 4


def say_error(message: str) -> None:
    """What went wrong, on standard error. Words of a server or a file name are in it, so it is made inert."""
    print(f"dlthub-tui: {inert(message)}", file=sys.stderr, flush=True)


def say_result(value: Mapping[str, Any], *, as_json: bool, sentence: str, advice: str | None = None) -> None:
    """A command's result: one JSON object on one line, or a sentence.

    What is to be known beside a result that is kept in a file goes to standard error, as `advice`.
    """
    print(json.dumps(value) if as_json else inert(sentence), flush=True)
    if advice is not None and not as_json:
        print(inert(advice), file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """The text, line by line, without anything that a terminal would obey (Security: 14)."""
    from planes.scrub import display_guard

    return "\n".join(display_guard(line) for line in text.split("\n"))
