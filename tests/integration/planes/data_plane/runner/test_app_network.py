"""Who reaches an app that listens on every address: its forwarder, and nobody else where the system allows that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.workspaces import JOB_UID, open_folder

SCRIPT = '''
import json, os, signal, socket, sys
from pathlib import Path
from planes.data_plane.runner.app_network import AppNetwork
from planes.data_plane.runner.request import Limits, Step
from planes.data_plane.runner.spawning import spawn
from planes.data_plane.runner.watch import Watch

folder, uid, is_told = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "told"
with socket.socket() as found:
    found.bind(("127.0.0.1", 0))
    port = found.getsockname()[1]
code = f"""
import http.server
print("bound", flush=True)
server = http.server.ThreadingHTTPServer(("0.0.0.0", {port}), http.server.SimpleHTTPRequestHandler)
print("listening", flush=True)
server.serve_forever()
"""
step = Step("app", "user", "run", ("/usr/bin/python3", "-c", code), "/", {"PATH": "/usr/bin"}, uid or None, uid or None,
            Limits(), port if is_told else None)
process = spawn(step)
watch, printed = Watch(), b""


def read():
    global printed
    printed += os.read(process.stdout, 1000)


watch.add(process.stdout, read)
network = AppNetwork(folder / "app", port, process.binds)
gap = network.guard(watch)
for _ in range(200):
    if b"listening" in printed:
        break
    watch.wait(0.1)
with socket.socket(socket.AF_UNIX) as through:
    through.settimeout(240)
    through.connect(str(folder / "app"))
    through.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
    said = through.recv(100)
with socket.socket() as direct:
    reached = direct.connect_ex(("127.0.0.1", port)) == 0
os.killpg(process.pid, signal.SIGKILL)
print(json.dumps({"gap": gap, "said": said.decode(), "reached": reached}))
'''


def _run(*words: str) -> dict[str, object]:
    with open_folder("app-") as folder:
        # Root gives the app another uid; anybody else runs it as themselves.
        uid = JOB_UID if os.geteuid() == 0 else 0
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(Path(folder)), str(uid), *words],
            check=False, capture_output=True, text=True, timeout=240,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's notification is Linux's")
def test_only_the_forwarder_reaches_an_app() -> None:
    found = _run("told")

    assert "200 OK" in str(found["said"])
    if found["gap"] is None:
        assert found["reached"] is False
    else:
        assert "no network of their own" in str(found["gap"])


def test_what_cannot_be_contained_is_said_and_still_works() -> None:
    found = _run("untold")

    assert "200 OK" in str(found["said"])
    assert "keep apps off the network" in str(found["gap"])


def test_doctor_tells_what_the_run_would() -> None:
    asked = subprocess.run(
        [sys.executable, "-I", "-m", "planes.data_plane.runner.app_network"],
        check=True, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    found = _run("told")

    assert bool(asked.stdout) == (found["gap"] is not None)
    assert str(found["gap"] or "").startswith(asked.stdout)
