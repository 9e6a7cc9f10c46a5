"""Two stored logs beside each other: complete, in order, and bounded whatever their length."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planes.data_plane.logs import Comparison, Searches, comparing
from planes.data_plane.logs.comparing import aligned
from planes.data_plane.segments import Origin, SegmentWriter

pytestmark = pytest.mark.anyio
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_log(folder: Path, contents: list[str]) -> Path:
    writer = SegmentWriter(folder, max_log_bytes=64_000_000)
    for first in range(0, len(contents), 1000):
        writer.append(contents[first : first + 1000], Origin("stdout", "user", "run"), AT)
    writer.seal()
    writer.close()
    return folder


async def compared(ours: Path, theirs: Path, **options: Any) -> tuple[list[tuple[int, int, int]], dict[str, Any]]:
    """Runs of lines that are alike, and how it ended."""
    answer = b"".join([piece async for piece in Searches().run(Comparison(ours, theirs, bytes, **options), "ours")])
    *objects, done = [json.loads(line) for line in answer.splitlines()]
    runs = [each["same"] for each in objects if "same" in each]
    return [(run["from_line"], run["against_line"], run["count"]) for run in runs], done["done"]


ITEMS = st.lists(st.integers(0, 6), max_size=60)


@given(ITEMS, ITEMS)
def test_pairs_are_equal_items_in_the_order_of_both(ours: list[int], theirs: list[int]) -> None:
    pairs = aligned(ours, theirs)

    assert all(ours[pair.ours] == theirs[pair.theirs] for pair in pairs)
    assert all(before.ours < after.ours and before.theirs < after.theirs for before, after in itertools.pairwise(pairs))


@given(ITEMS, st.integers(0, 60), st.lists(st.integers(7, 9), max_size=20))
def test_what_was_put_in_is_all_that_differs(before: list[int], place: int, more: list[int]) -> None:
    after = [*before[:place], *more, *before[place:]]

    assert len(aligned(before, after)) == len(before)
    assert len(aligned(after, before)) == len(before)


async def test_lines_that_differ_in_numbers_only_are_alike(tmp_path: Path) -> None:
    good = [f"GET /orders?page={n} 200 in {n % 7} ms" for n in range(50)] + ["Load done in 3 s", "exit code 0"]
    bad = [f"GET /orders?page={n} 200 in {n % 5} ms" for n in range(20)] + ["KeyError: 'a'", "exit code 1"]
    runs, done = await compared(make_log(tmp_path / "bad", bad), make_log(tmp_path / "good", good))

    assert runs == [(0, 0, 20), (21, 51, 1)]
    assert done == {"looked_at": 74, "total": 74, "matches": 2, "lost": 0, "is_complete": True}


async def test_an_empty_log_and_an_equal_one(tmp_path: Path) -> None:
    some, none = make_log(tmp_path / "some", ["one", "two"]), make_log(tmp_path / "none", [])

    assert (await compared(some, none))[0] == []
    assert (await compared(none, some))[1]["is_complete"] is True
    assert (await compared(some, some))[0] == [(0, 0, 2)]


async def test_windows_meet_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "WINDOW_LINES", 64)
    words = [f"step {'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}" for n in range(1000)]
    other = [word for n, word in enumerate(words) if n % 50 != 7]
    other[300:300] = [f"retry {'xyz'[n % 3]}" for n in range(20)]
    runs, done = await compared(make_log(tmp_path / "a", words), make_log(tmp_path / "b", other))

    assert sum(count for _, _, count in runs) == 980
    assert len(runs) == 22
    assert done["is_complete"] is True


async def test_a_long_stretch_that_only_one_log_has_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "WINDOW_LINES", 64)
    words = [f"step {'abcdefghij'[n // 100]}{'abcdefghij'[n // 10 % 10]}{'abcdefghij'[n % 10]}" for n in range(600)]
    flooded = [*words[:100], *(["retrying"] * 500), *words[100:]]
    runs, _ = await compared(make_log(tmp_path / "a", flooded), make_log(tmp_path / "b", words))

    assert runs == [(0, 0, 100), (600, 100, 500)]


async def test_a_comparison_ends_at_its_limit(tmp_path: Path) -> None:
    ours = [word for n in range(40) for word in ("same", f"mine {'abcd'[n % 4]}")]
    theirs = [word for n in range(40) for word in ("same", f"other {'abcd'[n % 4]}")]
    runs, done = await compared(make_log(tmp_path / "a", ours), make_log(tmp_path / "b", theirs), max_runs=10)

    assert len(runs) == 10
    assert done["is_complete"] is False


async def test_what_the_caller_may_not_see_is_not_compared(tmp_path: Path) -> None:
    ours, theirs = make_log(tmp_path / "a", ["key [masked:ONE]"]), make_log(tmp_path / "b", ["key [masked:TWO]"])

    def shown(block: bytes) -> bytes:
        return block.replace(b"[masked:ONE]", b"[masked]").replace(b"[masked:TWO]", b"[masked]")

    assert (await compared(ours, theirs))[0] == []
    pieces = [piece async for piece in Searches().run(Comparison(ours, theirs, shown), "ours")]
    assert b'"count":1' in b"".join(pieces)


async def test_lines_that_are_damaged_are_a_gap_and_are_compared_with_nothing(tmp_path: Path) -> None:
    contents = [f"{'abcdefgh'[n % 8]} {'xyz'[n % 3]} row of {'uvw'[n // 7 % 3]}" for n in range(4_000)]
    ours, theirs = make_log(tmp_path / "ours", contents), make_log(tmp_path / "theirs", contents)
    stored = max(ours.iterdir(), key=lambda path: path.stat().st_size)
    damaged = bytearray(stored.read_bytes())
    damaged[len(damaged) // 2] ^= 0xFF
    stored.write_bytes(damaged)
    answer = b"".join([piece async for piece in Searches().run(Comparison(ours, theirs, bytes), "ours")])
    objects = [json.loads(line) for line in answer.splitlines()]
    (gap,) = [each["gap"] for each in objects if "gap" in each]
    runs = [each["same"] for each in objects if "same" in each]

    assert gap["is_ours"] is True
    assert sum(run["count"] for run in runs) == 4_000 - (gap["to_line"] - gap["from_line"])
    assert not any(
        run["from_line"] < gap["to_line"] and gap["from_line"] < run["from_line"] + run["count"] for run in runs
    )
