"""The strict level: what a run inside bubblewrap is told, how it ends, and what happens where there is none."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import executor
from tests.integration.planes.data_plane.executor.run_places import (
    RunPlace,
    job_interpreter,
    make_place,
    run_to_end,
    until,
)

from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments.interpreters import parts_of
from planes.data_plane.executor.local import LocalExecutor, Step
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap
from planes.data_plane.runner.processes import find_process, list_descendants

__all__ = ["executor"]

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_bubblewrap() is None, reason="no bubblewrap here that binds by descriptor"),
]


@pytest.fixture
def place() -> Iterator[RunPlace]:
    root = Path(tempfile.mkdtemp(prefix="strict-", dir="/var/tmp"))
    root.chmod(0o711)
    yield make_place(root, f"run-{os.urandom(4).hex()}")
    shutil.rmtree(root)


def strict(place: RunPlace, step: Step, *, have_network: bool = True, **changes: Any) -> Step:
    openings = Openings(private=place.folder.parent, is_strict=True, have_network=have_network)
    confinement = openings.confine([], parts_of(Path(job_interpreter())), [place.work], place.work)
    return step._replace(confinement=confinement._replace(**changes))


async def test_it_ends_as_its_program_does(executor: LocalExecutor, place: RunPlace) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['RUNTIME__RUN_ID']); sys.exit(int(sys.argv[1]))"
    step = strict(place, place.step([job_interpreter(), "-u", "-c", code, "3"]))
    outcome = await run_to_end(executor, place.spec(step))

    assert (outcome.outcome, outcome.exit_code, outcome.signal) == ("failed", 3, None)
    assert await place.texts() == [f"{place.work} {place.run_id}"]


async def test_its_signal_is_told(executor: LocalExecutor, place: RunPlace) -> None:
    outcome = await run_to_end(executor, place.spec(strict(place, place.shell("kill -SEGV $$"))))

    assert (outcome.outcome, outcome.signal) == ("failed", signal.SIGSEGV)


async def test_a_stop_is_asked_for_and_has_its_grace(executor: LocalExecutor, place: RunPlace) -> None:
    code = (
        "import signal, sys, time\n"
        "def asked(*_): print('asked', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, asked)\nopen('ready', 'w').close()\n"
        "while True: time.sleep(0.01)\n"
    )
    running = await executor.start(place.spec(strict(place, place.python(code))), [])
    await until((place.work / "ready").exists)
    await running.stop("cancelled")
    with anyio.fail_after(240):
        outcome = await running.wait()

    assert outcome.outcome == "cancelled"
    assert await place.texts() == ["asked"]


@pytest.mark.parametrize("is_strict", [True, False])
async def test_it_ends_with_its_runner(executor: LocalExecutor, place: RunPlace, *, is_strict: bool) -> None:
    step = strict(place, place.shell("touch ready; exec sleep 60"), is_strict=is_strict)
    await executor.start(place.spec(step), [])
    await until((place.work / "ready").exists)
    runner, program = (
        json.loads((place.folder / f"ctl/{name}.json").read_bytes())["pid"] for name in ("runner", "step")
    )
    inside = list_descendants(runner)
    os.kill(runner, signal.SIGKILL)

    assert program in {process.pid for process in inside}
    assert len(inside) > 1
    await until(lambda: all((found := find_process(one.pid)) is None or found.is_dead for one in inside))


async def test_without_a_network_there_is_none(executor: LocalExecutor, place: RunPlace) -> None:
    code = "import os; print(sorted(os.listdir('/sys/class/net')), open('/proc/net/dev').read().count(':'))"
    outcome = await run_to_end(executor, place.spec(strict(place, place.python(code), have_network=False)))

    assert outcome.outcome == "completed", await place.lines()
    assert (await place.texts())[0].endswith(" 1")


async def test_only_what_it_may_reach_is_there(executor: LocalExecutor, place: RunPlace) -> None:
    code = "import os; print(sorted(os.listdir('/'))); print(os.listdir('/var/tmp'), os.path.exists('/root'))"
    outcome = await run_to_end(executor, place.spec(strict(place, place.python(code))))
    root, beside = await place.texts()

    assert outcome.outcome == "completed"
    assert {"home", "root", "boot", "srv", "mnt"}.isdisjoint(eval(root))
    assert beside == f"{[place.folder.parent.name]} False"


@pytest.mark.parametrize("is_required", [False, True])
async def test_where_there_is_none_the_floor_holds_or_nothing_starts(
    executor: LocalExecutor, place: RunPlace, is_required: bool
) -> None:
    for number, path in enumerate((None, "/bin/false")):
        again = RunPlace(place.folder, place.run_id) if number == 0 else make_place(place.folder.parent, "run-2")
        step = strict(again, again.shell("echo ran"), bubblewrap=path, is_required=is_required)
        outcome = await run_to_end(executor, again.spec(step))
        told = await again.texts("runner")

        assert outcome.outcome == ("failed" if is_required else "completed")
        assert await again.texts() == ([] if is_required else ["ran"])
        assert any("not in bubblewrap" in line for line in told), told
    assert os.path.exists(place.folder)
