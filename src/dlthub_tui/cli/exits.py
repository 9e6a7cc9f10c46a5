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
    """One line on standard error."""
    print(f"dlthub-tui: {message}", file=sys.stderr)


def say_result(value: Mapping[str, Any], *, as_json: bool, sentence: str) -> None:
    """A command's result: one JSON object on one line, or a sentence."""
    print(json.dumps(value) if as_json else sentence, flush=True)
