"""An interpreter with the workspace's packages: its own `.venv`, else one built by `uv` into a cache. BORDERS 5, 6."""

import codecs
import fcntl
import hashlib
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uv

from planes.packing.errors import EnvironmentFailed

BUILD_SECONDS = 900
PROBE_SECONDS = 60

_INHERITED_INTERPRETER = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "__PYVENV_LAUNCHER__")
_PROBE = (
    "import importlib.util as u, os; s = u.find_spec('dlt'); "
    "print(bool(s and s.origin and os.path.isfile(os.path.join(os.path.dirname(s.origin), "
    "'_workspace', 'deployment', '_run_helpers.py'))))"
)
_NAMES_ANOTHER = re.compile(r"""(?m)^\s*(?:-r|-c|--requirement|--constraint)(?:\s+|=)["']?([^\s"'#]+)""")


def find_interpreter(
    folder: Path, cache: Path, environ: Mapping[str, str], on_progress: Callable[[str, str], None]
) -> Path:
    """The interpreter for a workspace, built when it has none with a dlt that can deploy. Raises: EnvironmentFailed."""
    own = folder / ".venv" / "bin" / "python"
    if own.exists() and can_deploy(own, environ):
        on_progress("environment", "the workspace's own .venv")
        return own
    return _cached(folder, cache, environ, on_progress)


def with_cache(environ: dict[str, str], cache: Path) -> dict[str, str]:
    """uv keeps packages where it always does, with us where it cannot: a home may be read-only, or not there."""
    usual = Path(environ.get("XDG_CACHE_HOME") or Path(environ.get("HOME") or Path.home()) / ".cache") / "uv"
    there = next(place for place in (usual, *usual.parents) if os.access(place, os.F_OK))
    if "UV_CACHE_DIR" in environ or os.access(there, os.W_OK | os.X_OK):
        return environ
    return {**environ, "UV_CACHE_DIR": str(cache / "uv")}


def can_deploy(python: Path, environ: Mapping[str, str]) -> bool:
    """Whether this interpreter has a dlt with the deployment parts. Does not import dlt."""
    try:
        probe = subprocess.run(
            [str(python), "-I", "-c", _PROBE],
            check=False,
            capture_output=True,
            env=clean_environment(environ),
            timeout=PROBE_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.stdout.strip() == b"True"


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's environment for a child, without what points at our own interpreter; `uv` first on PATH, and told
    where packages come from (docs/settings.md)."""
    kept = {name: value for name, value in environ.items() if name not in _INHERITED_INTERPRETER}
    kept["PATH"] = os.pathsep.join([str(Path(uv.find_uv_bin()).parent), kept.get("PATH", os.defpath)])
    kept["UV_PYTHON_DOWNLOADS"] = "never"
    # Regions of this machine build from there, too: what one finds the other has to find.
    if environ.get("DLTHUB_TUI_INDEX_URL"):
        kept["UV_DEFAULT_INDEX"] = environ["DLTHUB_TUI_INDEX_URL"]
    if environ.get("DLTHUB_TUI_SYSTEM_CERTS") in {"1", "true", "yes"}:
        kept["UV_SYSTEM_CERTS"] = "1"
    return kept


def _cached(folder: Path, cache: Path, environ: Mapping[str, str], on_progress: Callable[[str, str], None]) -> Path:
    arguments = _requirement_arguments(folder)
    target = cache / "environments" / _key(folder, arguments)
    python = target / "bin" / "python"
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _only_one(target.with_suffix(".lock")):
        ready = target / "dlthub-tui-ready"
        if ready.exists() and python.exists():
            on_progress("environment", "built before")
            return python
        on_progress("environment", "building with uv")
        env = clean_environment(environ)
        _uv(["venv", "--clear", *_interpreter_arguments(folder), str(target)], folder, env)
        if (folder / "uv.lock").exists():
            arguments = ["-r", str(_exported_lock(folder, target, env)), *arguments]
        _uv(["pip", "install", "--python", str(python), *arguments], folder, env)
        if not can_deploy(python, environ):
            raise EnvironmentFailed("the workspace's requirements name a dlt that is too old to deploy")
        ready.touch()
    return python


def _requirement_arguments(folder: Path) -> list[str]:
    """What `uv pip install` is told; dlt of our own version is added where the workspace does not name it."""
    pyproject, lines = folder / "pyproject.toml", ""
    arguments: list[str] = []
    if pyproject.exists():
        lines = "\n".join(_project_dependencies(pyproject))
        if not (folder / "uv.lock").exists():
            arguments = ["-r", pyproject.name]
    else:
        for name in ("requirements.txt", "requirements.in"):
            if (folder / name).exists():
                lines = _read(folder / name)
                arguments = ["-r", name]
                break
    if not re.search(r"(?im)^\s*(-r|dlt\b(?![-_.]))", lines):
        arguments.append(f"dlt=={importlib.metadata.version('dlt')}")
    return arguments


def _project_dependencies(pyproject: Path) -> list[str]:
    try:
        document: dict[str, Any] = tomllib.loads(_read(pyproject))
    except (ValueError, RecursionError) as exc:
        raise EnvironmentFailed(f"pyproject.toml: {exc}") from exc
    return [str(line) for line in document.get("project", {}).get("dependencies", [])]


def _interpreter_arguments(folder: Path) -> list[str]:
    """Ours, unless the workspace asks for one of its own, which uv reads from its files."""
    asks = (folder / ".python-version").exists()
    pyproject = folder / "pyproject.toml"
    if not asks and pyproject.exists():
        asks = "requires-python" in _read(pyproject)
    return [] if asks else ["--python", sys.executable]


def _exported_lock(folder: Path, target: Path, env: Mapping[str, str]) -> Path:
    exported = target / "locked-requirements.txt"
    arguments = ["export", "--locked", "--no-hashes", "--no-emit-project", "--no-default-groups", "--quiet"]
    _uv([*arguments, "--output-file", str(exported)], folder, env)
    return exported


def _key(folder: Path, arguments: list[str]) -> str:
    """Changes with every file that decides what is installed, and with our interpreter."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {arguments}".encode())
    names = ["pyproject.toml", "uv.lock", ".python-version", *sorted(p.name for p in folder.glob("requirements*"))]
    waiting = [folder / name for name in names]
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop(0)
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        content = file.read_bytes()
        digest.update(f"\0{os.path.relpath(file, folder)}\0".encode() + content)
        names_of_others = _NAMES_ANOTHER.findall(content.decode(errors="replace"))
        waiting += [Path(os.path.normpath(file.parent / name)) for name in names_of_others]
    return digest.hexdigest()[:32]


def _read(file: Path) -> str:
    try:
        content = file.read_bytes()
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise EnvironmentFailed(
                f"{file.name} is UTF-16, as PowerShell writes what is sent to a file by >. Save it as UTF-8."
            )
        return content.decode("utf-8-sig")
    except (OSError, UnicodeError) as exc:
        raise EnvironmentFailed(f"{file.name}: {exc}") from exc


def _uv(arguments: list[str], folder: Path, env: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            [uv.find_uv_bin(), "--no-progress", "--color", "never", *arguments],
            check=False,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.TimeoutExpired as exc:
        raise EnvironmentFailed(f"uv {arguments[0]} took longer than {BUILD_SECONDS} s") from exc
    if done.returncode != 0:
        raise EnvironmentFailed(done.stderr.decode(errors="replace").strip()[-4000:] or f"uv {arguments[0]} failed")


@contextmanager
def _only_one(lock: Path) -> Generator[None]:
    """Two packings of the same requirements build one environment, one after the other."""
    with lock.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
