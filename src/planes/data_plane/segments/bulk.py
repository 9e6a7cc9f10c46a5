"""Wire lines of a whole chunk at a time, in the pieces that the index counts by.

A run that prints much spends its time here, so a line of it costs a share of a few calls into C, and no call of its
own: all are escaped at once, cut at once, and joined with their numbers by slice assignment. The result is byte for
byte that of `wire.encode_lines`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from json.encoder import encode_basestring_ascii

from planes.data_plane.segments.files import STRIDE
from planes.data_plane.segments.wire import HEAD, Origin

PLAIN = bytes(range(0x20, 0x7F)) + b"\t\n"
"""The bytes that `escape_plain` may be given."""

_THOUSAND = [b"%03d" % number for number in range(1000)]


def escape(content: str) -> bytes:
    """A content as it stands between the quotes of its wire line."""
    return encode_basestring_ascii(content)[1:-1].encode("ascii")


def escape_plain(lines: bytes) -> list[bytes]:
    """The same for lines, at least one, each with its newline and made of `PLAIN` bytes only."""
    for sign, escaped in ((b"\\", b"\\\\"), (b'"', b'\\"'), (b"\t", b"\\t")):
        if sign in lines:
            lines = lines.replace(sign, escaped)
    contents = lines.split(b"\n")
    contents.pop()
    return contents


def encode_pieces(
    escaped: Sequence[bytes], first_line: int, segment_line: int, origin: Origin, reported_at: datetime
) -> Iterator[tuple[int, bytes]]:
    """Render escaped contents as wire lines numbered from `first_line`: pieces of whole lines, each with their count.

    No piece goes over the end of a stride of the segment that begins with `segment_line`, nor over a thousand lines:
    within one, all numbers have the same beginning.
    """
    stream, source, stage = origin
    head = f'{HEAD}"'.encode("ascii")
    middle = f'","io_stream":"{stream}","line_num":'.encode("ascii")
    end = f',"reported_at":"{reported_at.isoformat()}","source":"{source}","stage":"{stage}"}}\n'.encode("ascii")
    between = end + head
    done = 0
    while done < len(escaped):
        thousands, number = divmod(first_line + done, 1000)
        to_stride = STRIDE - (first_line + done - segment_line) % STRIDE
        count = min(len(escaped) - done, to_stride, 1000 - number)
        pieces = [between, b"", middle + b"%d" % thousands if thousands else middle, b""] * count
        pieces[0] = head
        pieces[1::4] = escaped[done : done + count]
        pieces[3::4] = _THOUSAND[number : number + count] if thousands else _small(number, count)
        pieces.append(end)
        yield count, b"".join(pieces)
        done += count


def _small(number: int, count: int) -> list[bytes]:
    """Numbers under a thousand: nothing stands before them, so they have no leading zeros."""
    return [b"%d" % small for small in range(number, number + count)]
