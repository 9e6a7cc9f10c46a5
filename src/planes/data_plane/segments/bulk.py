"""Wire lines of plain text, a whole chunk at a time: no object for each line.

The result is byte for byte that of `wire.encode_lines`. A run that prints much spends its time here.
"""

from collections.abc import Iterator
from datetime import datetime

from planes.data_plane.segments.files import STRIDE
from planes.data_plane.segments.wire import HEAD, Origin

PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
"""The bytes that `encode_plain` may be given."""


def encode_plain(lines: bytes, first_line: int, origin: Origin, reported_at: datetime) -> bytes:
    """Render lines, each with its newline and made of `PLAIN` bytes only, as wire lines numbered from `first_line`."""
    stream, source, stage = origin
    text = lines[:-1]
    for sign, escaped in ((b"%", b"%%"), (b"\\", b"\\\\"), (b'"', b'\\"'), (b"\t", b"\\t")):
        if sign in text:
            text = text.replace(sign, escaped)
    middle = f'","io_stream":"{stream}","line_num":%d'
    end = f',"reported_at":"{reported_at.isoformat()}","source":"{source}","stage":"{stage}"}}\n'
    border = f'{middle}{end}{HEAD}"'.encode("ascii")
    template = b"".join((HEAD.encode("ascii"), b'"', text.replace(b"\n", border), (middle + end).encode("ascii")))
    return template % tuple(range(first_line, first_line + lines.count(b"\n")))


def stride_ends(encoded: bytes, first_line: int, count: int, segment_line: int) -> Iterator[int]:
    """Where in the `count` wire lines that begin with `first_line` each stride of the segment ends.

    A line's number is found by its text: no content can hold it, since a quote inside one is escaped.
    """
    number = first_line + STRIDE - 1 - (first_line - segment_line) % STRIDE
    place = 0
    while number < first_line + count:
        place = encoded.index(b"\n", encoded.index(b'"line_num":%d,"reported_at"' % number, place)) + 1
        yield place
        number += STRIDE
