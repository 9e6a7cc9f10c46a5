"""Times that clients send."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator


def _written_out(value: object) -> object:
    if isinstance(value, str):
        try:
            float(value)
        except ValueError:
            return value
        raise ValueError("a time is written as ISO 8601, not as a number")
    return value


# The library takes numbers for seconds since 1970, which no document of ours offers.
Moment = Annotated[datetime, BeforeValidator(_written_out)]
