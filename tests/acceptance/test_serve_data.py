"""`dlthub-tui serve data`: how it joins, and what it says when it cannot."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from tests.acceptance.platforms import PlatformProcess, run_command, serving, wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def serve_data(home: Path, url: str, token: Path) -> list[str]:
    return [
        "serve", "data", "--home", str(home), "--port", "0", "--region", "eu1", "--control-plane", url,
        "--join-token-file", str(token),
    ]  # fmt: skip


def test_the_token_in_a_file_of_its_own_lets_the_region_join(tmp_path: Path) -> None:
    with serving(tmp_path / "control", "control", "--port", "0") as control:
        control.admin("user", "add", "ana@orchard.example")
        token = tmp_path / "eu1.token"
        add = ("admin", "data-plane", "add", "eu1", "--place", "Europe", "--output", str(token))
        added = run_command(*add, "--home", str(control.home))
        assert added.returncode == 0
        assert "--join-token-file" in added.stderr
        assert token.read_text().strip() not in added.stdout + added.stderr
        assert stat.S_IMODE(token.stat().st_mode) == 0o600
        again = run_command(*add, "--home", str(control.home))  # which would have ended the first one
        assert again.returncode == 2
        assert "Nothing was made" in again.stderr
        words = serve_data(tmp_path / "region", control.control_plane, token)[4:]
        with serving(tmp_path / "region", "data", *words) as region:
            assert set(region.data_planes) == {"eu1"}
            examined = run_command("doctor", "--home", str(region.home))
            assert "separation: a process of its own" in examined.stdout

        # A word less would have begun another control plane in the region's home, and a region that belongs to neither.
        forgotten = run_command("serve", "--home", str(tmp_path / "region"), "--port", "0")
        assert forgotten.returncode == 1
        assert f"serve data --home {tmp_path / 'region'}" in forgotten.stderr
        assert not (tmp_path / "region" / "control").exists()

        with serving(tmp_path / "region", "data") as again:
            assert set(again.data_planes) == {"eu1"}

        # It was spent. That is said before the time is over for which a silent control plane is waited for.
        refused = run_command(*serve_data(tmp_path / "other", control.control_plane, token))
        assert refused.returncode == 1
        assert "was used" in refused.stderr
        assert "admin data-plane add" in refused.stderr


def test_a_region_that_is_not_told_where_it_belongs_is_wrong_usage(tmp_path: Path) -> None:
    refused = run_command("serve", "data", "--home", str(tmp_path / "region"), "--port", "0")

    assert refused.returncode == 2
    assert "--region ID and --control-plane URL" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("content", ["", "one two\n", "a" * 200, "gr\u00fcn"])
def test_a_file_that_holds_no_join_token_is_refused(tmp_path: Path, content: str) -> None:
    token = tmp_path / "eu1.token"
    token.write_text(content, encoding="utf-8")

    refused = run_command(*serve_data(tmp_path / "region", "http://127.0.0.1:1", token))

    assert refused.returncode == 1
    assert "must hold a join token and nothing else" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_token_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    refused = run_command(*serve_data(tmp_path / "region", "http://127.0.0.1:1", tmp_path / "nowhere"))

    assert refused.returncode in {1, 2}
    assert "nowhere" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_region_that_waits_for_its_control_plane_can_be_ended(tmp_path: Path) -> None:
    token = tmp_path / "eu1.token"
    token.write_text("a" * 64)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with (tmp_path / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dlthub_tui.cli.main", *serve_data(tmp_path / "region", url, token)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            wait_until((tmp_path / "region" / "data" / "eu1" / "identity.key").exists)
            process.send_signal(signal.SIGTERM)
            assert process.wait(240) == 0
        finally:
            process.kill()
            process.wait()
    assert not (tmp_path / "region" / "platform.json").exists()


def test_api_keys_come_alone_too(platform: PlatformProcess) -> None:
    platform.admin("user", "add", "ana@orchard.example")
    made = run_command("admin", "api-key", "create", "--user", "ana@orchard.example", "--home", str(platform.home))

    assert made.returncode == 0
    assert len(made.stdout.split()) == 1
    assert "Shown this once" in made.stderr


def test_a_file_for_what_was_not_made_goes(tmp_path: Path) -> None:
    key = tmp_path / "key"
    refused = run_command(
        "admin", "api-key", "create", "--user", "ana@orchard.example", "--output", str(key), "--home", str(tmp_path)
    )

    assert refused.returncode == 3
    assert not key.exists()
