"""The wire line: what one line of a log looks like, stored and served.

A stored line *is* the served line: one JSON object, ASCII only, ended by the only newline it contains. JSON escapes
every newline of a content, so a content can never begin another wire line.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii
from typing import NamedTuple, cast

HEAD = '{"content":'
KEYS = frozenset({"content", "io_stream", "line_num", "reported_at", "source", "stage"})


class Origin(NamedTuple):
    """Where a line comes from.

    `io_stream` is stdout, stderr or other; `source` is user, setup or runner; `stage` is build or run. Contract: 6.
    """

    io_stream: str
    source: str
    stage: str


def encode_lines(contents: Sequence[str], first_line: int, origin: Origin, reported_at: datetime) -> bytes:
    """Render contents (without their newline) as wire lines numbered from `first_line`.

    The four repeating pieces are interleaved by slice assignment, so that the work per line stays in C:
    `json.dumps` per line would be the slowest part of a run that prints much.
    """
    count = len(contents)
    if not count:
        return b""
    stream, source, stage = origin
    middle = f',"io_stream":"{stream}","line_num":'
    end = f',"reported_at":"{reported_at.isoformat()}","source":"{source}","stage":"{stage}"}}\n'
    pieces = [middle] * (4 * count)
    pieces[0::4] = list(map(encode_basestring_ascii, contents))
    pieces[2::4] = list(map(str, range(first_line, first_line + count)))
    pieces[3::4] = [end + HEAD] * (count - 1) + [end]
    return (HEAD + "".join(pieces)).encode("ascii")


def is_wire_line(line: bytes, line_num: int) -> bool:
    """Whether bytes without their newline are a whole wire line of that number."""
    try:
        document: object = json.loads(line)
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    members = cast("dict[str, object]", document)
    return members.keys() == KEYS and members["line_num"] == line_num
