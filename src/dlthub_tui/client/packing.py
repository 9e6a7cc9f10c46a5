"""Packs a workspace folder for a deploy, in another process: no code of the user runs in the app.

That process is `python -m planes.packing` of this installation (BORDERS 5). It needs no platform.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, Process

from dlthub_tui.client.errors import ClientError

STOP_SECONDS = 5.0
LONGEST_WORDS = 4000

OnPackingProgress = Callable[[str, str], None]
"""Called with a step (`environment`, `code`, `configuration`, `manifest`) and a short text."""

_WHAT_TO_DO: Mapping[str, str] = {
    "no_folder": "Nothing was sent. Choose another folder.",
    "unreadable_workspace": "Nothing was sent. Choose another folder, or leave the file out by .gitignore.",
    "environment_failed": "Nothing was sent. Correct the workspace's requirements.",
    "requirements_failed": "Nothing was sent. Correct the workspace's requirements.",
    "manifest_failed": "Nothing was sent. Correct the deployment module.",
}


class PackingFailed(ClientError):
    """The folder could not be packed; `detail` says why, possibly over several lines."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail, _WHAT_TO_DO.get(code, "Nothing was sent."))
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of an archive: posix path inside the workspace; a link has size 0, and where it leads to."""

    path: str
    size_bytes: int
    digest: str
    link: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedArchive:
    """An archive ready to be sent. Equal hashes mean equal names and contents."""

    path: Path
    content_hash: str
    size_bytes: int
    files: tuple[PackedFile, ...]


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """A file, or a folder with a slash at its end, that stays: `why` is `profile`, `settings` or `ignored`."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedWorkspace:
    """All that a deploy sends, and what stays. `jobs` are the exact words that leave the region (SECURITY 2).

    `deployment_module` is None for a single file. The configuration archive holds secrets: remove the folder when done.
    """

    code: PackedArchive
    configuration: PackedArchive
    profiles: tuple[str, ...]
    requirements: Path
    engine_version: int
    job_definition_hash: str
    deployment_module: str | None
    description: str | None
    jobs: tuple[dict[str, Any], ...]
    warnings: tuple[str, ...]
    python: str
    stays: tuple[LeftBehind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackingOptions:
    """`cache` is where environments are built; `file` deploys one file by itself instead of `module`."""

    cache: Path | None = None
    python: Path | None = None
    module: str | None = None
    file: str | None = None


async def pack(
    folder: Path,
    out: Path,
    options: PackingOptions | None = None,
    on_progress: OnPackingProgress | None = None,
) -> PackedWorkspace:
    """Pack `folder` into the folder `out`. Raises: PackingFailed.

    Cancelling ends the process and whatever it started.
    """
    chosen = options or PackingOptions()
    answer, words = b"", bytearray()
    async with _started(_command(folder, out, chosen)) as process, anyio.create_task_group() as readers:
        assert process.stdout is not None
        assert process.stderr is not None
        readers.start_soon(_read_progress, process.stderr, words, on_progress or _ignore)
        answer = b"".join([piece async for piece in process.stdout])
        await process.wait()
    return _parse_answer(answer, words.decode(errors="replace"))


def _command(folder: Path, out: Path, options: PackingOptions) -> list[str]:
    command = [sys.executable, "-I", "-m", "planes.packing", str(folder), "--out", str(out)]
    for name in ("cache", "python", "module", "file"):
        value = getattr(options, name)
        if value is not None:
            command += [f"--{name}", str(value)]
    return command


@asynccontextmanager
async def _started(command: list[str]) -> AsyncGenerator[Process]:
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        with anyio.CancelScope(shield=True):
            if process.returncode is None:
                process.terminate()
                with anyio.move_on_after(STOP_SECONDS):
                    await process.wait()
            await process.aclose()


async def _read_progress(stream: ByteReceiveStream, words: bytearray, on_progress: OnPackingProgress) -> None:
    """Progress lines go to the callback; everything else is kept, for when the process dies without an answer."""
    rest = b""
    async for piece in stream:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            step = _step(line)
            if step is None:
                words += line + b"\n"
                del words[:-LONGEST_WORDS]
            else:
                on_progress(*step)


def _step(line: bytes) -> tuple[str, str] | None:
    try:
        said = json.loads(line)
        return str(said["step"]), str(said["detail"])
    except (ValueError, KeyError, TypeError):
        return None


def _parse_answer(answer: bytes, words: str) -> PackedWorkspace:
    try:
        found: dict[str, Any] = json.loads(answer)
    except ValueError:
        raise PackingFailed("packing_failed", words.strip() or "The packing process ended without an answer.") from None
    if "error" in found:
        raise PackingFailed(str(found["error"]), str(found["detail"]))
    manifest = found["manifest"]
    return PackedWorkspace(
        code=_parse_archive(found["code"]),
        configuration=_parse_archive(found["configuration"]),
        profiles=tuple(found["configuration"]["profiles"]),
        requirements=Path(found["requirements"]["path"]),
        engine_version=manifest["engine_version"],
        job_definition_hash=manifest["job_definition_hash"],
        deployment_module=manifest["deployment_module"],
        description=manifest["description"],
        jobs=tuple(manifest["jobs"]),
        warnings=tuple(found["warnings"]),
        python=found["python"],
        stays=tuple(LeftBehind(each["path"], each["why"]) for each in found["stays"]),
    )


def _parse_archive(found: dict[str, Any]) -> PackedArchive:
    return PackedArchive(
        path=Path(found["path"]),
        content_hash=found["content_hash"],
        size_bytes=found["size_bytes"],
        files=tuple(
            PackedFile(file["path"], file["size_bytes"], file["digest"], file["link"]) for file in found["files"]
        ),
    )


def _ignore(step: str, detail: str) -> None:
    """Progress that nobody asked for."""
