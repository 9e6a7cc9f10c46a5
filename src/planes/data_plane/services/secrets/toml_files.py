"""Reads the TOML of strangers in a bounded time and memory, which the parser of the standard library does not."""

from __future__ import annotations

import re
import tomllib
from typing import Any

# The parser keeps each beginning of a key, so that it needs the square of their number: a key of 32 KB took a gigabyte.
MOST_PARTS = 64
# Each name, table and member takes up to a kilobyte while it is read.
MOST_MARKS = 100_000
_MARKS = "\n.,=[{"
_LONG_KEY = re.compile(
    r"""(?<![\w-])(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
    rf"""(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')){{{MOST_PARTS}}}"""
)


class TooMuchToml(ValueError):
    """To read it would take the region its memory."""


def read_toml(text: str) -> dict[str, Any]:
    """The document; what stands in it is counted before it is read.

    Raises: TooMuchToml; TOMLDecodeError; ValueError for a number of thousands of digits; RecursionError.
    """
    if sum(map(text.count, _MARKS)) > MOST_MARKS:
        raise TooMuchToml(f"it has more than {MOST_MARKS:,} names, values and lines")
    if _LONG_KEY.search(text):
        raise TooMuchToml(f"a key in it has more than {MOST_PARTS} parts")
    return tomllib.loads(text)
