"""The app's side of packing: a process, its progress, its end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import anyio
import psutil
import pytest

from dlthub_tui.client.packing import PackingFailed, PackingOptions, pack

pytestmark = pytest.mark.anyio

OPTIONS = PackingOptions(python=Path(sys.executable))
JOB = "import dlt.hub.run as run\n__all__ = ['hi']\n\n@run.job(expose={'tags': ['a']})\ndef hi(): pass\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    (folder / ".dlt").mkdir(parents=True)
    (folder / ".dlt" / "prod.secrets.toml").write_text("x = 1\n")
    (folder / "__deployment__.py").write_text(JOB)
    return folder


async def test_packed_workspace_comes_back_with_progress(workspace: Path, tmp_path: Path) -> None:
    told: list[str] = []
    packed = await pack(workspace, tmp_path / "out", OPTIONS, lambda step, detail: told.append(step))

    assert told == ["code", "configuration", "manifest"]
    assert [job["job_ref"] for job in packed.jobs] == ["jobs.__deployment__.hi", "jobs.workspace.dashboard"]
    assert [file.path for file in packed.code.files] == ["__deployment__.py"]
    assert packed.profiles == ("prod",)
    assert packed.code.path.stat().st_size == packed.code.size_bytes
    assert packed.requirements.exists()


async def test_broken_module_raises_with_words_for_the_user(workspace: Path, tmp_path: Path) -> None:
    (workspace / "__deployment__.py").write_text("import no_such_thing\n")
    with pytest.raises(PackingFailed) as failed:
        await pack(workspace, tmp_path / "out", OPTIONS)

    assert failed.value.code == "manifest_failed"
    assert "no_such_thing" in failed.value.detail
    assert failed.value.can


async def test_process_that_dies_without_answer_raises(workspace: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PackingFailed) as failed:
        await pack(workspace, tmp_path / "file" / "out", OPTIONS)

    assert failed.value.detail


async def test_cancelling_ends_the_worker_and_what_user_code_started(workspace: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "started")
    code = f"import os, time\nopen({str(tmp_path / 'started')!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    (workspace / "__deployment__.py").write_text(code)
    pid = 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pack, workspace, tmp_path / "out", OPTIONS)
        async with await anyio.open_file(tmp_path / "started") as started:
            pid = int(await started.read())
        tasks.cancel_scope.cancel()

    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_importing_it_loads_neither_planes_nor_textual() -> None:
    code = (
        "import dlthub_tui.client.packing, sys\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('planes', 'textual', 'dlt')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
