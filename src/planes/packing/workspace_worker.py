"""Runs as a file in the workspace's own interpreter: exports the requirements, then imports the deployment module.

    argv: REQUIREMENTS_FILE RESULT_FILE TARGET all|names
    stdin: one line before any user code is imported, so that the folder can be read undisturbed until then

Both files are written whole or not at all. Needs dlt and the standard library of Python 3.9; imports nothing of ours.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any


def export_requirements(target: Path) -> None:
    """Write the requirements file of the current folder."""
    from dlt._workspace.deployment.requirements import export_workspace_requirements, save_requirements

    manifest = export_workspace_requirements(Path.cwd())
    with target.open("wb") as stream:
        save_requirements(manifest, stream)


def generate(target: str, use_all: bool) -> dict[str, Any]:
    """Import the deployment module or file and describe its jobs as plain JSON."""
    from dlt._workspace.deployment._run_helpers import load_manifest_with_warnings
    from dlt.common import json as dlt_json

    manifest, content_hash, warnings = load_manifest_with_warnings(target, use_all=use_all)
    plain = json.loads(dlt_json.dumps(manifest))
    return {
        "engine_version": plain["engine_version"],
        "job_definition_hash": content_hash,
        "deployment_module": plain["deployment_module"],
        "description": plain.get("description"),
        "jobs": plain["jobs"],
        "warnings": list(warnings),
    }


def explain(failure: BaseException) -> str:
    """What went wrong, with the last place in the workspace's own files."""
    import dlt._workspace.deployment.exceptions as deployment

    if isinstance(failure, deployment.DeploymentValidationError):
        return str(failure)
    cause = failure.__cause__ if isinstance(failure, deployment.ManifestImportError) and failure.__cause__ else failure
    if isinstance(failure, deployment.ManifestImportError) and failure.kind != "import_failed":
        return str(failure)
    return f"{type(cause).__name__}: {cause}{_place(cause)}"


def _place(failure: BaseException) -> str:
    if isinstance(failure, SyntaxError) and failure.filename:
        return f" ({_short(failure.filename)}, line {failure.lineno})"
    here = os.getcwd()
    frames = [f for f in traceback.extract_tb(failure.__traceback__) if f.filename.startswith(here + os.sep)]
    own = [frame for frame in frames if "site-packages" not in frame.filename]
    return f" ({_short(own[-1].filename)}, line {own[-1].lineno})" if own else ""


def _short(filename: str) -> str:
    return os.path.relpath(filename, os.getcwd()) if filename.startswith(os.getcwd()) else filename


def write_whole(target: Path, content: dict[str, Any]) -> None:
    """Write JSON to a neighbour and rename it."""
    partial = target.with_name(target.name + ".partial")
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(target)


def main(requirements: str, result: str, target: str, selection: str) -> int:
    """Returns the exit code: 0 done, 1 the result file says what failed."""
    # makes `from dlt.hub import run` work without the commercial package
    importlib.import_module("dlt.hub.run")
    try:
        export_requirements(Path(requirements))
    except Exception as failure:  # noqa: BLE001  # every failure of the export is the user's to read
        write_whole(Path(result), {"code": "requirements_failed", "detail": str(failure)})
        return 1
    if not sys.stdin.readline():
        # the one who asked is gone
        return 1
    try:
        content = generate(target, selection == "all")
    except BaseException as failure:  # noqa: BLE001  # user code may raise anything, SystemExit too
        write_whole(Path(result), {"code": "manifest_failed", "detail": explain(failure)})
        return 1
    write_whole(Path(result), content)
    return 0


if __name__ == "__main__":
    # the folder of this file must not be importable: user code is not to see our modules, nor dlt to prefer them
    sys.path.pop(0)
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    # threads that user code started must not keep the process
    os._exit(code)
