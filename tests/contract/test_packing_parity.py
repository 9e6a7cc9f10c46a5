"""Our packing against the released client's: same files, same hashes, same requirements, same definitions.

The client's own sync steps run in its own environment, with a stand-in for the workspace handle that keeps what would
be sent.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uv
import yaml
from tests.contract.released_client import RealClient

pytestmark = pytest.mark.slow

WEATHER = Path(__file__).parents[2] / "examples" / "weather"

SYNC = """
import json, sys
from pathlib import Path
from dlt_runtime import _runtime_command_helpers as client
from dlthub_sdk.errors import NotFound

out = Path(sys.argv[1])

class Kept:
    def __init__(self, kind): self.kind = kind
    def latest(self): raise NotFound(self.kind)
    def upload(self, **parts):
        for name, content in parts.items(): (out / name).write_bytes(content)
        return self
    def to_dict(self): return {}

class Workspace:
    deployments = Kept("deployment")
    configurations = Kept("configuration")

found = {}
for name, sync in (("code", client._do_sync_deployment), ("configuration", client._do_sync_configuration)):
    found[name] = sync(workspace=Workspace(), dry_run=True)["data"]["package_hash"]
    sync(workspace=Workspace())
manifest, found["job_definition_hash"], found["jobs"], _ = client._generate_local_manifest("__deployment__")
found["description"] = manifest.get("description")
print(json.dumps(found))
"""

JOBS = """
\"\"\"Two jobs.\"\"\"
import dlt.hub.run as run

__all__ = ["first", "second", "left_out"]

@run.job(trigger="schedule:0 3 * * *", interval={"start": "2026-01-01"}, expose={"tags": ["one"]})
def first(depth: int = 3):
    "Does it."

@run.job(trigger=[first.success, "tag:again"], execute={"timeout": "4h"})
def second():
    pass
"""


def _plain(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "data.bin").write_bytes(bytes(range(256)) * 300)
    (folder / "empty.txt").touch()
    for name in ("__pycache__/a.pyc", "build/x", ".venv/bin/y", ".env", "lib.so", "deep/.DS_Store", "kept.egg-info/z"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _ignoring(folder: Path) -> None:
    (folder / ".gitignore").write_text(
        "# notes\n*.log\n!keep.log\n/only_here/\ndocs/**/draft.*\n\nsub/\n!sub/kept.txt\n"
    )
    for name in ("a.log", "keep.log", "only_here/x", "deep/only_here/x", "docs/a/b/draft.md", "docs/a/final.md",
                 "sub/lost.txt", "sub/kept.txt", "__pycache__/not_ignored_now.pyc", ".git/HEAD"):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _linked(folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "file.txt").write_text("real")
    (folder / "to_file").symlink_to("real/file.txt")
    (folder / "to_folder").symlink_to("real")
    (folder / "real" / "up").symlink_to("..")
    (folder / "absolute").symlink_to(folder / "real")
    (folder / "outside").symlink_to("/etc/hostname")
    (folder / "outside_by_dots").symlink_to("../../../../etc/passwd")
    (folder / "broken").symlink_to("nowhere")
    (folder / "circle").symlink_to("circle")


def _named(folder: Path) -> None:
    for name in (
        "Ünï cödé/naïve café.txt",
        "日本語.csv",
        "with space.py",
        "quote'\".txt",
        "line\nbreak",
        "-dash",
        "emoji🎁",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name, encoding="utf-8")


def _configured(folder: Path) -> None:
    settings = folder / ".dlt"
    ours = ("config.toml", "secrets.toml", "prod.config.toml", "prod.secrets.toml", "a.b.config.toml")
    others = ("dev.config.toml", "tests.secrets.toml", "notes.txt", ".toolkits", "deep/prod.config.toml")
    for name in (*ours, *others, "developer.config.toml"):
        (settings / name).parent.mkdir(parents=True, exist_ok=True)
        (settings / name).write_text(f'[x]\nname = "{name}"\n')
    (settings / "linked.config.toml").symlink_to("config.toml")


def _declaring(folder: Path) -> None:
    (folder / "__deployment__.py").write_text(JOBS)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "w"\nversion = "1"\n'
        'dependencies = ["dlt[duckdb]>=1.31", "requests ; python_version > \'3\'"]\n'
        '[dependency-groups]\nml = ["numpy", {include-group = "dev"}]\ndev = ["pytest"]\n'
    )


def _requiring(folder: Path) -> None:
    (folder / "requirements.txt").write_text("dlt[duckdb]==1.31.0\nhumanize\n")


SHAPES: dict[str, Callable[[Path], None]] = {
    "no ignore file": _plain,
    "ignore file": _ignoring,
    "links": _linked,
    "names": _named,
    "configuration": _configured,
    "jobs and groups": _declaring,
    "requirements compiled by uv": _requiring,
}


def _pack(folder: Path, out: Path, python: Path) -> dict[str, Any]:
    command = [sys.executable, "-I", "-m", "planes.packing", str(folder), "--out", str(out), "--python", str(python)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def _listed(archive: bytes) -> Any:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        content = tar.extractfile("manifest.yaml")
        assert content is not None
        return yaml.safe_load(content)


def _members(archive: bytes) -> list[tuple[str, bytes, str]]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return sorted((member.name, member.type, member.linkname) for member in tar)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_packed_workspace_is_what_the_released_client_sends(
    real_client: RealClient, tmp_path: Path, shape: Callable[[Path], None]
) -> None:
    workspace, sent = real_client.home / "workspace", real_client.home / "sent"
    for folder in (workspace / ".dlt", sent):
        folder.mkdir(parents=True)
    (workspace / ".dlt" / ".workspace").touch()
    shape(workspace)
    if not (workspace / "__deployment__.py").exists():
        (workspace / "__deployment__.py").write_text(JOBS)
    real_client.own(real_client.home)
    path = f"{Path(uv.find_uv_bin()).parent}:/usr/bin:/bin"
    ours = _pack(workspace, tmp_path / "ours", real_client.environment.python)
    theirs_run = real_client.run_python(SYNC, str(sent), cwd=workspace, env={"PATH": path})
    assert theirs_run.code == 0, theirs_run.text
    theirs = json.loads(theirs_run.stdout.splitlines()[-1])

    assert ours["code"]["content_hash"] == theirs["code"]
    assert ours["configuration"]["content_hash"] == theirs["configuration"]
    assert Path(ours["requirements"]["path"]).read_bytes() == (sent / "requirements").read_bytes()
    assert ours["manifest"]["job_definition_hash"] == theirs["job_definition_hash"]
    assert ours["manifest"]["jobs"] == theirs["jobs"]
    assert ours["manifest"]["description"] == theirs["description"]
    for name, file in (("code", "code"), ("configuration", "data")):
        archive, other = Path(ours[name]["path"]).read_bytes(), (sent / file).read_bytes()
        assert _listed(archive) == _listed(other)
        assert _members(archive) == _members(other)
        assert ours[name]["file_count"] == len(_listed(other)["files"])


def test_the_example_deploys_with_the_released_client(real_client: RealClient, tmp_path: Path) -> None:
    workspace = real_client.copy_workspace(WEATHER)
    ours = _pack(workspace, tmp_path / "ours", real_client.environment.python)

    assert [job["job_ref"] for job in ours["manifest"]["jobs"]] == [
        "jobs.housekeeping.broken",
        "jobs.housekeeping.careless",
        "jobs.weather.load",
        "jobs.housekeeping.nightly",
        "jobs.weather.summarize",
        "jobs.workspace.dashboard",
    ]
    assert ours["configuration"]["profiles"] == ["access", "prod"]
    assert oct(os.stat(ours["configuration"]["path"]).st_mode & 0o777) == "0o600"
