"""`dlthub-tui serve`: the ready line, the home's socket, one platform a home, and the end."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import sys
from pathlib import Path

import httpx
import pytest
from tests.acceptance.platforms import PlatformProcess, run_command, serving

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def test_three_planes_answer_and_sigterm_ends_them(platform: PlatformProcess) -> None:
    assert set(platform.data_planes) == {"us1", "eu1"}
    for url in (platform.control_plane, *platform.data_planes.values()):
        document = httpx.get(f"{url}/openapi.json", timeout=240).json()
        assert document["paths"]

    assert platform.stop(signal.SIGTERM) == 0
    assert not (platform.home / "platform.json").exists()
    assert not (platform.home / "control.sock").exists()


def test_the_socket_answers_and_is_private(platform: PlatformProcess) -> None:
    record = json.loads((platform.home / "platform.json").read_text())
    path = Path(record["socket"])

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://localhost", timeout=240) as client:
        assert client.get("/openapi.json").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's dump settings are Linux's")
def test_no_other_process_may_read_a_plane_s_memory(platform: PlatformProcess) -> None:
    # Not dumpable: the kernel gives the process's files to root and writes no core of it.
    dumps = Path(f"/proc/{platform.process.pid}/coredump_filter").read_text().strip()

    assert int(dumps, 16) == 0
    if os.getuid() != 0:
        with pytest.raises(PermissionError):
            Path(f"/proc/{platform.process.pid}/environ").read_bytes()


def test_a_second_platform_of_the_same_home_is_told_where_the_first_is(platform: PlatformProcess) -> None:
    refused = run_command("serve", "--home", str(platform.home), "--port", "0")

    assert refused.returncode == 1
    assert str(platform.process.pid) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_ports_are_kept_for_the_next_start(tmp_path: Path) -> None:
    with serving(tmp_path / "home") as first:
        urls = (first.control_plane, first.data_planes)
        first.stop()
    with serving(tmp_path / "home", "--host", "127.0.0.1") as second:
        assert (second.control_plane, second.data_planes) == urls


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = run_command("serve", "--home", str(tmp_path / "home"), "--port", str(port))

    assert refused.returncode == 1
    assert f"Port {port} is taken" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_listening_beyond_this_machine_is_refused_without_a_word(tmp_path: Path) -> None:
    refused = run_command("serve", "--home", str(tmp_path / "home"), "--host", "0.0.0.0", "--port", "0")

    assert refused.returncode == 1
    assert "--insecure" in refused.stderr


@pytest.mark.parametrize("words", [["serve", "--port", "x"], ["nonsense"], ["serve", "nowhere"], ["--nonsense"]])
def test_wrong_usage_exits_2(words: list[str]) -> None:
    done = run_command(*words)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr
