"""What a deploy packs holds secrets: it does not outlive who packed it for long."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, cast

import pytest

from dlthub_tui.client.packing import PackingFailed
from dlthub_tui.session.deploys import Deploy
from dlthub_tui.session.held_folders import make_held

pytestmark = pytest.mark.anyio

KILLED = """
import os, signal
from dlthub_tui.session.held_folders import make_held

folder, _ = make_held("dlthub-tui-deploy-")
(folder / "code.tar.gz").touch()
print(folder, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_a_killed_deploy_packed_goes_with_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    killed = subprocess.run([sys.executable, "-c", KILLED], capture_output=True, text=True, check=False)
    assert Path(killed.stdout.strip(), "code.tar.gz").exists(), killed.stderr
    in_use, lock = make_held("dlthub-tui-deploy-")
    deploy = Deploy(cast("Any", None), cast("Any", None), tmp_path / "cache")
    with pytest.raises(PackingFailed):
        await deploy.prepare(tmp_path / "none", lambda _report: None)
    deploy.close()

    assert list(tmp_path.glob("dlthub-tui-deploy-*")) == [in_use]
    os.close(lock)
