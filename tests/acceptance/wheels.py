"""Wheels of what the jobs of these tests need, fetched once per machine.

Every workspace has a cache of its own, so each environment would be fetched anew. `make run` builds from the package
index; here a folder stands for it, so that a file of tests takes seconds and needs no network.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv
from tests.contract.client_environment import NEWEST, cache_folder, client_environment, only_one

PACKAGES = ("dlt[duckdb]==1.31.0", "botocore", "s3fs", "vega_datasets==0.9.0", "marimo>=0.23,<1", "uvicorn")
AGENT_PACKAGES = (
    "dlt[duckdb]==1.31.0", "botocore", "s3fs", f"dlthub-client=={NEWEST}",
    "fastmcp", "pydantic-ai-slim[anthropic,openai,google,mcp,spec]",
)  # fmt: skip
FETCH_SECONDS = 600


def from_wheels(packages: Sequence[str] = PACKAGES) -> Mapping[str, str]:
    """The platform's environment variables that make its builders take these wheels and nothing else."""
    return {"UV_FIND_LINKS": str(wheel_folder(packages)), "UV_NO_INDEX": "1", "UV_OFFLINE": "1"}


def wheel_folder(packages: Sequence[str] = PACKAGES) -> Path:
    """Fetch or find them. Raises: RuntimeError with pip's words."""
    python = client_environment().python
    key = hashlib.sha256(repr((tuple(packages), os.path.realpath(python))).encode()).hexdigest()[:16]
    folder = cache_folder() / f"wheels-{key}"
    with only_one(folder.with_suffix(".lock")):
        if not (folder / "ready").exists():
            _fetch(python, folder, packages)
            (folder / "ready").touch()
    return folder


def _fetch(python: Path, folder: Path, packages: Sequence[str]) -> None:
    pip = ("run", "--quiet", "--no-project", "--python", str(python), "--with", "pip", "python", "-m", "pip")
    options = ("download", "--quiet", "--only-binary", ":all:", "--dest", str(folder))
    done = subprocess.run(
        [uv.find_uv_bin(), *pip, *options, *packages],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
        umask=0o022,
        timeout=FETCH_SECONDS,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the wheels cannot be fetched: {done.stderr}")
