"""Start the worker in the workspace's interpreter and read what it found. User code runs there, never here."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from planes.packing.environments import clean_environment
from planes.packing.errors import ManifestFailed, PackingError, RequirementsFailed

WORKER = Path(__file__).with_name("workspace_worker.py")
WORKER_SECONDS = 600
REQUIREMENTS_FILE = "requirements.json"

_ERRORS: Mapping[str, type[PackingError]] = {error.code: error for error in (RequirementsFailed, ManifestFailed)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What declares the jobs: a module of the workspace, or one file deployed by itself."""

    name: str
    is_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The job definitions as the client sends them. Contract: 3.4.

    `deployment_module` is None for a single file: such a deploy archives nothing.
    """

    engine_version: int
    job_definition_hash: str
    deployment_module: str | None
    description: str | None
    jobs: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]


class Worker:
    """A started worker. It exports the requirements at once and waits for `manifest` before it imports user code."""

    def __init__(self, process: "subprocess.Popen[bytes]", target: Target, result: Path, noise: IO[bytes]) -> None:
        self._process = process
        self._target = target
        self._result = result
        self._noise = noise

    def manifest(self) -> Manifest:
        """Let it import the user's modules, and wait. Raises: RequirementsFailed, ManifestFailed."""
        try:
            self._process.communicate(b"go\n", timeout=WORKER_SECONDS)
        except subprocess.TimeoutExpired as exc:
            raise ManifestFailed(f"{self._target.name}: took longer than {WORKER_SECONDS} s") from exc
        except BrokenPipeError:
            self._process.wait(timeout=WORKER_SECONDS)
        found = self._read()
        if "detail" in found:
            raise _ERRORS[found["code"]](found["detail"])
        return Manifest(
            engine_version=found["engine_version"],
            job_definition_hash=found["job_definition_hash"],
            deployment_module=None if self._target.is_file else found["deployment_module"],
            description=found["description"],
            jobs=tuple(found["jobs"]),
            warnings=tuple(found["warnings"]),
        )

    def _read(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._result.read_bytes())
        except FileNotFoundError as exc:
            # user code ended the interpreter, or it could not start
            raise ManifestFailed(self._last_words()) from exc
        return found

    def _last_words(self) -> str:
        self._noise.seek(0)
        text = self._noise.read().decode(errors="replace").strip()
        return text[-2000:] or f"the workspace's interpreter ended with code {self._process.returncode}"


@contextmanager
def started_worker(
    folder: Path, python: Path, target: Target, out: Path, environ: Mapping[str, str]
) -> Generator[Worker]:
    """A worker over `folder` that writes `out/requirements.json`; ended with all that user code started."""
    result = out / "manifest.json"
    result.unlink(missing_ok=True)
    selection = "names" if target.is_file else "all"
    with tempfile.TemporaryFile() as noise:
        process = subprocess.Popen(
            [str(python), str(WORKER), str(out / REQUIREMENTS_FILE), str(result), target.name, selection],
            cwd=folder,
            env=_environment(python, environ),
            stdin=subprocess.PIPE,
            stdout=noise,
            stderr=noise,
            start_new_session=True,
        )
        try:
            yield Worker(process, target, result, noise)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
            result.unlink(missing_ok=True)


def _environment(python: Path, environ: Mapping[str, str]) -> dict[str, str]:
    env = clean_environment(environ)
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "RUNTIME__DLTHUB_TELEMETRY": "false"}
    prefix = python.parent.parent
    if (prefix / "pyvenv.cfg").exists():
        # uv resolves for the interpreter it finds there
        env["VIRTUAL_ENV"] = str(prefix)
    return env
