"""How long a backup and its restore take for each GB of a region (R19).

A job leaves what jobs leave: a large file that no compression makes smaller, one that it does, ten thousand small
ones, and a log. The platform runs while it is backed up; the restore is `admin restore` into an empty home.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import anyio
from harness import Served, connected, deployed, machine, open_folder, served, write_workspace

from dlthub_tui.client import runs
from dlthub_tui.client.jobs import trigger

SOURCE = """
import os
import dlt.hub.run as run

@run.job
def fills() -> None:
    folder = ".dlt/data/" + os.listdir(".dlt/data")[0]
    pieces = {megabytes}
    with open(folder + "/random", "wb") as noise, open(folder + "/rows", "w") as rows:
        for number in range(pieces):
            noise.write(os.urandom(700_000))
            rows.writelines(f"{{number * 5000 + each}},orchard,{{each * each}},pears and apples of the row\\n"
                            for each in range(6000))
    os.mkdir(folder + "/small")
    for number in range(10_000):
        with open(f"{{folder}}/small/{{number}}", "wb") as file:
            file.write(os.urandom(512))
    for number in range(pieces * 200):
        print("line", number, "of a log that is kept")
"""


async def fill(platform: Served, folder: Path) -> None:
    async with connected(platform) as connection:
        workspace, jobs = await deployed(connection, folder, platform.home / "client" / "environments")
        started = await trigger(connection.control, workspace.id, [jobs["jobs.jobs_of_bench.fills"]])
        run = started[0].run
        assert run is not None, started
        while (now := await runs.get_run(connection.control, workspace.id, run.id)).status not in RUN_ENDS:
            await anyio.sleep(0.2)
        assert now.status == "completed", now


RUN_ENDS = {"completed", "failed", "cancelled"}


def admin(*words: str) -> float:
    """Seconds that a command took."""
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", "admin", *words], check=True, stdout=subprocess.DEVNULL
    )
    return time.perf_counter() - begun


def size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    arguments = parser.parse_args()
    with open_folder(below="/var/tmp") as folder:
        home, backup, phrase = folder / "home", folder / "backup", folder / "phrase"
        phrase.write_text(f"{os.urandom(12).hex()}\n")
        workspace = write_workspace(folder / "workspace", SOURCE.format(megabytes=arguments.megabytes))
        key = ("--passphrase-file", str(phrase))
        with served(home) as platform:
            anyio.run(fill, platform, workspace)
            written = admin("backup", str(backup), *key, "--home", str(home))
        keys = [
            word
            for path in sorted(home.glob("data/*/master.key"))
            for word in ("--master-key", f"{path.parent.name}={path}")
        ]
        places = [folder / f"restored-{number}" for number in range(arguments.repetitions)]
        took = [admin("restore", str(backup), *key, *keys, "--home", str(place)) for place in places]
        size, packed = size_of(places[0]) / 1e9, size_of(backup) / 1e9
        print(f"backup and restore ({machine()})")
        print(f"  {size:.2f} GB in place, {packed:.2f} GB of backup")
        print(f"  backup while it runs   {written:.1f} s, {written / size:.1f} s a GB")
        print(f"  restore                {', '.join(f'{each / size:.1f}' for each in took)} s a GB")


if __name__ == "__main__":
    main()
