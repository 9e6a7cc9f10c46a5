"""A long log served: any range, and searches, beside `grep -c` on the same bytes in the same run."""

from __future__ import annotations

import argparse
import statistics
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
from harness import machine, open_folder

from planes.data_plane.logs import Matcher, Scan, Scope, Searches, Templates, Wish, first_at
from planes.data_plane.segments import Origin, SegmentWriter
from planes.data_plane.segments.packing import consolidate
from planes.data_plane.segments.reader import read_range

BATCH = 5000
USER = Origin("stdout", "user", "run")
BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def write(folder: Path, lines: int) -> None:
    writer = SegmentWriter(folder, max_log_bytes=64 << 30)
    for first in range(0, lines, BATCH):
        at = BEGAN + timedelta(seconds=first / 1000)
        writer.append(
            [
                f"{at:%Y-%m-%d %H:%M:%S},{number % 1000:03d}|[INFO]|{number % 97}|dlt|load.py|load:{number % 400}|"
                f"loaded table orders_{number % 53} with {number * 7919 % 100_003} rows"
                for number in range(first, first + BATCH)
            ],
            USER,
            at,
        )
    writer.append(["Connection refused by peer"], USER, BEGAN + timedelta(seconds=lines / 1000))
    writer.seal()
    writer.close()


def ranges(folder: Path, lines: int) -> None:
    asked: dict[str, Callable[[], object]] = {
        "last 200 lines": lambda: read_range(folder, -200, 200),
        "200 in the middle": lambda: read_range(folder, lines // 2 + 77, 200),
        "one line": lambda: read_range(folder, lines // 3 + 5, 1),
        "first line at a time": lambda: first_at(folder, BEGAN + timedelta(seconds=lines / 2500)),
    }
    for name, ask in asked.items():
        took: list[float] = []
        for _ in range(7):
            began = time.perf_counter()
            ask()
            took.append((time.perf_counter() - began) * 1000)
        print(f"  {name:24} first {took[0]:7.2f} ms, then {statistics.median(took[1:]):6.2f} ms")


def grep(folder: Path, options: list[str]) -> float:
    files = sorted(str(path) for path in folder.glob("*.ndjson"))
    began = time.perf_counter()
    subprocess.run(["grep", "-c", *options, *files], check=False, capture_output=True, env={"LC_ALL": "C"})
    return time.perf_counter() - began


async def search(scan: Scan) -> float:
    began = time.perf_counter()
    async for _ in Searches().run(scan, "ours"):
        pass
    return time.perf_counter() - began


WISHES = {
    "text": (Wish(text="connection REFUSED"), ["-i", "connection refused"]),
    "text, not there": (Wish(text="no such words"), ["-i", "no such words"]),
    "regex": (Wish(regex="refused by (peer|host)"), ["-E", "refused by (peer|host)"]),
    "regex with anchors": (Wish(regex="^Conn.*peer$"), ["-E", 'content":"Conn.*peer"']),
    "level error": (Wish(levels=frozenset({"error"})), ["-iE", "error|exception|critical|fatal"]),
}


def searches(folder: Path, size: int, by_grep: dict[str, float]) -> None:
    for name, (wish, options) in WISHES.items():
        took = anyio.run(search, Scan(folder, Matcher(wish), Scope(), bytes))
        if name not in by_grep:
            by_grep[name] = grep(folder, options)
        print(
            f"  {name:24} {size / took / 1e6:7.0f} MB/s   grep -c {size / by_grep[name] / 1e6:7.0f} MB/s"
            f"   {took / by_grep[name]:5.2f} x its time"
        )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    lines = parser.parse_args().lines // BATCH * BATCH
    with open_folder() as folder:
        write(folder, lines)
        size = sum(path.stat().st_size for path in folder.glob("*.ndjson"))
        by_grep: dict[str, float] = {}
        print(f"{lines:,} lines, {size / 1e6:,.0f} MB ({machine()})")
        print("as written")
        ranges(folder, lines)
        searches(folder, size, by_grep)
        began = time.perf_counter()
        consolidate(folder)
        took = time.perf_counter() - began
        packed = sum(path.stat().st_size for path in folder.glob("*.zst"))
        print(f"compressed in {took:.1f} s ({size / took / 1e6:.0f} MB/s) to {packed / size:.1%}")
        ranges(folder, lines)
        searches(folder, size, by_grep)
        took = anyio.run(search, Scan(folder, Templates(), Scope(), bytes, folder))
        print(f"  new lines against itself {size / took / 1e6:7.0f} MB/s of each log")


if __name__ == "__main__":
    main()
