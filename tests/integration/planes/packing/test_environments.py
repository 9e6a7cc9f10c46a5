"""Which interpreter packs a workspace: its own, or one that uv builds once."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from planes.packing import environments

Pack = Callable[..., Any]


def test_own_venv_is_used_when_it_has_dlt(workspace: Path, pack: Pack) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(workspace / ".venv")], check=True)
    purelib = next((workspace / ".venv" / "lib").glob("python3*/site-packages"))
    (purelib / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    packed = pack(python=None)

    assert packed.code == 0, packed.answer
    assert packed.answer["python"] == str(workspace / ".venv" / "bin" / "python")


@pytest.mark.slow
def test_environment_is_built_once_and_again_when_requirements_change(workspace: Path, pack: Pack) -> None:
    (workspace / "requirements.txt").write_text("dlt==1.31.0\n")
    first, second = pack(python=None), pack(python=None)
    (workspace / "requirements.txt").write_text("dlt==1.31.0\nhumanize\n")
    third = pack(python=None)

    assert first.code == second.code == third.code == 0, first.answer
    assert first.answer["python"] == second.answer["python"] != third.answer["python"]
    assert "building with uv" in first.stderr
    assert "built before" in second.stderr


def test_another_environment_when_a_file_changes_that_requirements_name(workspace: Path) -> None:
    (workspace / "requirements.txt").write_text("dlt==1.31.0\n-r libs/more.txt  # those\n--constraint=bounds.txt\n")
    (workspace / "libs").mkdir()
    keys: list[str] = []
    for name, content in (
        ("libs/more.txt", "-c deeper.txt\n"),
        ("libs/deeper.txt", "humanize<4\n"),
        ("bounds.txt", "humanize<5\n"),
        ("unrelated.txt", "humanize\n"),
    ):
        (workspace / name).write_text(content)
        keys.append(environments._key(workspace, []))

    assert len(set(keys)) == 3
    assert keys[2] == keys[3]


def test_uv_is_told_the_index_and_the_certificates_of_the_settings() -> None:
    told = environments.clean_environment(
        {"DLTHUB_TUI_INDEX_URL": "https://index.example/simple", "DLTHUB_TUI_SYSTEM_CERTS": "1"}
    )
    untold = environments.clean_environment({"UV_DEFAULT_INDEX": "https://own.example", "DLTHUB_TUI_SYSTEM_CERTS": "0"})

    assert (told["UV_DEFAULT_INDEX"], told["UV_SYSTEM_CERTS"]) == ("https://index.example/simple", "1")
    assert (untold["UV_DEFAULT_INDEX"], untold.get("UV_SYSTEM_CERTS")) == ("https://own.example", None)


def test_packages_are_kept_with_us_where_the_users_folder_takes_none(tmp_path: Path) -> None:
    """As of a service's user, whose home is not there, or of one that is read-only."""
    (tmp_path / "no-folder").touch()
    closed = str(tmp_path / "no-folder" / "home")

    def kept(**environ: str) -> str | None:
        return environments.with_cache(environ, tmp_path / "cache").get("UV_CACHE_DIR")

    assert kept(HOME=closed) == str(tmp_path / "cache" / "uv")
    assert kept(HOME=str(tmp_path)) is None
    assert kept(HOME=closed, XDG_CACHE_HOME=str(tmp_path / "caches")) is None
    assert kept(HOME=closed, UV_CACHE_DIR="/srv/uv") == "/srv/uv"


def test_requirements_in_utf_16_are_refused_with_what_to_do(workspace: Path, pack: Pack) -> None:
    (workspace / "requirements.txt").write_text("dlt==1.31.0\n", encoding="utf-16")
    packed = pack(python=None)

    assert packed.answer["error"] == "environment_failed"
    assert "Save it as UTF-8" in packed.answer["detail"]


@pytest.mark.slow
def test_workspace_that_names_no_dlt_gets_ours(workspace: Path, pack: Pack) -> None:
    (workspace / "requirements.txt").write_text("humanize\n")

    assert pack(python=None).code == 0


@pytest.mark.slow
@pytest.mark.parametrize("line", ["no-such-package-of-anyone==9.9", "dlt==0.0.1", "!!"])
def test_requirement_that_cannot_be_met_is_said(workspace: Path, pack: Pack, line: str) -> None:
    (workspace / "requirements.txt").write_text(f"{line}\n")
    packed = pack(python=None)

    assert (packed.code, packed.answer["error"]) == (1, "environment_failed")
    assert packed.answer["detail"]


@pytest.mark.slow
def test_dlt_too_old_to_deploy_is_said(workspace: Path, pack: Pack) -> None:
    (workspace / "requirements.txt").write_text("dlt==1.5.0\n")
    packed = pack(python=None)

    assert packed.answer["error"] == "environment_failed"
    assert "too old" in packed.answer["detail"]


@pytest.mark.slow
def test_python_that_is_not_installed_is_not_downloaded(workspace: Path, pack: Pack) -> None:
    (workspace / ".python-version").write_text("3.99\n")
    packed = pack(python=None)

    assert packed.answer["error"] == "environment_failed"
    assert "3.99" in packed.answer["detail"]
