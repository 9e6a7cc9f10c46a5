"""Files that people edit in their own editor."""

from __future__ import annotations

import tomllib
from typing import Any


class BadFile(ValueError):
    """The file does not say what is meant; the text says where."""


def read_toml(text: str) -> dict[str, Any]:
    """What a file of tables says. Raises: BadFile."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # also a number of thousands of digits
        raise BadFile(f"It is no TOML: {exc}") from exc
