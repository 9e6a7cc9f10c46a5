"""`python -m planes.packing FOLDER --out OUT`: one JSON line on stdout, progress as JSON lines on stderr.

Exit codes: 0 packed, 1 not packed (the line is `{"error","detail"}`), 2 wrong usage.
"""

import argparse
import json
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planes.packing.archives import Archive, pack_code, pack_configuration, profiles_of
from planes.packing.environments import can_deploy, find_interpreter, with_cache
from planes.packing.errors import EnvironmentFailed, ManifestFailed, NoFolder, PackingError, UnreadableWorkspace
from planes.packing.staying import left_behind
from planes.packing.worker import REQUIREMENTS_FILE, Manifest, Target, started_worker

DEFAULT_MODULE = "__deployment__"


def main(arguments: list[str]) -> int:
    """Pack one folder and print what was made."""
    parser = argparse.ArgumentParser(prog="python -m planes.packing", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True, help="folder for the archives; created with mode 0700")
    parser.add_argument("--cache", type=Path, help="where environments are built that the workspace lacks")
    parser.add_argument("--python", type=Path, help="interpreter with the workspace's packages")
    target = parser.add_mutually_exclusive_group()
    target.add_argument("--module", default=DEFAULT_MODULE)
    target.add_argument("--file", help="one Python file of the folder, deployed by itself")
    options = parser.parse_args(arguments)
    # ends the worker too, which is in a session of its own
    signal.signal(signal.SIGTERM, _end)
    try:
        answer = _pack(options)
    except PackingError as exc:
        print(json.dumps({"error": exc.code, "detail": exc.detail}))
        return 1
    print(json.dumps(answer))
    return 0


def _pack(options: argparse.Namespace) -> dict[str, Any]:
    environ = dict(os.environ)
    folder: Path = options.folder.resolve()
    if not folder.is_dir():
        raise NoFolder(f"{options.folder}: there is no such folder")
    target = _target(folder, options)
    out: Path = options.out.resolve()
    if out == folder or folder in out.parents:
        raise UnreadableWorkspace("the archives cannot be written into the workspace itself")
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    cache = options.cache or Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dlthub-tui"
    environ = with_cache(environ, cache.resolve())
    python = options.python.absolute() if options.python else find_interpreter(folder, cache.resolve(), environ, _say)
    if options.python and not can_deploy(python, environ):
        raise EnvironmentFailed(f"{options.python}: has no dlt that can deploy")
    with started_worker(folder, python, target, out, environ) as worker:
        code = pack_code(folder, out / "code.tar.gz", _say)
        configuration = pack_configuration(folder, out / "configuration.tar.gz", _say)
        _say("manifest", target.name)
        manifest = worker.manifest()
    if not manifest.jobs:
        raise ManifestFailed(f"{target.name}: declares no job")
    stays = left_behind(folder, code.files, configuration.files)
    return _answer(code, configuration, out / REQUIREMENTS_FILE, manifest) | {"python": str(python), "stays": stays}


def _target(folder: Path, options: argparse.Namespace) -> Target:
    if options.file is None:
        module = folder / options.module.replace(".", "/")
        if not module.is_dir() and not module.with_name(f"{module.name}.py").is_file():
            raise NoFolder(f"{options.folder}: has no {options.module}.py, which declares the jobs")
        return Target(name=options.module, is_file=False)
    file = (folder / options.file).resolve()
    if not file.is_file() or folder not in file.parents or file.suffix != ".py":
        raise UnreadableWorkspace(f"{options.file}: no Python file of this workspace")
    return Target(name=str(file.relative_to(folder)), is_file=True)


def _answer(code: Archive, configuration: Archive, requirements: Path, manifest: Manifest) -> dict[str, Any]:
    return {
        "code": _archive(code),
        "configuration": _archive(configuration) | {"profiles": list(profiles_of(configuration.files))},
        "requirements": {"path": str(requirements), "size_bytes": requirements.stat().st_size},
        "manifest": {
            "engine_version": manifest.engine_version,
            "job_definition_hash": manifest.job_definition_hash,
            "deployment_module": manifest.deployment_module,
            "description": manifest.description,
            "jobs": list(manifest.jobs),
        },
        "warnings": [*manifest.warnings, *code.warnings, *configuration.warnings],
    }


def _archive(archive: Archive) -> dict[str, Any]:
    return {
        "path": str(archive.path),
        "content_hash": archive.content_hash,
        "size_bytes": archive.size_bytes,
        "file_count": len(archive.files),
        "files": [asdict(file) for file in archive.files],
    }


def _end(number: int, frame: object) -> None:  # noqa: ARG001  # the shape of a signal handler
    sys.exit(128 + number)


def _say(step: str, detail: str) -> None:
    print(json.dumps({"step": step, "detail": detail}), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
