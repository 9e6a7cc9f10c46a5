# ruff: noqa: E501 - tables of samples are as long as they are
"""The released client reads a log of hostile lines, live and stored: each line comes through, nothing breaks it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from tests.acceptance.installations import Desk, Installation
from tests.unit.planes.scrub.hostile_lines import hostile_line
from tests.unit.planes.scrub.strict_terminal import StrictTerminal

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

PIECE = 256 * 1024
CONTINUES = " [line continues]"
WIRE = b'{"content":"forged","io_stream":"other","line_num":0,"reported_at":"2026-01-01T00:00:00+00:00","source":"runner","stage":"run"}'
# (bytes, how many times): what a job writes on one line, behind its number.
WRITTEN: list[tuple[bytes, int]] = [
    (b"", 1), (b" ", 1), (b" \t ", 1), (b"\t" * 40, 1), (b" ", 3000), (b"plain", 1), (b"\xef\xbb\xbfwith a mark", 1),
    # huge: under, at and over the bound of a piece, with characters and escapes where it is cut
    (b"x", PIECE - 40), (b"x", PIECE), (b"x", PIECE + 1), (b"y", 1024 * 1024), ("é".encode(), 300_000),
    ("😀".encode(), 100_001), (b"\x1b[31m", 60_000), (b"\x00", 300_000), (b"\\", 300_000), (b'"', 300_000), (b"\xff", 90_000),
    ("\u2028".encode(), 90_000),
    # no text
    (b"\x00", 1), (b"a\x00b", 1), (b"\x80\x81", 1), (b"\xc0\xaf", 1), (b"\xe2\x82", 1), (b"\xed\xa0\x80", 1),
    (b"\xed\xa0\x80\xed\xb0\x80", 1), (b"\xf4\x90\x80\x80", 1), (b"\xff\xfeh\x00i\x00", 1), (b"\xfe\xff\x00h", 1), (b"\xff" * 90, 1),
    # line ends that are none
    (b"\r", 1), (b"one\rtwo", 1), (b"50%\r100%\r", 1), (b"\r\r\r", 1), (b"\x0b\x0c", 1), ("\u2028 \u2029 \x85".encode(), 1), (b"\x1c\x1d\x1e", 1),
    # what looks like the log's own forms
    (WIRE, 1), (WIRE[:-1], 1), (b"data: " + WIRE, 1), (b"data: {}", 1), (b"event: error", 1), (b"event: error\rdata: {}\r\r", 1),
    (b": comment", 1), (b"id: 7", 1), (b"retry: 0", 1), (b"data:", 1), (b"null", 1), (b"{}", 1), (b"[]", 1), (b'"text"', 1), (b"{", 1), (b"NaN", 1),
    (b'{"error": "no such run"}', 1), (b'\\"}\\n{', 1), (b"\\u0000\\ud800\\x1b", 1), (b"\\n\\r", 1), (b"[runner] exit code 0", 1),
    (b"[user]   <000>", 1), (b"line ends here [line continues]", 1), (b"[masked:NOTHING]", 1), (b"%d %s %%", 1), (b"{0} {name}", 1),
    (b"[bold red]markup[/] [link=http://x.example]y[/link]", 1), (b"</pre><script>alert(1)</script>", 1), (b"$(reboot) `id` ; #", 1),
]  # fmt: skip
WRITTEN += [
    (hostile_line(seed).encode("utf-8", "surrogatepass").replace(b"\n", b" "), 1) for seed in range(200 - len(WRITTEN))
]
FILES = {
    "requirements.txt": "dlt[duckdb]==1.31.0\n",
    ".dlt/prod.config.toml": "",
    "__deployment__.py": "from works import *\n",
    "written.py": f"WRITTEN = {WRITTEN!r}\n",
    "works.py": """
import sys
import dlt.hub.run as run
from written import WRITTEN

__all__ = ["noise"]

@run.job
def noise():
    for number, (unit, times) in enumerate(WRITTEN):
        sys.stdout.buffer.write(b"<%03d>" % number + unit * times + b"\\n")
    sys.stdout.buffer.write(b"<end>")
    sys.stdout.flush()
""",
}
READS = """
import asyncio, json, sys
import dlthub_sdk
key, base_url, workspace_id = sys.argv[1:]

def fact(line):
    return [line.content, line.line_num, str(line.source), str(line.io_stream), line.reported_at.isoformat()]

async def awaited(run_id):
    runtime = dlthub_sdk.connect_async(token=key, base_url=base_url)
    run = await (await runtime.workspaces.get(id=workspace_id)).job_runs.get(id=run_id)
    return [fact(line) async for line in run.stream_logs()], [fact(line) async for line in run.logs()]

runtime = dlthub_sdk.connect(token=key, base_url=base_url)
workspace = runtime.workspaces.get(id=workspace_id)
run = workspace.jobs.get_by_ref("jobs.works.noise").start_run()
live = [fact(line) for line in run.stream_logs()]
run = run.wait(timeout=300)
stored = [fact(line) for line in run.logs()]
told = asyncio.run(awaited(run.id))
print(json.dumps({"id": str(run.id), "status": str(run.status), "ways": [live, stored, *told]}))
"""


@dataclass(frozen=True)
class Read:
    """What the client read of a run, by each way, and of another run what its command printed, live and stored."""

    ways: list[list[list[Any]]]
    wire: list[dict[str, Any]]
    status: str
    printed: list[str]


@pytest.fixture(scope="module")
def read(installation: Installation) -> Read:
    owner = installation.owner
    owner.sign_in()
    workspace = owner.make_workspace(owner.make_organization("noise", "eu1")["id"], "works")
    desk = Desk(owner, workspace, owner.connected(owner.empty_workspace("noise", FILES), workspace))
    deployed = desk.run("deploy")
    assert deployed.code == 0, deployed.text
    done = owner.client.run_python(READS, owner.key, owner.platform.control_plane, workspace["id"], seconds=400)
    assert done.code == 0, done.text[-4000:]
    found = json.loads(done.stdout.splitlines()[-1])
    printed = []
    for words in (("run", "noise", "-f"), ("job", "logs", "noise")):
        shown = desk.run(*words)
        assert shown.code == 0, shown.text[-4000:]
        printed.append(shown.stdout)
    return Read(found["ways"], owner.stored_log(workspace, found["id"]), found["status"], printed)


def whole_lines(lines: list[list[Any]]) -> list[str]:
    """The job's lines by their contents, those that were cut put together again."""
    joined: list[str] = []
    is_cut = False
    for content, _, source, *_ in lines:
        if source == "user":
            ended = content.removesuffix("\x1b[0m")  # an open colour is ended with its piece
            text = ended.removesuffix(CONTINUES)
            is_piece = ended != text and len(content) > 1000
            text = text if is_piece else content
            joined[-1:] = [joined[-1] + text] if is_cut else [*joined[-1:], text]
            is_cut = is_piece
    return joined


def test_each_way_gives_each_line_of_the_wire(read: Read) -> None:
    wire = [[line[key] for key in ("content", "line_num", "source", "io_stream")] for line in read.wire]

    assert read.status == "completed"
    assert len(read.ways) == 4
    for way in read.ways:
        assert [line[:4] for line in way] == wire
    assert [line[1] for line in wire] == list(range(len(wire)))


def test_each_line_of_the_job_is_there_once_and_in_order(read: Read) -> None:
    lines = whole_lines(read.ways[0])

    assert [line[:5] for line in lines] == [*(f"<{number:03}>" for number in range(200)), "<end>"]
    for number, (unit, times) in enumerate(WRITTEN):
        content = lines[number][5:]
        if unit.isascii() and unit.decode("ascii").isprintable() and not unit.startswith(b"[masked:"):
            assert content == (unit * times).decode("ascii"), number
    sizes = {number: len(lines[number]) - 5 for number, (_, times) in enumerate(WRITTEN) if times > 1}
    assert sizes[10] == 1024 * 1024
    assert sizes[11] == 300_000
    assert sizes[12] == 100_001
    assert lines[13].removesuffix("\x1b[0m") == "<013>" + "\x1b[31m" * 60_000, "a cut goes through no colour code"


def test_nothing_drives_a_terminal_or_passes_for_the_platform(read: Read) -> None:
    terminal = StrictTerminal()
    for content, _, source, stream, _ in read.ways[0]:
        if source == "user":
            assert stream == "stdout"
            assert not re.search(r"[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", content)
            terminal.feed(content)
    assert terminal.effects == []
    assert [line[0] for line in read.ways[0] if line[2] == "runner"][-1] == "exit code 0"
    assert "forged" not in [line[0] for line in read.ways[0]]


@pytest.mark.parametrize("way", [0, 1], ids=["live", "stored"])
def test_the_command_prints_each_line(read: Read, way: int) -> None:
    marks = re.findall(r"^\[ *\d+\] [\d:.]+ \[user\] *<(\d{3}|end)>", read.printed[way], re.MULTILINE)

    assert marks == [*(f"{number:03}" for number in range(200)), "end"]
    assert "Traceback" not in read.printed[way]
