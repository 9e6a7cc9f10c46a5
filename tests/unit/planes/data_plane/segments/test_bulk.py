"""The fast way to wire lines gives the bytes of the plain way."""

import itertools
import re
import struct
import zlib
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from planes.data_plane.segments import Origin, SegmentWriter, encode_lines
from planes.data_plane.segments.bulk import PLAIN, encode_pieces, escape, escape_plain
from planes.data_plane.segments.files import STRIDE, list_segments

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
USER = Origin("stdout", "user", "run")
SIGNS = "".join(chr(byte) for byte in PLAIN if byte != 10)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(SIGNS, max_size=30) | st.sampled_from(["%d", "100%", '"line_num":5,"reported_at"', "\\", ""]),
        min_size=1,
    ),
    st.integers(0, 1200) | st.integers(10**6 - 300, 10**6 + 300) | st.integers(0, 10**9),
    st.integers(0, 600),
    st.sampled_from([1, 40, 700]),
)
def test_many_lines_at_once_are_encoded_as_any_others(
    contents: "list[str]", first: int, passed: int, times: int
) -> None:
    segment_line = max(0, first - passed)
    contents = contents * times
    escaped = escape_plain("".join(content + "\n" for content in contents).encode())
    pieces = list(encode_pieces(escaped, first, segment_line, USER, NOW))

    assert escaped == [escape(content) for content in contents]
    assert b"".join(piece for _, piece in pieces) == encode_lines(contents, first, USER, NOW)
    assert [piece.count(b"\n") for _, piece in pieces] == [count for count, _ in pieces]
    ends = set(itertools.accumulate((count for count, _ in pieces), initial=first - segment_line))
    assert ends.issuperset(range(-(-(first - segment_line) // STRIDE) * STRIDE, max(ends), STRIDE))


def test_index_and_checksums_fit_the_lines_however_they_are_appended(tmp_path: Path) -> None:
    contents = [f'{number} "line_num":{number + 1},"reported_at" %d' for number in range(3000)]
    writer = SegmentWriter(tmp_path, 1_000_000)
    place = 0
    for size in (1, 254, 1, 255, 256, 257, 700, 1, 512, 763):
        part = contents[place : place + size]
        place += size
        writer.append(part, USER, NOW)
    writer.close()

    assert place == 3000
    segments = list_segments(tmp_path)
    assert len(segments) > 1
    stored = b""
    for segment in segments:
        written = segment.lines_path.read_bytes()
        stored += written
        line_ends = [end.end() for end in re.finditer(b"\n", written)]
        assert struct.unpack(f"<{len(line_ends) // STRIDE}Q", segment.idx_path.read_bytes()) == tuple(
            line_ends[STRIDE - 1 :: STRIDE]
        )
        summed = 0
        for length, checksum in struct.iter_unpack("<II", segment.sum_path.read_bytes()):
            assert zlib.crc32(written[summed : summed + length]) == checksum
            summed += length
        assert summed == len(written)
    assert stored == encode_lines(contents, 0, USER, NOW)
