"""Numbers as people write them."""

from __future__ import annotations

_MOST_DIGITS = 15
"""As many as every number here may have and every reader of it keeps whole."""


def whole_number(text: str) -> int | None:
    """0 or more in plain digits; None for anything else, also for more digits than anything counts."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS else None
