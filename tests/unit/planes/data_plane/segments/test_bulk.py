"""The fast way to wire lines gives the bytes of the plain way."""

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from planes.data_plane.segments import Origin, SegmentWriter, encode_lines
from planes.data_plane.segments.bulk import PLAIN, encode_plain
from planes.data_plane.segments.files import list_segments

NOW = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
USER = Origin("stdout", "user", "run")
SIGNS = "".join(chr(byte) for byte in PLAIN if byte != 10)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.text(SIGNS, max_size=30) | st.sampled_from(["%d", "100%", '"line_num":5,"reported_at"', "\\", ""]),
        min_size=1,
    ),
    st.integers(0, 10**9),
)
def test_plain_lines_are_encoded_as_any_others(contents: "list[str]", first: int) -> None:
    lines = "".join(content + "\n" for content in contents).encode()

    assert encode_plain(lines, first, USER, NOW) == encode_lines(contents, first, USER, NOW)


def test_index_is_the_same_whichever_way_lines_are_appended(tmp_path: Path) -> None:
    contents = [f'{number} "line_num":{number + 1},"reported_at" %d' for number in range(3000)]
    writers = [SegmentWriter(tmp_path / name, 1_000_000) for name in ("slow", "fast")]
    place = 0
    for size in (1, 254, 1, 255, 256, 257, 700, 1, 512, 763):
        part = contents[place : place + size]
        place += size
        writers[0].append(part, USER, NOW)
        writers[1].append_plain("".join(text + "\n" for text in part).encode(), USER, NOW)
    for writer in writers:
        writer.close()

    assert place == 3000
    slow, fast = (list_segments(tmp_path / name) for name in ("slow", "fast"))
    assert len(slow) == len(fast) > 1
    for one, other in zip(slow, fast, strict=True):
        for kind in ("lines_path", "idx_path", "sum_path"):
            assert getattr(one, kind).read_bytes() == getattr(other, kind).read_bytes()
