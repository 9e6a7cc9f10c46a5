"""Where `:884`, `:13:45`, `<` and `{` go in a log."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from dlthub_tui.viewmodel.look import Look

_LINE = re.compile(r"#?([0-9][0-9,]{0,18})")
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9]))?")


def parse_line(text: str) -> int | None:
    """The line that `884` or `1,204` names, from 0 on."""
    found = _LINE.fullmatch(text.strip())
    return max(0, int(found[1].replace(",", "")) - 1) if found else None


def parse_time(text: str, near: datetime, begun: datetime | None, look: Look) -> datetime | None:
    """The moment that `13:45` names: on the day of `near`, a day later where that was before the run began."""
    found = _TIME.fullmatch(text.strip())
    if found is None:
        return None
    day = look.local(near)
    at = day.replace(hour=int(found[1]), minute=int(found[2]), second=int(found[3] or 0), microsecond=0)
    if begun is not None and at < begun - timedelta(minutes=1) and at + timedelta(days=1) <= look.now():
        at += timedelta(days=1)
    return at
