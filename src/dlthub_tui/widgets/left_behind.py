"""Frees the painted rows of widgets that are gone.

The library remembers two colours for each of the last 1,024 widgets by a cache on a method of what keeps their rows
(`StylesCache.get_inner_outer`), and so keeps the rows of all of them: 25 kB each in lists, 25 MB in an hour of turning
between screens. This file alone touches that cache.
"""

from __future__ import annotations

from typing import Any, cast

from textual._styles_cache import StylesCache


def forget_gone() -> None:
    """Call it when a screen is gone. What is still shown asks for its colours again, which costs microseconds."""
    clear = getattr(cast("Any", StylesCache).get_inner_outer, "cache_clear", None)
    if clear is not None:  # a library that remembers otherwise needs no help
        clear()
