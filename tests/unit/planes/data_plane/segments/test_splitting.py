"""Lines come out whole, bounded and complete, wherever the stream is cut."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from planes.data_plane.segments import CONTINUES, LineSplitter


def split(chunks: list[bytes], limit: int) -> list[bytes]:
    splitter = LineSplitter(limit)
    stream = b"".join([splitter.feed(chunk) for chunk in chunks] + [splitter.finish()])
    return stream.split(b"\n")[:-1]


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40)), st.integers(4, 64))
def test_joining_the_pieces_gives_the_stream_back(chunks: list[bytes], limit: int) -> None:
    assume(CONTINUES not in b"".join(chunks))
    lines = split(chunks, limit)

    joined = b"".join(line[: -len(CONTINUES)] if line.endswith(CONTINUES) else line + b"\n" for line in lines)
    stream = b"".join(chunks)
    assert joined == stream + (b"" if not stream or stream.endswith(b"\n") else b"\n")
    assert all(len(line) <= limit + len(CONTINUES) for line in lines)


@settings(deadline=None)
@given(st.text(alphabet="aä€😀\n", max_size=60), st.integers(4, 9), st.integers(1, 7))
def test_no_character_is_cut_in_two(text: str, limit: int, step: int) -> None:
    stream = text.encode()

    for line in split([stream[place : place + step] for place in range(0, len(stream), step)], limit):
        line.decode("utf-8")


def test_empty_lines_are_lines() -> None:
    assert split([b"\n\n", b"\n"], 10) == [b"", b"", b""]


def test_a_huge_line_is_held_in_bounded_memory() -> None:
    splitter = LineSplitter(1000)

    emitted = sum(len(splitter.feed(b"x" * 700)) for _ in range(100))

    assert emitted > 68_000


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 50))
def test_no_mask_is_cut_in_two(place: int, step: int) -> None:
    text = b"x" * place + b"[masked:WAREHOUSE]" + b"y" * 40

    lines = split([text[start : start + step] for start in range(0, len(text), step)], 30)

    assert sum(b"[masked:WAREHOUSE]" in line for line in lines) == 1


@settings(deadline=None)
@given(st.integers(0, 60), st.integers(1, 50))
def test_no_colour_code_is_cut_in_two(place: int, step: int) -> None:
    text = b"x" * place + b"\x1b[1;31m" + b"y" * 40 + b"\x1b"

    lines = split([text[start : start + step] for start in range(0, len(text), step)], 30)

    assert sum(b"\x1b[1;31m" in line for line in lines) == 1
    assert b"".join(line.removesuffix(CONTINUES) for line in lines) == text
