"""The log pane against `less`, each in a pty of 80 by 24 and on the same lines.

The pane reads a generated log of ten million lines over HTTP from a region in its own process; `less` reads a file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness import machine, percentiles

# The first row of the pane on a screen of 24 rows, from 0 on.
FIRST_ROW = 6
DEADLINE_SECONDS = 10
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.fakes.installation import NOW, Installation, served, stamp  # noqa: E402 - found beside the benchmarks
from tests.fakes.orchard import fill  # noqa: E402
from tests.tui.terminals import Terminal, terminal  # noqa: E402
from tests.tui.test_terminal import CONNECT  # noqa: E402


def text_of(number: int) -> str:
    return f"GET /orders?page={number} 200 in {number % 977} ms, cursor {number * 2654435761 % 2**32:08x} of catalogue"


class GeneratedLines:
    """Looks like a list of wire lines; a line is made when it is asked for. `grown` lines arrive each second."""

    def __init__(self, total: int, per_second: int) -> None:
        self._total, self._per_second, self._begun = total, per_second, time.monotonic()

    def __len__(self) -> int:
        return self._total + int((time.monotonic() - self._begun) * self._per_second)

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            return [self[number] for number in range(*key.indices(len(self)))]
        return {"content": text_of(key), "io_stream": "stdout", "line_num": key, "reported_at": stamp(NOW),
                "source": "user", "stage": "run"}  # fmt: skip


def serve(total: int, per_second: int, pipe: Any) -> None:
    import anyio

    fake = Installation(device_approved=True)
    with served(fake) as portal:
        fill(fake)
        log = fake.log_of(fake.runs[0])
        log.lines = GeneratedLines(total, per_second)  # type: ignore[assignment]
        log.is_sealed = not per_second
        pipe.send(fake.url)

        async def wake() -> None:
            while not pipe.poll():
                await anyio.sleep(0.05)
                if log.changed is not None:
                    log.changed.set()

        portal.call(wake)


def first_byte_ms(opened: Terminal, keys: str) -> float:
    opened.until_quiet(0.15)
    begun = time.perf_counter()
    opened.press(keys)
    while not opened.read(1):
        pass
    return (time.perf_counter() - begun) * 1000


def moving_ms(opened: Terminal, keys: str) -> float:
    """Until the pane's first row is another, while other lines arrive: the terminal is asked, however it came there."""
    before, begun = opened.row(FIRST_ROW), time.perf_counter()
    opened.press(keys)
    while opened.row(FIRST_ROW) == before:
        opened.read(0.005)
        assert time.perf_counter() - begun < DEADLINE_SECONDS, f"a key moved nothing\n{opened.text}"
    return (time.perf_counter() - begun) * 1000


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measured(total: int, per_second: int, keys: int) -> dict[str, Any]:
    ours, theirs = multiprocessing.Pipe()
    region = multiprocessing.get_context("fork").Process(target=serve, args=(total, per_second, theirs))
    region.start()
    found: dict[str, Any] = {}
    try:
        url = ours.recv()
        with tempfile.TemporaryDirectory() as home, terminal(["-c", CONNECT, home, url], {"HOME": home}) as opened:
            opened.until_text("Needs you")
            opened.press("\t\x1b[B\r2")
            opened.until_text("[2 Runs]")
            opened.until_quiet()
            before, begun = resident_mb(opened.process.pid), time.perf_counter()
            opened.press("\r")
            opened.until_text("cursor")
            found["open"] = (time.perf_counter() - begun) * 1000
            opened.press("k")
            # An ended log is never paused: the rule over it then says how long it is.
            opened.until_text("paused" if per_second else f"{total:,} lines")
            if per_second:
                found["busy"] = [moving_ms(opened, "k") for _ in range(keys)]
                begun, sent = time.monotonic(), len(opened.output)
                while time.monotonic() - begun < 5:
                    opened.read()
                found["paused"] = (len(opened.output) - sent) / 5
            else:
                found["down"] = statistics.median(opened.bytes_of("k") for _ in range(8))
                found["page"] = statistics.median(opened.bytes_of("\x1b[5~") for _ in range(4))
                found["idle"] = [first_byte_ms(opened, "k") for _ in range(keys)]
                found["home"] = first_byte_ms(opened, "g")
                opened.until_text(text_of(3)[:24])
                opened.until_quiet()
                sent = len(opened.output)
                opened.until_quiet(3)
                found["still"] = len(opened.output) - sent
            found["grown"] = resident_mb(opened.process.pid) - before
    finally:
        ours.send("end")
        region.join(10)
        region.kill()
    return found


def less(lines: int, keys: int) -> dict[str, Any]:
    """`less` by a small launcher, since the terminal starts Python."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.log"
        with path.open("w") as file:
            file.writelines(f"{text_of(number)}\n" for number in range(lines))
        launch = "import os, sys; os.execvp('less', ['less', '-S', sys.argv[1]])"
        begun = time.perf_counter()
        with terminal(["-c", launch, str(path)], {}) as opened:
            opened.until_text("page=3")
            found: dict[str, Any] = {"open": (time.perf_counter() - begun) * 1000}
            opened.until_quiet()
            found["down"] = statistics.median(opened.bytes_of("j") for _ in range(8))
            found["page"] = statistics.median(opened.bytes_of(" ") for _ in range(4))
            found["idle"] = [first_byte_ms(opened, "j") for _ in range(keys)]
            return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--keys", type=int, default=30)
    parser.add_argument("--per-second", type=int, default=5000)
    arguments = parser.parse_args()
    still = measured(arguments.lines, 0, arguments.keys)
    flood = measured(arguments.lines, arguments.per_second, arguments.keys)
    print(f"log of {arguments.lines:,} lines in a pty of 80x24 ({machine()}, load {os.getloadavg()[0]:.0f})")
    print(f"  open           {still['open']:.0f} ms, {still['grown']:.1f} MB more memory after all keys")
    print(f"  key to paint   {percentiles(still['idle'])}; to the first line {still['home']:.1f} ms")
    print(f"  under {arguments.per_second:,}/s  {percentiles(flood['busy'])}; {flood['paused']:.0f} B/s when paused")
    print(f"  bytes          line {still['down']:.0f}, page {still['page']:.0f}, idle {still['still']} in 3 s")
    if shutil.which("less"):
        other = less(min(arguments.lines, 1_000_000), arguments.keys)
        print(f"  less           open {other['open']:.0f} ms, line {other['down']:.0f} B, page {other['page']:.0f} B")
        print(f"                 {percentiles(other['idle'])}")
        print(f"  ratios         line {still['down'] / other['down']:.1f}, page {still['page'] / other['page']:.1f}, "
              f"key {statistics.median(still['idle']) / statistics.median(other['idle']):.1f}")  # fmt: skip


if __name__ == "__main__":
    main()
