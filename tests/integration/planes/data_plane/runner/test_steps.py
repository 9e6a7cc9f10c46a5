"""The loop around one step: who follows is told of what is stored."""

import json
import os
import select
import socket
import subprocess
import sys
from pathlib import Path

# Its own interpreter, because a runner signals and reaps all that descends from it.
_RUNNER = """
import os, select, subprocess, sys, time
from pathlib import Path
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
command = ["sh", "-c", "echo first; read -r _ < end"]
program = subprocess.Popen(command, cwd=folder, stdout=pipe, stderr=pipe, start_new_session=True)
select.select([program.stdout], [], [])
for stream in (program.stdout, program.stderr):
    os.set_blocking(stream.fileno(), False)
print("ready", flush=True)
sys.stdin.readline()
step = Step(name="jobs.a.b", source="user", stage="run", argv=(), cwd="/", environment={})
process = StepProcess(program.pid, os.dup(program.stdout.fileno()), os.dup(program.stderr.fileno()))
StepWatcher(watch, control, log, StopPlan(1.0)).run(step, process, lambda: time.monotonic() + 3600, 1.0)
"""


def test_a_line_from_before_the_first_wait_is_told_while_nothing_else_happens(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "end")
    with subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdin is not None
        assert runner.stdout is not None
        assert runner.stdout.readline() == "ready\n"
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "socket"))
            client.settimeout(5)
            runner.stdin.write("go\n")
            runner.stdin.flush()
            told = read_until_told(client)
        with (tmp_path / "end").open("r+b", buffering=0) as end:  # only now does its program end
            end.write(b"\n")
            runner.communicate(timeout=30)

    assert told == 1
    assert runner.returncode == 0


def read_until_told(client: socket.socket) -> int:
    """How many lines were told of, until it was one or nobody said any more."""
    told, rest = 0, b""
    while not told and select.select([client], [], [], 10)[0]:
        *states, rest = (rest + client.recv(1 << 16)).split(b"\n")
        told = max((json.loads(state)["lines"] for state in states), default=0)
    return told
