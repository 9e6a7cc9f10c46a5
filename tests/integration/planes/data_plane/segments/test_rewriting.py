"""Lines of a sealed log are changed in place, whatever its form, and whenever the process dies."""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from planes.data_plane.logs import codec as codec
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import LogIsOpen, consolidate
from planes.data_plane.segments.reader import LogCursor, line_count, read_range
from planes.data_plane.segments.rewriting import RewriteResult, rewrite_lines

USER = Origin("stdout", "user", "run")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LINES = 3000


def rewrite_log(folder: Path, change: Callable[[str], str]) -> RewriteResult:
    return rewrite_lines(folder, lambda contents: map(change, contents))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    writer = SegmentWriter(tmp_path / "segments", max_log_bytes=2_000_000)
    for number in range(0, LINES, 10):
        at = AT + timedelta(seconds=number)
        writer.append([f"line {each} says tomato \u00e4" for each in range(number, number + 10)], USER, at)
    writer.seal()
    writer.close()
    assert len(list((tmp_path / "segments").glob("*.ndjson"))) > 1
    return tmp_path / "segments"


def lines_of(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in read_range(folder, 0, LINES + 10).splitlines()]


def stored_bytes(folder: Path) -> bytes:
    """Everything that anybody could read there, unpacked."""
    import zstandard

    content = b""
    for path in folder.iterdir():
        raw = path.read_bytes()
        content += raw
        if path.suffix == ".zst":
            for_all = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
            content += for_all.read()
    return content


@pytest.mark.parametrize("is_compressed", [False, True])
def test_a_word_is_gone_from_every_byte_and_all_else_stays(folder: Path, *, is_compressed: bool) -> None:
    if is_compressed:
        consolidate(folder)
    before = lines_of(folder)

    result = rewrite_log(folder, lambda content: content.replace("tomato", "[masked:FRUIT]"))

    assert (result.lines, result.changed) == (LINES, LINES)
    assert b"tomato" not in stored_bytes(folder)
    expected = [{**line, "content": str(line["content"]).replace("tomato", "[masked:FRUIT]")} for line in before]
    assert lines_of(folder) == expected
    assert json.loads(read_range(folder, 2345, 1))["line_num"] == 2345
    assert line_count(folder) == LINES
    again = rewrite_log(folder, lambda content: content.replace("tomato", "[masked:FRUIT]"))
    assert again == (LINES, 0, 0)


def test_what_a_death_left_of_a_replaced_segment_goes(folder: Path) -> None:
    plain = {path: path.read_bytes() for path in folder.iterdir()}
    rewrite_log(folder, lambda content: content.replace("tomato", "[masked:FRUIT]"))
    for path, content in plain.items():
        path.write_bytes(content)
    rewrite_log(folder, lambda content: content.replace("tomato", "[masked:FRUIT]"))

    assert b"tomato" not in stored_bytes(folder)


def test_only_segments_with_a_changed_line_are_replaced(folder: Path) -> None:
    result = rewrite_log(folder, lambda content: content.replace("line 1234 says tomato", "gone"))

    assert result == (LINES, 1, 1)
    assert len(list(folder.glob("*.zst"))) == 1
    assert [line["line_num"] for line in lines_of(folder)] == list(range(LINES))
    assert json.loads(read_range(folder, 1234, 1))["content"] == "gone \u00e4"


def test_a_change_may_look_at_more_than_one_line(folder: Path) -> None:
    def pairs(contents: Iterable[str]) -> Iterator[str]:
        held = None
        for content in contents:
            if held is not None:
                yield held + "+"
            held = content
        if held is not None:
            yield held

    rewrite_lines(folder, pairs)

    assert [line["line_num"] for line in lines_of(folder)] == list(range(LINES))
    assert lines_of(folder)[5]["content"] == "line 5 says tomato \u00e4+"


@pytest.mark.parametrize("answer", [[], ["a\nb"] * LINES])
def test_a_change_that_breaks_its_promise_changes_nothing(folder: Path, answer: list[str]) -> None:
    before = lines_of(folder)

    with pytest.raises(ValueError, match="one content"):
        rewrite_lines(folder, lambda contents: [*answer, *list(contents)[len(answer) + 1 :]])

    assert lines_of(folder) == before
    rewrite_log(folder, str)
    assert [line["line_num"] for line in lines_of(folder)] == list(range(LINES))
    assert not list(folder.glob("*.new"))


def test_a_log_that_is_written_is_not_changed(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "segments")
    writer.append(["x"], USER, AT)

    with pytest.raises(LogIsOpen):
        rewrite_log(tmp_path / "segments", str.upper)
    writer.close()


def test_a_reader_in_the_middle_goes_on(folder: Path) -> None:
    cursor = LogCursor(folder)
    first = cursor.read(5000)
    rewrite_log(folder, str.upper)
    rest = b""
    while content := cursor.read(5000):
        rest += content
    cursor.close()

    assert [json.loads(line)["line_num"] for line in (first + rest).splitlines()] == list(range(LINES))
    assert json.loads(rest.splitlines()[-1])["content"] == "LINE 2999 SAYS TOMATO \u00c4"


def test_a_damaged_segment_keeps_only_what_can_be_read(folder: Path) -> None:
    stored = sorted(folder.glob("*.ndjson"))[1]
    content = bytearray(stored.read_bytes())
    content[5000] ^= 1
    stored.write_bytes(content)

    rewrite_log(folder, lambda content: content)

    lines = lines_of(folder)
    (mark,) = [line for line in lines if line["source"] == "runner"]
    assert len(lines) == LINES - 10 + 1
    assert mark["content"] == "10 lines are damaged"
    assert len(list(folder.glob("*.zst"))) == 1
