"""R13: many readers of one live log that hardly read, over real sockets, beside a fast one."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import anyio
import pytest
from anyio import to_thread
from tests.acceptance.killable import Killable, region_process
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, until
from tests.reliability.processes import processor_ticks_of
from tests.reliability.sizes import sized, tell

from planes.domain.identifiers import new_id
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1800)]

READERS = sized(40, 200)
# What the process takes once, as it begins to serve streams, is spread over fewer in the small size.
MOST_KIB = sized(320, 256)
PAIRS = sized(3, 10)
# Where other work leaves none of them quiet. In full sizes there are enough.
MOST_PAIRS = sized(9, 10)
BURST = 40_000
TICKS = sized(100, 400)
SECONDS_BETWEEN_BYTES = 1.0
FILL = "x" * 80

# Until `over`: for each `go-N` a burst as fast as it can, `took-N` says what it and its lines took; for each `tick-N`
# lines with the time. They end in what begins no form of the run's token: a line whose last three digits do waits for
# the next one.
PRINTS = f"""
import itertools, json, os, sys, time
os.chdir(".dlt/data/prod")
for number in itertools.count():
    while not os.path.exists(f"go-{{number}}"):
        if os.path.exists("over"): sys.exit()
        time.sleep(0.005)
    took = []
    for line in range({BURST}):
        began = time.perf_counter()
        print("row", number, line, "{FILL}", flush=True)
        took.append(time.perf_counter() - began)
    took.sort()
    with open("took", "w") as file: json.dump([sum(took), took[len(took) * 99 // 100]], file)
    os.rename("took", f"took-{{number}}")
    while not os.path.exists(f"tick-{{number}}"): time.sleep(0.005)
    for tick in range({TICKS}):
        print("tick", number, time.time(), "..", flush=True)
        time.sleep(0.005)
"""


@dataclass
class Fast:
    """Reads all that comes as it comes; `delays` are seconds from a tick's print to here, by round."""

    delays: dict[int, list[float]] = field(default_factory=dict)
    lines: int = 0
    bursts: int = 0

    async def read(self, place: RunningRegion, lease: Lease) -> None:
        path = place.log_path(lease, "log-stream")
        headers = place.region.headers(role="owner")
        async with place.region.client.stream("GET", path, headers=headers, timeout=None) as answer:
            assert answer.status_code == 200
            async for line in answer.aiter_lines():
                if line.startswith("data: "):
                    self.lines += 1
                    words = json.loads(line[6:])["content"].split()
                    if words[:1] == ["row"] and int(words[2]) == BURST - 1:
                        self.bursts = int(words[1]) + 1
                    elif words[:1] == ["tick"]:
                        self.delays.setdefault(int(words[1]), []).append(time.time() - float(words[2]))


@contextmanager
def connections(place: RunningRegion, lease: Lease, count: int):
    """Sockets that have asked for the live log; a small window, so that the kernel takes little for them."""
    address = urlsplit(str(place.region.client.base_url))
    asked = f"GET {place.log_path(lease, 'log-stream')} HTTP/1.0\r\n"
    asked += f"host: {address.netloc}\r\nauthorization: {place.region.headers(role='owner')['authorization']}\r\n\r\n"
    opened: list[socket.socket] = []
    try:
        for _ in range(count):
            connection = socket.socket()
            opened.append(connection)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect((address.hostname, address.port))
            connection.sendall(asked.encode())
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def drip(slow: Sequence[socket.socket], read: list[int]) -> None:
    """One byte a second from each."""
    for connection in slow:
        connection.setblocking(False)
    while True:
        for connection in slow:
            try:
                read[0] += len(connection.recv(1))
            except BlockingIOError:
                continue
        await anyio.sleep(SECONDS_BETWEEN_BYTES)


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0])


async def until_idle(pid: int) -> None:
    """Returns when a process has taken next to nothing of a processor for a while."""
    with anyio.fail_after(300):
        before = -100
        while (taken := processor_ticks_of(pid)) - before > 2:
            before = taken
            await anyio.sleep(0.3)


@asynccontextmanager
async def printing() -> AsyncGenerator[tuple[Killable, Lease, Path]]:
    """A run in a region that is a process of its own, and the folder through which it is told to go on."""
    with open_folder("region-") as folder:
        async with (
            LeasingControlPlane().serving() as control,
            region_process(folder / "eu1", control, new_id(), new_id()) as region,
        ):
            lease = await region.place.lease(PRINTS, time_limit_seconds=3600)
            await control.wait_status(lease, "running")
            yield region, lease, region.place.run_folder(lease).parents[1] / "data" / "prod"


def rest_of(connection: socket.socket) -> bytes:
    connection.setblocking(True)
    connection.settimeout(240)
    pieces: list[bytes] = []
    while piece := connection.recv(1 << 20):
        pieces.append(piece)
    return b"".join(pieces)


async def test_readers_that_hardly_read_cost_little_and_slow_nobody() -> None:
    alone, beside, weights = list[tuple[float, float]](), list[tuple[float, float]](), list[float]()
    fast, dripped, taken, lines = Fast(), [0], list[bytes](), list[bytes]()
    async with printing() as (region, lease, gates), anyio.create_task_group() as group:
        group.start_soon(fast.read, region.place, lease)
        await one_round(gates, 0, fast, alone)
        for pair in range(MOST_PAIRS):
            if pair:
                await one_round(gates, 2 * pair, fast, alone)
            before = resident(region.process.pid)
            with connections(region.place, lease, READERS) as slow:
                await until(lambda slow=slow: all(has_begun(each) for each in slow), seconds=240)
                await until_idle(region.process.pid)  # they have got all that they take for now
                async with anyio.create_task_group() as dripping:
                    dripping.start_soon(drip, slow, dripped)
                    await one_round(gates, 2 * pair + 1, fast, beside)
                    weights.append((resident(region.process.pid) - before) / READERS)
                    dripping.cancel_scope.cancel()
                is_last = pair + 1 == MOST_PAIRS or (pair + 1 >= PAIRS and is_slowed_by_nobody(fast, alone, beside))
                if is_last:
                    (gates / "over").touch()
                    assert await region.place.control.wait_end(lease) == "completed"
                    taken += [await to_thread.run_sync(rest_of, each) for each in slow[:3]]
            if is_last:
                break
        headers = region.place.region.headers(role="owner")
        stored = await region.place.region.client.get(region.place.log_path(lease), headers=headers)
        lines += stored.content.splitlines()

    assert len(lines) == fast.lines >= 2 * len(beside) * (BURST + TICKS)
    assert dripped[0] >= READERS
    assert len(taken) == 3
    for each in taken:  # a slow one that begins to read misses nothing
        assert [line for line in each.split(b"\n") if line.startswith(b"data: ")][-2000:] == [
            b"data: " + line for line in lines[-2000:]
        ]
    assert max(weights) <= MOST_KIB
    assert is_slowed_by_nobody(fast, alone, beside), (fast.delays, alone, beside)
    delays = [
        percentile([delay for number in fast.delays if number % 2 == kind for delay in fast.delays[number]])
        for kind in (0, 1)
    ]
    slower, later = (median(two[at] for two in beside) / median(two[at] for two in alone) for at in (0, 1))
    tell(
        "R13",
        f"{READERS} readers at 1 B/s: at most {max(weights):.0f} KiB each; "
        f"p99 of the fast one {delays[1] * 1000:.0f} ms ({delays[0] * 1000:.0f} without them); "
        f"the job's bursts {slower:.2f} ×, p99 of a line {later:.2f} ×",
    )


def is_slowed_by_nobody(
    fast: Fast, alone: Sequence[tuple[float, float]], beside: Sequence[tuple[float, float]]
) -> bool:
    """Of each kind the quietest round: readers that slow somebody do so in all, other work on this machine in some."""
    quietest = [
        min(percentile(delays) for number, delays in fast.delays.items() if number % 2 == kind) for kind in (0, 1)
    ]
    bursts = [min(two[0] for two in rounds) for rounds in (alone, beside)]
    return quietest[1] <= max(0.25, 2 * quietest[0]) and bursts[1] <= bursts[0] * sized(2, 1.25)


async def one_round(gates: Path, number: int, fast: Fast, into: list[tuple[float, float]]) -> None:
    """A burst, which the fast reader reads to its end, then ticks; what the burst took and its lines' p99."""
    (gates / f"go-{number}").touch()
    await until((gates / f"took-{number}").exists, seconds=300)
    burst, p99 = json.loads((gates / f"took-{number}").read_text())
    into.append((burst, p99))
    await until(lambda: fast.bursts > number, seconds=300)
    (gates / f"tick-{number}").touch()
    await until(lambda: len(fast.delays.get(number, ())) == TICKS, seconds=300)


def has_begun(connection: socket.socket) -> bool:
    """Whether the answer's first bytes are there; they stay there."""
    connection.setblocking(False)
    try:
        return connection.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"
    except BlockingIOError:
        return False


def percentile(values: list[float]) -> float:
    return sorted(values)[len(values) * 99 // 100]
