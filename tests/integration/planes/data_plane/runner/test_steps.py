"""The loop around one step: who follows is told of what is stored."""

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

# Its own interpreter, because a runner signals and reaps all that descends from it.
_RUNNER = """
import os, select, subprocess, sys, time
from pathlib import Path
from planes.data_plane.runner import steps
from planes.data_plane.runner.control import ControlSocket
from planes.data_plane.runner.output import RunLog
from planes.data_plane.runner.request import Step
from planes.data_plane.runner.spawning import StepProcess
from planes.data_plane.runner.steps import StepWatcher
from planes.data_plane.runner.stopping import StopPlan
from planes.data_plane.runner.watch import Watch
from planes.data_plane.segments import SegmentWriter

folder = Path(sys.argv[1])
watch = Watch()
control = ControlSocket(folder / "socket", watch, print)
log = RunLog(SegmentWriter(folder / "segments"), [])
pipe = subprocess.PIPE
command = ["sh", "-c", sys.argv[2]]
program = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, start_new_session=True)
if sys.argv[2].startswith("echo"):
    select.select([program.stdout], [], [])
for stream in (program.stdout, program.stderr):
    os.set_blocking(stream.fileno(), False)
log.prepare()
print("ready", flush=True)
sys.stdin.readline()
step = Step(name="jobs.a.b", source="user", stage="run", argv=(), cwd="/", environment={})
process = StepProcess(program.pid, os.dup(program.stdout.fileno()), os.dup(program.stderr.fileno()))

def look():
    print("look", log.lines, flush=True)
    return time.monotonic() + 3600

steps.FIRST_LOOK_SECONDS = 20.0
StepWatcher(watch, control, log, StopPlan(1.0)).run(step, process, look, 1.0)
"""


def test_a_line_from_before_the_first_wait_is_told_while_nothing_else_happens(tmp_path: Path) -> None:
    with watching(tmp_path, "echo first; read -r _ < end") as (runner, end):
        with connected(tmp_path) as client:
            begin(runner)
            told = read_until_told(client)
        end.write(b"\n")  # only now does its program end
        runner.communicate(timeout=30)

    assert told == 1
    assert runner.returncode == 0


def test_its_limits_are_looked_at_after_what_it_prints_at_once(tmp_path: Path) -> None:
    with watching(tmp_path, "read -r _ < end; echo first; read -r _ < end") as (runner, end):
        begin(runner)
        with connected(tmp_path) as client:  # which wakes who watches
            client.recv(1 << 16)
            end.write(b"\n")
            assert runner.stdout is not None
            said = runner.stdout.readline()
            end.write(b"\n")
            runner.communicate(timeout=30)

    assert said == "look 1\n"
    assert runner.returncode == 0


@contextmanager
def watching(folder: Path, program: str) -> Iterator[tuple["subprocess.Popen[str]", FileIO]]:
    """Whoever watches a program, about to begin, and what the program reads lines from."""
    os.mkfifo(folder / "end")
    command = [sys.executable, "-c", _RUNNER, str(folder), program]
    with (
        (folder / "end").open("r+b", buffering=0) as end,  # held, or what is written before anybody reads is lost
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as runner,
    ):
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
        yield runner, end


def begin(runner: "subprocess.Popen[str]") -> None:
    assert runner.stdin is not None
    runner.stdin.write("go\n")
    runner.stdin.flush()


@contextmanager
def connected(folder: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(folder / "socket"))
        client.settimeout(10)
        yield client


def read_until_told(client: socket.socket) -> int:
    """How many lines were told of, until it was one or nobody said any more."""
    told, rest = 0, b""
    while not told and select.select([client], [], [], 10)[0]:
        *states, rest = (rest + client.recv(1 << 16)).split(b"\n")
        told = max((json.loads(state)["lines"] for state in states), default=0)
    return told
