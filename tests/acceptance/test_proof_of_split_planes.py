"""`doctor --residency` where each plane is a process with a home of its own; and what it says of a leak."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.split import SplitInstallation, split_installation

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1200)]

# The head of an Ed25519 public key in DER (RFC 8410, 4); the key's 32 bytes follow.
_DER_HEAD = bytes.fromhex("302a300506032b6570032100")


@pytest.fixture(scope="module")
def split() -> Generator[SplitInstallation]:
    with split_installation(None) as running:
        yield running


def doctor(split: SplitInstallation, *words: str) -> subprocess.CompletedProcess[str]:
    home = split.homes["control"]
    return subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", "doctor", "--residency", "--home", str(home), *words],
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


# Copies what a region writes into logs to another folder, as somebody's collector of logs would.
COLLECTS = """
import pathlib, shutil, sys, time
source, target = map(pathlib.Path, sys.argv[1:])
while True:
    for number, path in enumerate(sorted(source.glob("data/*/orgs/*/workspaces/*/runs/*/ctl/segments/*"))):
        target.mkdir(exist_ok=True)
        if path.is_file():
            shutil.copyfile(path, target / f"{number}.log")
    time.sleep(0.2)
"""


@contextmanager
def leaking(source: Path, target: Path) -> Generator[None]:
    """Until the block ends; what was collected is removed."""
    with subprocess.Popen([sys.executable, "-c", COLLECTS, str(source), str(target)]) as process:
        try:
            yield
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(target, ignore_errors=True)


def verify_with_openssl(folder: Path, document: Any) -> list[str]:
    """The planes whose signature `openssl` accepts."""
    message = json.dumps(document["report"], sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    accepted: list[str] = []
    for one in document["signatures"]:
        files = {"message": message, "key": _DER_HEAD + _decoded(one["key"]), "signature": _decoded(one["signature"])}
        for name, content in files.items():
            (folder / name).write_bytes(content)
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-rawin",
             "-in", "message", "-sigfile", "signature"],
            cwd=folder, capture_output=True, check=False, timeout=240,
        )  # fmt: skip
        if done.returncode == 0:
            accepted.append(one["plane"])
    return accepted


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_split_planes_are_proved_and_anybody_can_check_the_report(split: SplitInstallation, tmp_path: Path) -> None:
    done = doctor(split, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(done.stdout)
    report = document["report"]

    is_read = Path("/proc/self/mem").exists() and _is_root()
    assert report["is_clean"]
    assert [region["region"] for region in report["regions"]] == ["eu1", "us1"]
    for region in report["regions"]:
        assert region["separation"] == "process"
        assert (region["elsewhere"], region["secrets"], region["unread"]) == ([], [], [])
        itself = f"{region['region']} itself: it is not in this home"
        memory = [] if is_read else ["the control plane's memory: only root on Linux may read it"]
        assert region["not_searched"] == [itself, *memory]
        searched = {place["place"]: place["bytes"] for place in region["searched"]}
        assert searched["control plane"] > 0
        assert ("memory of the control plane" in searched) is is_read
    if shutil.which("openssl"):
        assert verify_with_openssl(tmp_path, document) == ["control"]
        report["is_clean"] = False
        assert verify_with_openssl(tmp_path, document) == []
    keys = httpx.get(f"{split.planes['control'].control_plane}/.well-known/jwks.json", timeout=240).json()["keys"]
    assert document["signatures"][0]["key"] in {key["x"] for key in keys}


def test_a_leak_is_found_said_and_no_success(split: SplitInstallation) -> None:
    target = split.homes["control"] / "control" / "collected"
    with leaking(split.homes["eu1"], target):
        done = doctor(split)

    assert done.returncode == 1, done.stdout + done.stderr
    assert "This is no proof." in done.stdout
    kept = max((split.homes["control"] / "proofs").glob("residency-*.json"), key=lambda path: path.stat().st_mtime)
    report = json.loads(kept.read_text())["report"]
    eu1, us1 = report["regions"]
    assert report["is_clean"] is False
    assert (eu1["is_clean"], us1["is_clean"]) == (False, True)
    assert eu1["elsewhere"], "the copy of the log holds the word"
    assert all(hit.startswith("control plane: collected/") for hit in eu1["elsewhere"])
    assert eu1["elsewhere"][0] in done.stdout
    assert eu1["secrets"] == [], "what is stored of the log is scrubbed"


def _is_root() -> bool:
    return os.geteuid() == 0
