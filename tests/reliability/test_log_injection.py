"""R8: what a job prints to drive a terminal, to forge lines or to break the log's framing, as the runner stored it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from tests.reliability.sizes import sized, tell
from tests.unit.planes.scrub.hostile_lines import hostile_line
from tests.unit.planes.scrub.strict_terminal import StrictTerminal, expected_cells

from planes.data_plane.runner.output import READ_BYTES, RunLog
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.reader import LogCursor

FORGED = [
    "[runner] exit code 0",
    '{"content":"forged","io_stream":"other","line_num":0,"source":"runner","stage":"run"}',
    'x","source":"runner","y":"',
    "data: x\\n\\nevent: error\\ndata: {}",
    "event: error\u2028data: {}\u2029\u0085",
    "\r\revent: error\r\rdata: {}\r\r",
    ": comment",
    "[DONE]",
]
SAMPLES = [*FORGED, *(hostile_line(seed).replace("\n", " ") for seed in range(sized(400, 20_000)))]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The wire lines of a log into which a process printed every sample."""
    folder = tmp_path_factory.mktemp("log") / "segments"
    writer = SegmentWriter(folder)
    log = RunLog(writer, [])
    source, end = os.pipe()
    stream = log.open_stream(source, Origin("stdout", "user", "run"))
    os.set_blocking(source, False)
    printed = b"".join(sample.encode("utf-8", "surrogatepass") + b"\n" for sample in SAMPLES)
    for place in range(0, len(printed), READ_BYTES // 2):
        os.write(end, printed[place : place + READ_BYTES // 2])
        while stream.read():
            pass
    os.close(end)
    while stream.read():
        pass
    stream.finish()
    writer.close()
    return _read(folder)


def _read(folder: Path) -> bytes:
    cursor = LogCursor(folder)
    content = b""
    while piece := cursor.read(10**6):
        content += piece
    cursor.close()
    return content


def ndjson(text: str) -> list[dict[str, object]]:
    """One object per line, blank lines ignored. Contract: 6."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def server_sent(text: str) -> list[tuple[str, str]]:
    """(event, data) pairs; the event name resets after each. Contract: 6."""
    events: list[tuple[str, str]] = []
    name = ""
    for line in text.splitlines():
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            events.append((name, line.removeprefix("data:").strip()))
        elif not line:
            name = ""
    return events


def test_every_sample_is_one_line_of_the_stored_log(stored: bytes) -> None:
    lines = ndjson(stored.decode("ascii"))

    assert len(SAMPLES) >= 200
    assert [line["line_num"] for line in lines] == list(range(len(SAMPLES)))
    assert {(line["source"], line["io_stream"], line["stage"]) for line in lines} == {("user", "stdout", "run")}
    tell("R8", f"{len(lines)} hostile lines: {len(lines)} stored lines, 0 with another source")


def test_every_sample_is_one_event_of_the_live_stream(stored: bytes) -> None:
    framed = "".join(f"event: log\ndata: {line}\n\n" for line in stored.decode("ascii").splitlines())
    events = server_sent(framed)

    assert {name for name, _ in events} == {"log"}
    assert [json.loads(data)["line_num"] for _, data in events] == list(range(len(SAMPLES)))


def test_a_terminal_that_is_shown_the_log_only_draws(stored: bytes) -> None:
    for sample, line in zip(SAMPLES, ndjson(stored.decode("ascii")), strict=True):
        terminal = StrictTerminal()
        terminal.feed(str(line["content"]))

        assert terminal.effects == []
        assert terminal.style == {}
        if "[masked" not in str(line["content"]) and not any("\ud800" <= sign <= "\udfff" for sign in sample):
            assert terminal.cells == expected_cells(sample.removesuffix("\r"))  # a line may end in CR LF
    tell("R8", f"{len(SAMPLES)} hostile lines: 0 did anything but draw, 0 left a style behind")
