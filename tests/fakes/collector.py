"""The garbage collector, which in a process of many tests takes longer than what they measure."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Generator[None]:
    """Nothing is collected within the block: what other tests have left tells nothing of the code that is measured."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
