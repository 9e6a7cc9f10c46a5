"""The packing process over real folders, and what it says when a folder is broken."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

Pack = Callable[..., Any]


def _content_hash(files: dict[str, bytes]) -> str:
    """Contract 3.3, written down a second time."""
    whole = hashlib.sha3_256()
    for name in sorted(files):
        whole.update(name.encode())
        whole.update(base64.b64encode(hashlib.sha3_256(files[name]).digest()))
    return base64.b64encode(whole.digest()).decode()


def test_hash_is_that_of_the_contract(workspace: Path, pack: Pack) -> None:
    (workspace / "b.txt").write_bytes(b"two")
    (workspace / ".dlt" / "prod.config.toml").write_bytes(b"x = 1\n")
    packed = pack()
    code = {name: (workspace / name).read_bytes() for name in ("__deployment__.py", "b.txt")}

    assert packed.code == 0
    assert packed.answer["code"]["content_hash"] == _content_hash(code)
    assert packed.answer["configuration"]["content_hash"] == _content_hash({"prod.config.toml": b"x = 1\n"})
    assert packed.answer["configuration"]["profiles"] == ["prod"]
    assert [job["job_ref"] for job in packed.answer["manifest"]["jobs"]] == [
        "jobs.__deployment__.hello",
        "jobs.workspace.dashboard",
    ]
    assert packed.steps == ["code", "configuration", "manifest"]


def test_archives_are_for_their_owner_only_and_the_workspace_is_left_as_it_was(
    workspace: Path, pack: Pack, tmp_path: Path
) -> None:
    before = sorted(workspace.rglob("*"))
    packed = pack()

    assert sorted(workspace.rglob("*")) == before
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert stat.S_IMODE(Path(packed.answer["configuration"]["path"]).stat().st_mode) == 0o600
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "code.tar.gz",
        "configuration.tar.gz",
        "requirements.json",
    ]


def test_user_code_never_runs_in_our_interpreter(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    lines = f"import os, sys\nopen({str(trace)!r}, 'a').write(f'{{os.getppid()}} {{sys.argv[0]}}\\n')\n"
    (workspace / "__deployment__.py").write_text(lines + (workspace / "__deployment__.py").read_text())
    pack()
    imported = trace.read_text().splitlines()

    assert len(imported) == 1
    assert imported[0].endswith("workspace_worker.py")


def test_hub_import_works_without_the_commercial_package(workspace: Path, pack: Pack) -> None:
    (workspace / "__deployment__.py").write_text("from dlt.hub import run\n\n@run.job\ndef hi(): pass\n")

    assert pack().code == 0


def test_single_file_is_an_ad_hoc_deploy(workspace: Path, pack: Pack) -> None:
    (workspace / "other.py").write_text("import dlt.hub.run as run\n\n@run.job\ndef one(): pass\n")
    packed = pack("--file", "other.py")

    assert packed.answer["manifest"]["deployment_module"] is None
    assert [job["job_ref"] for job in packed.answer["manifest"]["jobs"]] == ["jobs.other.one"]


def test_other_module_is_deployed_under_its_name(workspace: Path, pack: Pack) -> None:
    (workspace / "other.py").write_text("import dlt.hub.run as run\n__all__ = ['one']\n\n@run.job\ndef one(): pass\n")

    assert pack("--module", "other").answer["manifest"]["deployment_module"] == "other"


BROKEN: dict[str, tuple[str, list[str]]] = {
    "missing package": (
        "import no_such_thing\n",
        ["ModuleNotFoundError", "no_such_thing", "__deployment__.py, line 1"],
    ),
    "syntax": ("x = 1\ndef broken(:\n", ["SyntaxError", "__deployment__.py, line 2"]),
    "exception": ("def f():\n    raise KeyError('who')\nf()\n", ["KeyError", "__deployment__.py, line 2"]),
    "exit": ("import sys\nsys.exit(3)\n", ["SystemExit"]),
    "hard exit": (
        "import os, sys\nprint('last words', file=sys.__stderr__, flush=True)\nos._exit(7)\n",
        ["last words"],
    ),
    "bad definition": (
        "import dlt.hub.run as run\n@run.job(require={'profile': 'dev'})\ndef a(): pass\n",
        ["local-only profile"],
    ),
    "bad trigger": ("import dlt.hub.run as run\n@run.job(trigger='every:3s')\ndef a(): pass\n", ["minimum period"]),
    "asks": ("input('name? ')\n", ["EOFError"]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("code", "words"), BROKEN.values(), ids=BROKEN)
def test_broken_module_is_explained(workspace: Path, pack: Pack, code: str, words: list[str]) -> None:
    (workspace / "__deployment__.py").write_text(code)
    packed = pack()

    assert packed.code == 1
    assert packed.answer["error"] == "manifest_failed"
    for word in words:
        assert word in packed.answer["detail"]


def test_a_folder_without_the_module_is_refused_before_it_is_read(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    (workspace / "__deployment__.py").unlink()
    packed = pack()

    assert packed.answer["error"] == "no_folder"
    assert "has no __deployment__.py" in packed.answer["detail"]
    assert not (tmp_path / "out").exists()


def test_threads_and_children_of_user_code_do_not_hold_the_packing(workspace: Path, pack: Pack, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    lines = (
        "import subprocess, threading\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        f"open({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '300']).pid))\n"
    )
    (workspace / "__deployment__.py").write_text(lines + (workspace / "__deployment__.py").read_text())

    assert pack().code == 0
    assert not _is_running(int(pid.read_text()))


def _is_running(pid: int) -> bool:
    # one that nobody has waited for yet is over all the same
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_links_out_and_special_files_are_left_out_with_a_warning(workspace: Path, pack: Pack) -> None:
    (workspace / "secret").symlink_to("/etc/hostname")
    (workspace / "inside").symlink_to("__deployment__.py")
    os.mkfifo(workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(workspace / "sock"))
        packed = pack()
    with tarfile.open(packed.answer["code"]["path"]) as tar:
        names = sorted(tar.getnames())

    assert names == ["files/__deployment__.py", "files/inside", "manifest.yaml"]
    assert {warning.split(":")[0] for warning in packed.answer["warnings"]} >= {"secret", "pipe", "sock"}


def test_name_that_is_not_utf8_is_refused_by_name(workspace: Path, pack: Pack) -> None:
    Path(os.fsdecode(os.fsencode(workspace) + b"/bad\xff")).touch()
    packed = pack()

    assert (packed.code, packed.answer["error"]) == (1, "unreadable_workspace")
    assert "bad" in packed.answer["detail"]


def test_ignore_file_that_is_not_utf8_is_refused(workspace: Path, pack: Pack) -> None:
    (workspace / ".gitignore").write_bytes(b"\xff\xfe")

    assert pack().answer["error"] == "unreadable_workspace"


def test_archives_may_not_lie_in_the_workspace(workspace: Path, pack: Pack) -> None:
    packed = pack("--out", str(workspace / "out"))

    assert packed.answer["error"] == "unreadable_workspace"
    assert not (workspace / "out").exists()


def test_file_outside_is_refused(pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "outside.py").touch()

    assert pack("--file", "../outside.py").answer["error"] == "unreadable_workspace"


def test_lock_out_of_date_is_said(workspace: Path, pack: Pack) -> None:
    (workspace / "pyproject.toml").write_text('[project]\nname = "w"\nversion = "1"\nrequires-python = ">=3.11"\n')
    (workspace / "uv.lock").write_text('version = 1\nrequires-python = ">=3.9"\n')
    packed = pack()

    assert (packed.code, packed.answer["error"]) == (1, "requirements_failed")
    assert "uv lock --check" in packed.answer["detail"]


def test_broken_pyproject_is_said(workspace: Path, pack: Pack) -> None:
    (workspace / "pyproject.toml").write_text("[project\n")

    assert pack().answer["error"] == "requirements_failed"


def test_interpreter_without_dlt_is_refused(pack: Pack) -> None:
    packed = pack(python="/bin/true")

    assert packed.answer["error"] == "environment_failed"
