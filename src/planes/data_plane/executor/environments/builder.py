"""Builds one environment: a program of its own, run as the workspace's uid, without secrets (Security: 6).

    python -I builder.py SPECIFICATION.json

Standard library only and one file, because any Python from 3.11 on may have to run it. What it prints becomes the run's
`setup` lines. It may run twice, and several at once: one builds, the others wait for it. Killed at any moment it leaves
nothing that passes for an environment; the next one begins again with what is in the cache, of which what is half-made
goes where nobody else builds.

    lock ─► ready? ─yes─► done
              │no
              └► clear leftovers ─► venv ─► choose ─► install ─► compile ─► check ─► read-only ─► sync ─► rename ─► done
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Generator, Iterable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

MARK = "environment.json"
_BUILDING = ".building"
_WRITABLE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
_WHEELS_ONLY = (
    "{which} has no wheel for this Python: this region installs wheels only. Choose a version, or another package, "
    "that has one; DLTHUB_TUI_SOURCE_BUILDS=allow of the region lets it build from source, which runs the package's "
    "code."
)
_UNREACHED = (
    "The package index did not answer, and the cache does not hold all that is needed. Start the run again when this "
    "machine reaches the index; the region's UV_* and proxy variables say which one, and by what way."
)
_ADDRESS_UNREACHED = (
    "{who} did not answer, and the cache does not hold what is there. See that the requirement names the right one "
    "and that this machine reaches it (the region's proxy variables say by what way), and start the run again."
)
_INDEX = "the package index"
_DIRECT = re.compile(rb"Failed to download[^`\n]*`(?P<name>[A-Za-z0-9._-]+)[^`@]* @ ")
_NOT_REACHED = re.compile(rb"error sending request|client error \(Connect\)|operation timed out")
_LACKS_WHEEL = re.compile(rb"no (\w+ )?wheels|--no-build|source \w*\s?is disabled")
_WITHOUT_WHEEL = re.compile(
    rb"(?:^|\s)(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*(?:==[A-Za-z0-9.+!]*\w)?) has no (\w+ )?wheels"
)
_NO_SOLUTION = b"No solution found"
_MOST_SAID = 64 * 1024
_WITH_EXTRAS = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*\[(?P<extras>[^]]+)\]")
# Without a floor `uv` looks through ten years of versions when pins of the workspace fit none.
_RECENT = {"botocore": "botocore>=1.36", "s3fs": "s3fs>=2024.6"}
_COMPILE = """
import compileall, json, sys
for path in json.load(sys.stdin.buffer): compileall.compile_file(path, quiet=2)
"""
_PTH_NAME = "dlt_hub_run.pth"
_PTH = "import dlt.hub.run\n"


class BuildFailed(Exception):
    """The environment cannot be built; the message is for the person whose requirements these are.

    `said` is the end of what `uv` wrote, which is in the log already. `code` is for who started the builder.
    """

    code = 1

    def __init__(self, message: str, said: bytes = b"") -> None:
        super().__init__(message)
        self.said = said


class Killed(BuildFailed):
    """`uv` was ended by a signal: nothing is known of the requirements. `code` says which, as shells do."""

    def __init__(self, by: int) -> None:
        name = signal.Signals(by).name if by in set(signal.Signals) else "no name"
        super().__init__(
            f"uv was killed (signal {by}, {name}) before it was done: by somebody on this machine, or by its system "
            "for want of memory. Start the run again, it goes on with what is downloaded; if that ends so too, "
            "run fewer jobs at a time on this region, or give the machine more memory."
        )
        self.code = 128 + by


def main(arguments: list[str]) -> int:
    """Builds what the specification's file describes. 0 when the environment is there, else `BuildFailed.code`."""
    specification: dict[str, Any] = json.loads(Path(arguments[0]).read_bytes())
    try:
        build(specification)
    except BuildFailed as exc:
        say(str(exc), sys.stderr)
        return exc.code
    except OSError as exc:
        if exc.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        say(f"The environment could not be built: {exc.strerror}.", sys.stderr)
        return BuildFailed.code
    return 0


def build(specification: Mapping[str, Any]) -> None:
    """Makes the environment in `folder`/`key`, unless it is there.

    Raises: BuildFailed.
    """
    folder, key = Path(specification["folder"]), str(specification["key"])
    place, building = folder / key, folder / f"{key}{_BUILDING}"
    with locked(folder / f"{key}.lock") as lock:
        if is_ready(place):
            say("Environment is ready.")
            return
        remove(place)
        remove(building)
        clear_abandoned(folder)
        cache = specification.get("cache")
        uv = _Uv(str(specification["uv"]), lock, *([clear_cache(Path(cache))] if cache else []))
        python = find_python(uv, str(specification["python_version"]))
        say(f"Building an environment with Python {specification['python_version']} ({python})")
        try:
            _make(uv, building, python, specification)
        except BaseException:
            remove(building)  # of no use to anybody, and perhaps what has filled the disk
            raise
        building.rename(place)
        sync_folder(folder)
        say("Environment is ready.")


def _make(uv: _Uv, building: Path, python: str, specification: Mapping[str, Any]) -> None:
    """Everything but its final name. Raises: BuildFailed."""
    uv.run("venv", "--no-project", "--relocatable", "--python", python, str(building))
    builds = bool(specification.get("source_builds"))
    own, wishes = specification["requirements"], specification.get("wishes", [])
    chosen, obstacle = _with_wishes(uv, building, own, wishes, builds=builds)
    _install(uv, building, chosen, builds=builds)
    compile_to_byte_code(building, python, uv.locks)
    if obstacle:  # only now it is known that the wishes are to blame, and not the requirements alone
        say(f"Left out, since {obstacle}: {', '.join(wishes)}.")
    for line in find_missing_extras(building, own):
        say(line)
    if not specification["includes_dlthub"]:
        let_hub_be_imported(building)
    (building / MARK).write_text(json.dumps({"requirements": specification["requirements"]}))
    make_read_only(building)
    sync_file_system(building)


def is_ready(place: Path) -> bool:
    """Whether a whole environment stands there and its interpreter still exists."""
    return (place / MARK).is_file() and (place / "bin" / "python").exists()


def find_python(uv: _Uv, version: str) -> str:
    """The path of an installed CPython of this version, `3.11` or `3.11.7`.

    Raises: BuildFailed, naming the versions that are installed.
    """
    listed: list[dict[str, Any]] = json.loads(uv.ask("python", "list", "--only-installed", "--output-format", "json"))
    installed = [entry for entry in listed if entry["implementation"] == "cpython" and entry["variant"] == "default"]
    wanted = version.split(".")
    for entry in installed:
        if entry["version"].split(".")[: len(wanted)] == wanted:
            return str(entry["path"])
    present = ", ".join(dict.fromkeys(entry["version"] for entry in installed)) or "none"
    raise BuildFailed(
        f"Python {version} is not installed in this region. Installed: {present}. "
        "Deploy with one of these versions, or ask for it to be installed."
    )


def let_hub_be_imported(building: Path) -> None:
    """Lets user code say `from dlt.hub import run` without the commercial package (Contract: 5.3)."""
    for packages in building.glob("lib/python3*/site-packages"):
        hub = packages / "dlt" / "hub"
        if (hub / "run.py").exists() or (hub / "run").is_dir():
            (packages / _PTH_NAME).write_text(_PTH)


def compile_to_byte_code(building: Path, python: str, locks: Iterable[int]) -> None:
    """Jobs cannot write byte code into a read-only environment, so without it every start would compile dlt again.

    Not by `uv`: the interpreters that it starts run what packages have in their `.pth` files, with its variables, which
    may open the package index. These run nothing of them and are told nothing. What cannot be compiled is left alone.
    """
    paths = [str(path) for path in building.glob("lib/python3*/site-packages/**/*.py")]
    share = max(1, min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, len(paths) // 100))
    if paths:  # on a busy machine the longest wait of a build
        say(f"Compiling {len(paths)} files to byte code")
    started = [
        subprocess.Popen(
            [python, "-I", "-S", "-W", "ignore", "-c", _COMPILE],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={}, pass_fds=tuple(locks),
        )
        for _ in range(share)
    ]  # fmt: skip
    for number, process in enumerate(started):
        assert process.stdin is not None, "asked for above"
        with contextlib.suppress(BrokenPipeError), process.stdin as stdin:
            stdin.write(json.dumps(paths[number::share]).encode())
    for process in started:
        process.wait()


def find_missing_extras(building: Path, requirements: Iterable[str]) -> list[str]:
    """Of packages too old for an extra that was asked for: `uv` takes them where pins leave room for no other.

    The client pins what the workspace's own files name, and leaves to us what it adds itself, such as an agent's loop.
    """
    found: list[str] = []
    for match in filter(None, map(_WITH_EXTRAS.match, requirements)):
        name, wanted = match["name"], {_plain(extra) for extra in match["extras"].split(",")}
        for installed in distributions(name=name, path=list(map(str, building.glob("lib/python3*/site-packages")))):
            missing = sorted(wanted - {_plain(extra) for extra in installed.metadata.get_all("Provides-Extra") or ()})
            if missing:
                found.append(
                    f"{name} {installed.version} has no {', '.join(missing)}: newer versions do not fit the versions "
                    f"that the workspace pins. Name {match[0]} in the workspace's own requirements and deploy again: "
                    "then all are chosen together."
                )
    return found


def _plain(extra: str) -> str:
    return re.sub(r"[-_.]+", "-", extra.strip()).lower()


def make_read_only(building: Path) -> None:
    """Takes every write permission away, so that a job does not change what the next one runs by accident."""
    for parent, _, names in os.walk(building):
        for name in names:
            path = os.path.join(parent, name)
            if not os.path.islink(path):
                os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & ~_WRITABLE)
        os.chmod(parent, stat.S_IMODE(os.stat(parent).st_mode) & ~_WRITABLE)


def remove(place: Path) -> None:
    """Removes a folder, also a read-only one; nothing happens if it is not there."""
    if not place.exists():
        return
    for parent, _, _ in os.walk(place):
        os.chmod(parent, 0o700)
    shutil.rmtree(place)


def clear_abandoned(folder: Path) -> None:
    """Removes what builders of other environments left half-made when they were killed."""
    for building in folder.glob(f"*{_BUILDING}"):
        descriptor = os.open(building.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(building)
        except BlockingIOError:
            continue  # its builder, or what that started, still works
        finally:
            os.close(descriptor)


def clear_cache(cache: Path) -> int:
    """Removes what a killed `uv` left half-made in the workspace's cache, unless another builder works there.

    Answers a descriptor that says that this one does, as long as it or what has inherited it lives.
    """
    descriptor = os.open(cache / "builders.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for left in [*cache.glob(".tmp*"), *cache.glob("*/.tmp*")]:
            if left.is_symlink() or not left.is_dir():
                left.unlink(missing_ok=True)
            else:
                remove(left)
    except BlockingIOError:
        pass  # what is half-made may be another's
    fcntl.flock(descriptor, fcntl.LOCK_SH)  # who has it alone lets go in a moment
    return descriptor


@contextlib.contextmanager
def locked(path: Path) -> Generator[int]:
    """Lets one builder of this environment through at a time. The kernel lets go when its holders have ended."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run builds the same environment; waiting for it.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # without end: the run's time limit covers the waiting
        yield descriptor
    finally:
        os.close(descriptor)


def sync_file_system(place: Path) -> None:
    """Brings everything written on this file system to the disk: one call instead of one for each of 5,000 files."""
    descriptor = os.open(place, os.O_RDONLY)
    try:
        if not hasattr(ctypes.CDLL(None), "syncfs") or ctypes.CDLL(None).syncfs(descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Makes a rename in this folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def say(line: str, stream: Any = None) -> None:
    """One line of the run's log."""
    print(line, file=stream or sys.stdout, flush=True)


def _install(uv: _Uv, building: Path, requirements: list[str], *, builds: bool) -> None:
    """Wheels only, unless the region `builds` packages from source: that runs code of theirs."""
    if not requirements:
        return
    listed = _listed(building / "requirements.txt", requirements)
    python = str(building / "bin" / "python")
    wheels = () if builds else ("--only-binary", ":all:")
    try:
        uv.run("pip", "install", "--python", python, "--no-compile-bytecode", *wheels, "--requirements", listed)
    except Killed:
        raise
    except BuildFailed as exc:
        advice = uv.unreached and (
            _UNREACHED if uv.unreached == _INDEX else _ADDRESS_UNREACHED.format(who=_capital(uv.unreached))
        )
        if not builds and _LACKS_WHEEL.search(exc.said):
            named = _WITHOUT_WHEEL.search(exc.said)
            advice = _WHEELS_ONLY.format(which=named["name"].decode() if named else "A package")
        raise BuildFailed(f"{exc} {advice}".rstrip()) from exc


def _with_wishes(
    uv: _Uv, building: Path, requirements: list[str], wishes: list[str], *, builds: bool
) -> tuple[list[str], str]:
    """The requirements with the wishes, or without them and why: then nobody knows a set of versions for both.

    They are resolved together: a package that nobody pins may be the version that a wish needs.
    """
    if not wishes:
        return requirements, ""
    together = [*requirements, *(_RECENT.get(wish, wish) for wish in wishes)]
    wheels = [f"--only-binary={name}" for name in (wishes if builds else [":all:"])]
    listed = _listed(building / "wishes.txt", together)
    try:
        uv.ask("pip", "compile", "--python", str(building / "bin" / "python"), *wheels, listed)
    except Killed:
        raise
    except BuildFailed as exc:
        if uv.unreached:
            return requirements, f"{uv.unreached} did not answer and the cache does not hold them"
        if _NO_SOLUTION in exc.said:
            return requirements, "they do not fit the workspace's own requirements"
        return requirements, f"their versions could not be chosen ({exc})"
    return together, ""


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _listed(place: Path, lines: Iterable[str]) -> str:
    place.write_text("".join(f"{line}\n" for line in lines))
    return str(place)


class _Uv:
    """Runs `uv`, which inherits our environment and the locks: the next builder waits for it if we are killed.

    Where the index does not answer, or the address of a requirement that has one, the cache has to do from then on.
    `unreached` says which of them it was; it is empty as long as all have answered.
    """

    def __init__(self, binary: str, *locks: int) -> None:
        self._binary = binary
        self.locks = locks
        self._ways: tuple[str, ...] = ()
        self.unreached = ""

    def run(self, *words: str) -> None:
        """Its output goes where ours goes, line by line.

        Raises: BuildFailed; `uv` has then said why.
        """
        say(f"$ uv {words[0]} {words[1]}" if words[0] == "pip" else f"$ uv {words[0]}")
        said = b""
        with subprocess.Popen(
            [self._binary, *words, *self._ways], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, pass_fds=self.locks
        ) as process:
            for line in process.stderr or ():
                os.write(sys.stderr.fileno(), line)
                said = (said + line)[-_MOST_SAID:]
        if process.returncode != 0 and self._goes_without_index(said):
            self.run(*words)
        elif process.returncode != 0:
            raise _failure(process.returncode, "The environment could not be built: see the lines above.", said)

    def ask(self, *words: str) -> str:
        """What it prints; what it warns about concerns other interpreters than the job's, and is left out."""
        done = subprocess.run(
            [self._binary, *words, *self._ways], check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            pass_fds=self.locks,
        )  # fmt: skip
        if done.returncode != 0 and self._goes_without_index(done.stderr.encode()):
            return self.ask(*words)
        if done.returncode != 0:
            raise _failure(done.returncode, f"uv {words[0]} failed: {done.stderr.strip()}", done.stderr.encode())
        return done.stdout

    def _goes_without_index(self, said: bytes) -> bool:
        """Whether that failed since somebody did not answer, and is to be tried with the cache alone."""
        if self._ways or not _NOT_REACHED.search(said):
            return False
        direct = _DIRECT.search(said)
        self.unreached = f"the address of {direct['name'].decode()}" if direct else _INDEX
        say(f"{_capital(self.unreached)} did not answer: trying what the cache holds.")
        self._ways = ("--offline",)
        return True


def _failure(code: int, message: str, said: bytes) -> BuildFailed:
    if code < 0:
        return Killed(-code)
    if not said.strip():
        return BuildFailed(f"The environment could not be built: uv ended with exit code {code} and did not say why.")
    return BuildFailed(message, said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
