"""Lines wider than the screen that name a place in code: what tells one from another, file, line and what follows,
stays on it.
"""

from __future__ import annotations

import re

from dlthub_tui.viewmodel.text import Line, Role, cell_width

_FRAME = re.compile(r'[\s|]+File "(?P<path>[^"]+)", line \d+')
# `/srv/x/orders.py:41: UserWarning: …`, as warnings, compilers and the traces of other languages name a place.
_PLACE = re.compile(r"(?<![^\s\"'(<=\[])(?P<path>/[^\s\"'()<>\[\],:]+):\d+")
# Of a line of megabytes no more is looked at: what begins farther right is not on the screen.
_LONGEST_PATH = 4096
_FOLDER_END = re.compile(r"(?<=.)[/\\]")


def fitted(spans: Line, room: int, cut: str) -> Line:
    """The path of a frame, or before a line's number, loses its first folders, all if need be, until the line fits:
    `…/ingest/orders.py`.

    Other lines, and paths in which something is masked or found, are as they are.
    """
    plain = "".join(span.text for span in spans)[: room + _LONGEST_PATH]
    over = cell_width(plain) - room
    found = (_FRAME.match(plain) or _PLACE.search(plain)) if over > 0 else None
    if found is None:
        return spans
    begin, end = found.span("path")
    position = 0
    for number, span in enumerate(spans):
        if position <= begin and end <= position + len(span.text):
            if span.role is not Role.TEXT:
                break
            head, tail = span.text[: begin - position], span.text[end - position :]
            short = _without_folders(found["path"], over, cut)
            return (*spans[:number], span._replace(text=head + short + tail), *spans[number + 1 :])
        position += len(span.text)
    return spans


def _without_folders(path: str, cells: int, cut: str) -> str:
    """So many cells shorter, if whole folders make that many."""
    short = path
    for end in _FOLDER_END.finditer(path):
        short = cut + path[end.start() :]
        if cell_width(path) - cell_width(short) >= cells:
            break
    return short
