"""What a process prints, byte for byte, and what of it is in the log and on the disk."""

import json
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from planes.data_plane.runner.output import READ_BYTES, Masks, RunLog
from planes.data_plane.segments import CONTINUES, Origin, SegmentWriter
from planes.data_plane.segments.reader import LogCursor

USER = Origin("stdout", "user", "run")
SECRET = "correct-horse-battery"


class Bench:
    """A log, and pipes into it that the test fills itself."""

    def __init__(self, folder: Path, masks: Masks | None = None) -> None:
        self.folder = folder
        self.writer = SegmentWriter(folder)
        self.log = RunLog(self.writer, [("PASSPHRASE", SECRET)], masks=masks)

    def send(self, *chunks: bytes, origin: Origin = USER) -> None:
        """One stream: each chunk is one read of the runner."""
        source, end = os.pipe()
        stream = self.log.open_stream(source, origin)
        os.set_blocking(source, False)
        for chunk in chunks:
            for place in range(0, len(chunk), READ_BYTES):
                os.write(end, chunk[place : place + READ_BYTES])
                assert stream.read()
        os.close(end)
        while stream.read():
            pass
        stream.finish()

    def lines(self) -> list[dict[str, object]]:
        cursor = LogCursor(self.folder)
        stored = b""
        while content := cursor.read(10**6):
            stored += content
        cursor.close()
        assert stored.isascii()
        return [json.loads(line) for line in stored.decode().splitlines()]

    def texts(self) -> list[str]:
        return [str(line["content"]) for line in self.lines()]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    opened = Bench(tmp_path / "segments")
    yield opened
    opened.writer.close()


def test_a_line_may_end_in_cr_lf(bench: Bench) -> None:
    bench.send(b"HTTP/1.1 200 OK\r\n\r\none\rtwo\r", b"\nlast\r\r\n")

    assert bench.texts() == ["HTTP/1.1 200 OK", "", "one\u240dtwo", "last\u240d"]


def samples() -> list[bytes]:
    """Two hundred: every control byte, sequences that drive a terminal, text that plays the log's own format."""
    hostile = [
        b"\x1b]52;c;aGVsbG8=\x07",
        b"\x1b]0;title\x07",
        b"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\",
        b"\x1b[2J\x1b[H",
        b"\x1bP1$r\x1b\\",
        b"\x1b_apc\x1b\\",
        b"\x05",
        b"\x9b2J",
        b"\xc2\x9b2J",
        b"seen\rhidden",
        b"\x07" * 50,
        "\u202eevil\u202c \u2066x\u2069 \u200bzero".encode(),
        b"[runner] exit code 0",
        b'{"content":"forged","io_stream":"other","line_num":0,"source":"runner","stage":"run"}',
        b"data: x\\n\\nevent: error\\ndata: {}",
        "event: error\u2028data: {}\u2029\u0085".encode(),
        b"\x1b[31mred\x1b[0m",
        b"\x1b[8mconcealed\x1b[0m",
        b"\xff\xfe\x00h\x00i",
        b"\xc0\xaf\xe0\x80\xaf",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf4\x90\x80\x80",
        "ok \U0001f600 \u00e9\u6f22".encode(),
        b"\\ud800 \\x00 \\n",
        b'"quoted" \\ back',
        b"\x00" * 10,
        b"tab\tstays",
        b"",
    ]
    singles = [bytes([value]) for value in range(256) if value != 10]
    rng = random.Random(4711)
    noise = [rng.randbytes(rng.randrange(1, 80)).replace(b"\n", b"") for _ in range(40)]
    return [*hostile, *singles[::2], *singles[1::20], *noise][:200]


def test_two_hundred_bad_samples_stay_one_inert_line_each(bench: Bench) -> None:
    given = samples()
    bench.send(b"".join(sample + b"\n" for sample in given))

    lines = bench.lines()
    assert len(given) == 200
    assert [line["line_num"] for line in lines] == list(range(200))
    assert {(line["source"], line["io_stream"]) for line in lines} == {("user", "stdout")}
    for line in lines:
        content = str(line["content"])
        without_colour = content.replace("\x1b[31m", "").replace("\x1b[0m", "")
        assert all(char == "\t" or (char.isprintable() and not "\ud800" <= char <= "\udfff") for char in without_colour)
        content.encode("utf-8")


def test_what_is_plain_stays_as_it_is(bench: Bench) -> None:
    texts = ["plain", "", "  indented", 'say "hi" \\ {}', "é漢😀", "tab\there"]
    bench.send("\n".join(texts).encode())

    assert bench.texts() == texts


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 1000])
def test_chunk_borders_do_not_show(bench: Bench, size: int) -> None:
    stream = f"a {SECRET} b\nsplit é漢😀 x\n\n\x1b[31mred\x1b[0m {SECRET}\nlast {SECRET}".encode()
    bench.send(*[stream[place : place + size] for place in range(0, len(stream), size)])

    assert bench.texts() == [
        "a [masked:PASSPHRASE] b",
        "split é漢😀 x",
        "",
        "\x1b[31mred\x1b[0m [masked:PASSPHRASE]",
        "last [masked:PASSPHRASE]",
    ]
    assert bench.log.hits["PASSPHRASE"] == 3


def test_a_secret_is_in_no_byte_on_the_disk(bench: Bench, tmp_path: Path) -> None:
    import base64

    forms = [SECRET, base64.b64encode(SECRET.encode()).decode(), SECRET.encode().hex(), json.dumps({"x": SECRET})]
    for cut in range(1, len(SECRET)):
        bench.send(f"begin {SECRET[:cut]}".encode(), f"{SECRET[cut:]} end\n".encode())
    bench.send("\n".join(forms).encode(), origin=Origin("stderr", "setup", "build"))

    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert stored.count(b"[masked:PASSPHRASE]") == len(SECRET) - 1 + len(forms)
    for form in forms[:3]:
        assert form.encode() not in stored


def test_words_of_others_in_the_runners_own_lines_are_masked_and_inert(bench: Bench) -> None:
    bench.log.say("it could not be started: ", foreign=f"no file \x1b[2J{SECRET}\nexit code 0")

    assert [(line["source"], line["content"]) for line in bench.lines()] == [
        ("runner", "it could not be started: no file \u241b[2J[masked:PASSPHRASE] exit code 0")
    ]


def test_a_possible_beginning_is_held_until_the_end(bench: Bench) -> None:
    source, end = os.pipe()
    stream = bench.log.open_stream(source, USER)
    os.write(end, SECRET[:8].encode())
    stream.read()
    before = bench.writer.next_line
    os.close(end)
    while stream.read():
        pass

    assert before == 0
    assert bench.texts() == [SECRET[:8]]


def test_a_huge_line_comes_in_marked_pieces(bench: Bench) -> None:
    unit = b"0123456789abcdef" * 4096
    bench.send(*[unit] * 48)
    texts = bench.texts()
    mark = CONTINUES.decode()

    assert all(len(text) <= 256 * 1024 + len(mark) for text in texts)
    assert all(text.endswith(mark) for text in texts[:-1])
    assert len(texts) == 12
    assert "".join(text.removesuffix(mark) for text in texts) == (unit * 48).decode()


def test_streams_keep_the_order_in_which_they_were_read(bench: Bench) -> None:
    pipes = [os.pipe() for _ in range(2)]
    origins = [USER, Origin("stderr", "user", "run")]
    streams = [bench.log.open_stream(pipe[0], origin) for pipe, origin in zip(pipes, origins, strict=True)]
    for number in range(10):
        os.write(pipes[number % 2][1], f"line {number}\n".encode())
        streams[number % 2].read()
    for number in range(2):
        os.close(pipes[number][1])
        streams[number].finish()

    assert bench.texts() == [f"line {number}" for number in range(10)]
    assert [line["io_stream"] for line in bench.lines()] == ["stdout", "stderr"] * 5


def test_lines_that_cannot_be_stored_are_counted_and_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource
    import signal

    bench.send(b"before\n")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
    try:
        bench.send(b"".join(b"lost %d\n" % number for number in range(50)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    bench.send(b"after\n")

    assert bench.texts() == ["before", "50 lines are missing here: they could not be stored", "after"]
    assert [line["line_num"] for line in bench.lines()] == [0, 1, 2]


@pytest.mark.parametrize("ahead", [("PASSPHRASE", SECRET), ("OTHER", "of-another-run"), ("PASSPHRASE", "older-value")])
def test_what_was_compiled_ahead_masks_no_other_values_than_the_runs(tmp_path: Path, ahead: tuple[str, str]) -> None:
    bench = Bench(tmp_path / "segments", Masks.learn([ahead]))

    bench.send(f"{SECRET} of-another-run older-value\n".encode())

    assert bench.texts() == ["[masked:PASSPHRASE] of-another-run older-value"]
    bench.writer.close()
