"""200,000 lines of 100 bytes through a real runner against the same process writing to a file, in one run.

Also printed: what a runner weighs, and how long a start takes through the runner server and cold. DESIGN 15 promises a
ratio of at most 1.5 (moonshot 1.1); `--repeat N` measures N pairs in turn and takes the medians.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import anyio

from planes.data_plane.executor.local import LocalExecutor, RunSpec, Step, log_folder
from planes.data_plane.segments.reader import LogCursor, line_count

LINES = 200_000
PRINTER = f"""
line = "2026-03-01 12:00:00,000|[INFO]|4711|139|dlt|load.py|complete_jobs:412|loaded {{:07d}} into table event".format
for number in range({LINES}): print(line(number))
"""
UID = 64_124 if os.geteuid() == 0 else None
REGISTERED = [(f"VARIABLE_{number}", f"value-{number}-{'x' * 24}") for number in range(20)]


def interpreter() -> str:
    """One that the job's uid may run."""
    return sys.executable if UID is None else shutil.which("python3", path="/usr/bin") or sys.executable


def environment(folder: Path, *, is_unbuffered: bool) -> dict[str, str]:
    """The same for both sides. The platform sets PYTHONUNBUFFERED (CONTRACT 5.3): one write per line."""
    chosen = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    return {**chosen, "PYTHONUNBUFFERED": "1"} if is_unbuffered else chosen


def bare(root: Path, *, is_unbuffered: bool) -> tuple[float, float]:
    """Seconds of the process alone, its output in a file; and until that is on the disk, as a sealed log is.

    Else our run's syncs would also wait for what it left in memory.
    """
    with (root / "bare.txt").open("wb") as file:
        began = time.perf_counter()
        subprocess.run(
            [interpreter(), "-c", PRINTER], stdout=file, env=environment(root, is_unbuffered=is_unbuffered), check=True
        )
        seconds = time.perf_counter() - began
        os.fsync(file.fileno())
        return seconds, time.perf_counter() - began


def make_folder(root: Path) -> Path:
    folder = Path(tempfile.mkdtemp(dir=root))
    folder.chmod(0o711)
    (folder / "work").mkdir(mode=0o700)
    if UID is not None:
        os.chown(folder / "work", UID, UID)
    return folder


def make_spec(folder: Path, argv: tuple[str, ...], *, is_unbuffered: bool = True) -> RunSpec:
    work = folder / "work"
    step = Step("job", "user", "run", argv, str(work), environment(work, is_unbuffered=is_unbuffered), uid=UID, gid=UID)
    return RunSpec(run_id=folder.name, folder=folder, fence=1, steps=(step,), time_limit_seconds=600)


async def through_runner(executor: LocalExecutor, root: Path, *, is_unbuffered: bool) -> tuple[float, float]:
    """Seconds from the start of a run to its sealed, synced end, and of the user process alone."""
    folder = make_folder(root)
    spec = make_spec(folder, (interpreter(), "-c", PRINTER), is_unbuffered=is_unbuffered)
    began = time.perf_counter()
    running = await executor.start(spec, REGISTERED)
    started = await running.wait_started()
    outcome = await running.wait()
    whole = time.perf_counter() - began
    user = (datetime.fromisoformat(outcome.finished_at) - started).total_seconds()
    check(folder)
    return whole, user


def check(folder: Path) -> None:
    """Complete and in order."""
    cursor = LogCursor(log_folder(folder))
    numbers: list[int] = []
    count = 0
    while content := cursor.read(1024 * 1024):
        for line in content.splitlines():
            document = json.loads(line)
            if document["source"] == "user":
                assert document["content"].endswith(f"loaded {count:07d} into table event"), document
                count += 1
            numbers.append(document["line_num"])
    cursor.close()
    assert count == LINES
    assert numbers == list(range(line_count(log_folder(folder))))


def weigh(pid: int) -> tuple[float, float]:
    """Resident and proportional megabytes of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines[1:]}
    return sizes["Rss"], sizes["Pss"]


async def measure_start(root: Path, *, use_server: bool) -> tuple[list[float], tuple[float, float]]:
    """Milliseconds from the call to the user process running, and the weight of the last runner."""
    times: list[float] = []
    weight = (0.0, 0.0)
    async with LocalExecutor(use_server=use_server) as executor:
        await warm(executor, root)
        for _ in range(20):
            folder = make_folder(root)
            began = time.perf_counter()
            running = await executor.start(make_spec(folder, ("/bin/sleep", "600")), REGISTERED)
            await running.wait_started()
            times.append((time.perf_counter() - began) * 1000)
            weight = weigh(json.loads((folder / "ctl" / "runner.json").read_bytes())["pid"])
            await running.stop()
            await running.wait()
    return times, weight


async def warm(executor: LocalExecutor, root: Path) -> None:
    running = await executor.start(make_spec(make_folder(root), ("/bin/true",)), REGISTERED)
    await running.wait()


async def main(repeat: int) -> None:
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    root.chmod(0o711)
    try:
        for use_server in (True, False):
            times, (rss, pss) = await measure_start(root, use_server=use_server)
            print(
                f"start {'through the server' if use_server else 'cold'}: p50 {statistics.median(times):.1f} ms, "
                f"p95 {sorted(times)[18]:.1f} ms; runner {rss:.1f} MB resident, {pss:.1f} MB proportional"
            )
        async with LocalExecutor() as executor:
            await warm(executor, root)
            for is_unbuffered in (True, False):
                await compare(executor, root, repeat, is_unbuffered=is_unbuffered)
    finally:
        shutil.rmtree(root)


async def compare(executor: LocalExecutor, root: Path, repeat: int, *, is_unbuffered: bool) -> None:
    pairs: list[tuple[float, float, float, float]] = []
    for _ in range(repeat):
        alone = bare(root, is_unbuffered=is_unbuffered)
        pairs.append((*alone, *await through_runner(executor, root, is_unbuffered=is_unbuffered)))
    alone, synced, whole, user = (statistics.median(column) for column in zip(*pairs, strict=True))
    how = "one write per line (as the platform runs jobs)" if is_unbuffered else "buffered by the job"
    print(
        f"{LINES:,} lines of 100 bytes, {how}: bare {alone:.3f} s, run from start to sealed log {whole:.3f} s, "
        f"ratio {whole / alone:.2f} ({user / alone:.2f} from the start of the process; {whole / synced:.2f} to the "
        f"bare one with its file synced, {synced:.3f} s); {LINES / whole:,.0f} lines/s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    anyio.run(main, parser.parse_args().repeat)
