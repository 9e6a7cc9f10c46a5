"""Searches over stored logs: complete, bounded, ended at once."""

import json
import os
import random
import threading
import time
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.collector import collector_off

from planes.data_plane.logs import Matcher, Scan, Scope, Searches, Templates, Wish, first_at
from planes.data_plane.logs.matching import without_colours
from planes.data_plane.logs.mining import template_of
from planes.data_plane.logs.searching import MAX_OF_ONE
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import consolidate
from planes.data_plane.segments.reader import read_range
from planes.wire.log_patterns import BadPattern, compile_pattern

pytestmark = pytest.mark.anyio

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WORDS = [
    "table",
    "Loaded",
    "ERROR: x",
    "run",
    "user",
    "\u00e4\u00d6",
    'a "b"',
    "\\n",
    "\x1b[31mred",
    "c\\",
    "12",
    "\U0001f600",
]


def make_log(folder: Path, contents: list[str], *, is_packed: bool = False) -> Path:
    writer = SegmentWriter(folder, max_log_bytes=8_000_000)
    for first in range(0, len(contents), 50):
        origin = Origin("stderr" if first % 100 else "stdout", "user" if first % 150 else "setup", "run")
        writer.append(contents[first : first + 50], origin, AT + timedelta(seconds=first))
    writer.seal()
    writer.close()
    if is_packed:
        consolidate(folder)
    return folder


async def find(
    folder: Path, wish: Wish | Templates, against: Path | None = None, **scope: Any
) -> tuple[list[int], Any]:
    finder = Matcher(wish) if isinstance(wish, Wish) else wish
    scan = Scan(folder, finder, Scope(**{"limit": 10_000, **scope}), bytes, against)
    content = b"".join([piece async for piece in Searches().run(scan, "ours")])
    *found, done = [json.loads(line) for line in content.splitlines()]
    matches = [each for each in found if "line" in each]
    assert all(match["line"]["line_num"] == match["number"] for match in matches)
    return [match["number"] for match in matches], done["done"]


@pytest.mark.parametrize("is_packed", [False, True])
async def test_a_search_finds_what_a_look_at_every_line_finds(tmp_path: Path, *, is_packed: bool) -> None:
    chance = random.Random(7)
    contents = [" ".join(chance.choices(WORDS, k=chance.randrange(6))) for _ in range(6000)]
    folder = make_log(tmp_path / "log", contents, is_packed=is_packed)
    contents = [without_colours(content) for content in contents]
    for text in [
        "TABLE",
        "run",
        "user",
        "12",
        "\u00c4\u00f6",
        'A "',
        "\\N",
        "\\",
        "c\\ ",
        "[31M",
        "t",
        "\U0001f600",
        "u00",
    ]:
        expected = [number for number, content in enumerate(contents) if text.lower() in content.lower()]
        assert (await find(folder, Wish(text=text)))[0] == expected, text
        down, done = await find(folder, Wish(text=text), backwards=True, from_line=-1)
        assert down == expected[::-1]
        assert (done["looked_at"], done["total"], done["is_complete"]) == (6000, 6000, True)
        assert (await find(folder, Wish(text=text), backwards=True, from_line=3000, limit=7))[0] == [
            number for number in expected[::-1] if number <= 3000
        ][:7]
    import re2

    for regex in [
        "ERR.R",
        "^table",
        "red$",
        "[^a]b",
        'a "b"',
        "\u00e4.*run",
        "(?i)loaded.*TABLE",
        r"\d+",
        r"^$",
        r"\\n",
        "^[^ ]*$",
    ]:
        compiled = re2.compile(regex)
        expected = [number for number, content in enumerate(contents) if compiled.search(content)]
        assert (await find(folder, Wish(regex=regex)))[0] == expected, regex
    sources = (await find(folder, Wish(sources=frozenset({"setup"}))))[0]
    assert sources == [number for number in range(6000) if (number // 50 * 50) % 150 == 0]
    both = (await find(folder, Wish(text="table", streams=frozenset({"stdout"}))))[0]
    assert both == [n for n, content in enumerate(contents) if "table" in content and not (n // 50 * 50) % 100]


async def test_matches_of_any_size_do_not_pile_up(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "log", [f"x{number}" + "y" * 20_000 for number in range(300)])

    assert (await find(folder, Wish(text="XY"), backwards=True, from_line=-1))[0] == []
    assert (await find(folder, Wish(text="y"), backwards=True, from_line=-1))[0] == list(range(299, -1, -1))


async def test_a_line_is_found_by_its_time(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "log", [str(number) for number in range(5000)], is_packed=True)

    assert [first_at(folder, AT + timedelta(seconds=s)) for s in (-5, 0, 1, 2500, 2501, 4950, 4951)] == [
        0, 0, 50, 2500, 2550, 4950, 5000,
    ]  # fmt: skip
    times: dict[str, Any] = {"since": AT + timedelta(seconds=100), "until": AT + timedelta(seconds=200)}
    assert (await find(folder, Wish(text=""), **times))[0] == list(range(100, 200))


class Endless:
    """Finds every line; with a gate it waits at each block until the gate opens."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate or threading.Event()
        self.reached: list[int] = []
        if gate is None:
            self.gate.set()

    def find(self, block: bytes) -> Any:
        self.reached.append(len(block))
        self.gate.wait(60)
        return iter(block.splitlines())


async def test_closing_a_search_ends_its_work_at_once(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "log", [f"line {number} of a log that is long" for number in range(20_000)])
    searches = Searches()
    took: list[float] = []
    while len(took) < 20 and min(took, default=1.0) >= 0.1:  # on a busy machine not each time
        endless = Endless()
        running = searches.run(Scan(folder, endless, Scope(limit=10**9), bytes), "ours")
        await anext(running)
        started = time.perf_counter()
        await running.aclose()
        took.append(time.perf_counter() - started)
        blocks = len(endless.reached)
        await anyio.sleep(0.05)

        assert len(endless.reached) == blocks < 8

    assert took[-1] < 0.1, took
    descriptors = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd") if each.isdecimal()
                   and os.path.lexists(f"/proc/self/fd/{each}")]  # fmt: skip
    assert not [each for each in descriptors if str(folder) in each]


async def test_a_cancelled_search_ends_with_the_block_it_is_at(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "log", [f"line {number}\tof a log that is long" for number in range(40_000)])
    endless = Endless(threading.Event())
    scan = Scan(folder, endless, Scope(limit=10**9), bytes)

    async def read() -> None:
        async for _ in Searches().run(scan, "ours"):
            pass

    with anyio.fail_after(240):
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            while not endless.reached:
                await anyio.sleep(0.001)
            group.cancel_scope.cancel()
            endless.gate.set()

    assert len(endless.reached) == 1
    assert scan.looked_at < 40_000


async def test_a_slice_of_work_takes_less_than_a_tenth_of_a_second(tmp_path: Path) -> None:
    """So long a search goes on when it is cancelled; how busy the machine is does not count."""
    folder = make_log(tmp_path / "log", [f"line {number}\tof a log that is long" for number in range(40_000)])
    scan = Scan(folder, Matcher(Wish(regex="(.*l){3}.*never$")), Scope(), bytes)
    took: list[float] = []
    with collector_off():
        began = time.thread_time()
        for _ in scan.slices():
            took.append(time.thread_time() - began)
            began = time.thread_time()

    assert scan.looked_at == 40_000
    assert max(took) < 0.1


_LARGE = "|".join(f"[ab]{{0,400}}{last}" for last in "cde")


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_large_pattern_finds_the_same_with_pauses(tmp_path: Path, *, backwards: bool) -> None:
    """RE2 cannot be interrupted, so what such a pattern is given at once is little."""
    contents = [f"{'ab' * 100} {number} {'end' if number % 7 == 0 else ''}" for number in range(200)]
    folder = make_log(tmp_path / "log", contents)
    pauses = [line for line in Matcher(Wish(regex=_LARGE)).find(read_range(folder, 0, 200)) if not line]
    found, done = await find(folder, Wish(regex=_LARGE), from_line=-1 if backwards else 0, backwards=backwards)

    assert sorted(found) == [number for number in range(200) if number % 7 == 0]
    assert (done["looked_at"], done["is_complete"]) == (200, True)
    assert len(pauses) >= 8


def test_a_pattern_is_not_kept_for_another_search() -> None:
    """RE2's own store would keep the last 128, each with megabytes of what it learnt."""
    pattern = "a pattern that somebody asks for twice"

    assert compile_pattern(pattern) is not compile_pattern(pattern)


async def test_searches_that_nobody_reads_leave_room_for_another_organization(tmp_path: Path) -> None:
    folder = make_log(tmp_path / "log", ["line"])
    searches = Searches()
    async with AsyncExitStack() as stack:
        for _ in range(MAX_OF_ONE):
            assert not searches.is_full("ours")
            scan = Scan(folder, Matcher(Wish()), Scope(), bytes)
            running = await stack.enter_async_context(aclosing(searches.run(scan, "ours")))
            await anext(running)

        assert searches.is_full("ours")
        assert not searches.is_full("another")

    assert not searches.is_full("ours")


@pytest.mark.parametrize(
    "regex",
    ["(", "(?=a)", r"(a)\1", "a{2000}", "|".join(f"[ab]{{0,999}}{last}" for last in "cdefghijklmn"), r"\pL{300}"],
)
def test_only_patterns_of_re2_are_taken(regex: str) -> None:
    with pytest.raises(BadPattern):
        Matcher(Wish(regex=regex))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("loaded 12 rows in 0.3 s", "loaded 1,048,576 rows in 12 ms"),
        ("2026-03-01 12:00:00,123 done", "2027-11-30T01:02:03.5+00:00 done"),
        ("load 1718040000.123456 of 'orders'", "load 1818040000.9 of 'customers and more'"),
        ("id 6f9619ff-8b86-d011-b42d-00c04fc964ff at 0xDEADBEEF", "id 00000000-0000-0000-0000-000000000000 at 0x1"),
        ("commit a1b2c3d4e5f", "commit 0123456789abcdef"),
        ("took 3.5 MiB/s", "took 12 kB/s"),
    ],
)
def test_lines_that_differ_in_values_have_one_template(one: str, other: str) -> None:
    assert template_of(one) == template_of(other)
    assert template_of(one) != template_of("failed: " + one)


async def test_new_lines_are_those_without_a_template_there(tmp_path: Path) -> None:
    before = make_log(tmp_path / "before", [f"row {number} of 'x{number}'" for number in range(1000)], is_packed=True)
    lines = [f"row {number} of 'y'" for number in range(2000)]
    lines[1234] = "row lost"
    folder = make_log(tmp_path / "log", lines)

    assert await find(folder, Templates(), before) == (
        [1234], {"looked_at": 2000, "total": 2000, "matches": 1, "lost": 0, "is_complete": True},
    )  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
async def test_a_search_says_how_many_lines_it_could_not_look_at(tmp_path: Path, *, backwards: bool) -> None:
    folder = make_log(tmp_path / "log", [f"line {number}" for number in range(6000)])
    (stored,) = folder.glob("*.ndjson")
    damaged = bytearray(stored.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    stored.write_bytes(damaged)

    found, done = await find(folder, Wish(text="line "), from_line=-1 if backwards else 0, backwards=backwards)

    assert done["looked_at"] == 6000
    assert done["is_complete"] is True
    assert done["lost"] > 0
    assert len(found) + done["lost"] == 6000
