"""Two sizes of each test: a short one in `make test`, the whole one by `make reliability`."""

from __future__ import annotations

import os
from typing import TypeVar

SIZE_VARIABLE = "DLTHUB_TUI_RELIABILITY"
IS_FULL = os.environ.get(SIZE_VARIABLE) == "full"
T = TypeVar("T")


def sized(short: T, full: T) -> T:
    """The size to use now."""
    return full if IS_FULL else short


def tell(row: str, figure: str) -> None:
    """A row's figure, to be seen with `pytest -s`."""
    print(f"\n{row} ({'full' if IS_FULL else 'short'}): {figure}")
