"""The wire line: what one line of a log looks like, stored and served.

A stored line *is* the served line: one JSON object, ASCII only, ended by the only newline it contains. JSON escapes
every newline of a content, so a content can never begin another wire line.
"""

import json
import os
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


CONTENT_END = b'","io_stream":"'
_OPENING = HEAD.encode("ascii") + b'"'
_NUMBER = b'"line_num":'
# From the number to the end of a line: less than this.
_TAIL_BYTES = 256


class WireLine(NamedTuple):
    """A stored line without its newline, cut where its content ends."""

    content: str
    rest: bytes

    @classmethod
    def parse(cls, line: bytes) -> "WireLine":
        """Raises: ValueError if it is no wire line. The first such end is the content's: its quotes are escaped."""
        end = line.index(CONTENT_END) + 1
        if b"\\" not in line and line.startswith(_OPENING):
            return cls(line[len(_OPENING) : end - 1].decode("ascii"), line[end:])
        return cls(cast("str", json.loads(line[len(HEAD) : end])), line[end:])

    def render(self, content: str) -> bytes:
        """The same line with another content, with its newline."""
        return HEAD.encode("ascii") + encode_basestring_ascii(content).encode("ascii") + self.rest + b"\n"


def number_of(line: bytes) -> int | None:
    """The number of a wire line (with or without its newline), or None if it is none."""
    place = line.rfind(_NUMBER, max(0, len(line) - _TAIL_BYTES))
    digits = line[place + len(_NUMBER) :].partition(b",")[0] if place >= 0 else b""
    return int(digits) if digits.isdigit() else None


def reported_at_of(line: bytes) -> datetime | None:
    """When a wire line was reported, or None if it does not say."""
    _, mark, rest = line[-_TAIL_BYTES:].rpartition(b'"reported_at":"')
    try:
        return datetime.fromisoformat(rest.partition(b'"')[0].decode("ascii")) if mark else None
    except ValueError:
        return None


def number_before(descriptor: int, offset: int) -> int | None:
    """The number of the line that ends right before an offset of a file of wire lines, or None."""
    start = max(0, offset - _TAIL_BYTES)
    tail = os.pread(descriptor, min(offset - start, _TAIL_BYTES), start) if 0 < offset < 2**62 else b""
    return number_of(tail) if len(tail) == offset - start and tail.endswith(b"}\n") else None
