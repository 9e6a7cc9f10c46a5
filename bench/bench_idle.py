"""Memory (PSS) and processor of an idle platform with both regions, with every process it started."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import psutil
from harness import machine, open_folder, served


def family(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def cpu_seconds(processes: list[psutil.Process]) -> float:
    return sum(times.user + times.system for process in processes for times in [process.cpu_times()])


def measure(home: Path, what: str, seconds: float) -> None:
    with served(home) as platform:
        settle = time.monotonic() + 5
        while time.monotonic() < settle:
            platform.process.poll()
            time.sleep(0.2)  # noqa: TID251 - a benchmark measures over time
        processes = family(platform.process.pid)
        before, begun = cpu_seconds(processes), time.monotonic()
        print(f"{what}; {before:.2f} s of processor until it was idle")
        time.sleep(seconds)  # noqa: TID251
        used = (cpu_seconds(processes) - before) / (time.monotonic() - begun)
        for process in processes:
            pss = process.memory_full_info().pss / 1e6
            print(f"  {pss:7.1f} MB PSS  {' '.join(process.cmdline())[-60:]}")
        total = sum(process.memory_full_info().pss for process in processes) / 1e6
        print(f"  {total:7.1f} MB PSS in all, {used * 100:.2f} % of a core over {seconds:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30)
    arguments = parser.parse_args()
    print(f"idle platform, control plane and two regions ({machine()})")
    with open_folder() as folder:
        # The first start makes the schemas, and keeps what made them.
        measure(folder / "home", "first start of a home", arguments.seconds)
        measure(folder / "home", "started again", arguments.seconds)


if __name__ == "__main__":
    main()
