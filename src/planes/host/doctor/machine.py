"""The machine: interpreter, builder, and what contains a job."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from planes.data_plane.executor.environments.reach import Unreachable, builder_python, find_tools
from planes.data_plane.executor.limits import limits_of
from planes.data_plane.runner.containment.bubblewrap import find_bubblewrap
from planes.data_plane.runner.groups import MEMORY, PROCESSES, offered_controllers
from planes.data_plane.services.runs.run_containment import words_of
from planes.domain.run_limits import RunLimits
from planes.host.doctor.findings import Finding, State

_ASK_SECONDS = 20
_USUAL_LIMITS = RunLimits()
_BOUNDED = {MEMORY: "the memory", PROCESSES: "the number of processes"}


def examine_machine(
    job_uid: int, tool_copies: Path | None, limits: RunLimits = _USUAL_LIMITS, *, is_strict: bool = False
) -> Iterator[Finding]:
    """`job_uid` is one that jobs get where the platform is root, `tool_copies` where a region keeps its copy of `uv`.

    `limits` and `is_strict` are that region's. Blocking.
    """
    yield Finding(area="machine", subject="system", state=State.GOOD, detail=_system())
    uid = job_uid if os.geteuid() == 0 else None
    yield _user(uid)
    yield _interpreter(uid)
    yield _builder(uid, tool_copies)
    yield from _containment(uid, limits, is_strict=is_strict)


def _system() -> str:
    return f"Python {platform.python_version()}, {platform.system()} {platform.release()}, {os.cpu_count()} cores"


def _user(uid: int | None) -> Finding:
    if uid is not None:
        detail = f"each workspace's jobs run as a user of their own, from uid {uid} on; never as root"
        return Finding(area="containment", subject="own user", state=State.GOOD, detail=detail)
    return Finding(
        area="containment",
        subject="own user",
        state=State.WARNING,
        detail=f"jobs run as this user (uid {os.geteuid()}): what is below is all that keeps them from the home",
        advice="Run the platform as root: it then gives each workspace a user of its own.",
    )


def _interpreter(uid: int | None) -> Finding:
    subject = "interpreter"
    try:
        path = builder_python(uid, uid)
    except Unreachable as exc:
        return Finding(area="machine", subject=subject, state=State.BAD, detail=str(exc))
    return Finding(area="machine", subject=subject, state=State.GOOD, detail=f"jobs can run {path}")


def _builder(uid: int | None, copies: Path | None) -> Finding:
    try:
        tools = find_tools(uid, uid, copies if copies is not None and copies.exists() else None)
    except Unreachable as exc:
        if copies is not None and not copies.exists():
            detail = "uv is copied into the region with the first environment: the installed one is closed to jobs"
            return Finding(area="machine", subject="builder", state=State.GOOD, detail=detail)
        return Finding(area="machine", subject="builder", state=State.BAD, detail=str(exc))
    return Finding(area="machine", subject="builder", state=State.GOOD, detail=f"environments are built by {tools.uv}")


def _containment(uid: int | None, limits: RunLimits, *, is_strict: bool) -> Iterator[Finding]:
    is_linux = sys.platform == "linux"
    yield Finding(
        area="containment",
        subject="no new privileges",
        state=State.GOOD if is_linux else State.BAD,
        detail="set for every job" if is_linux else "this system has no such setting",
    )
    yield _floor(uid)
    yield _apps()
    yield _bubblewrap(uid, is_strict=is_strict)
    yield _limits(limits)


def _limits(limits: RunLimits) -> Finding:
    """What a run may take, and who keeps it to that."""
    by_kernel = [words for controller, words in _BOUNDED.items() if controller in offered_controllers()]
    if by_kernel:
        who = f"the kernel keeps {' and '.join(by_kernel)} of a run (control groups)"
    else:
        who = "each process is bounded by the system, the sum of a run's is looked at by its runner every second"
    detail = f"a run may take {words_of(limits_of(limits))}; {who}"
    return Finding(area="containment", subject="limits", state=State.GOOD, detail=detail)


def _floor(uid: int | None) -> Finding:
    """A step is started as jobs are, in a process of its own, and says what it had to do without."""
    return _tried(
        "reach of jobs",
        _gaps(uid),
        good="a job reaches its own files and processes only (Landlock, seccomp, namespaces)",
        advice="Run code of your own only, or use a Linux kernel from 6.12 on that allows namespaces.",
    )


def _tried(subject: str, gaps: list[str], *, good: str, advice: str) -> Finding:
    """What a trial has found; the advice is for where something is missing."""
    return Finding(
        area="containment",
        subject=subject,
        state=State.WARNING if gaps else State.GOOD,
        detail="; ".join(gaps) or good,
        advice=advice if gaps else None,
    )


def _gaps(uid: int | None, *words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-m", "planes.data_plane.runner.trial", str(uid or 0), *words],
        check=False, capture_output=True, text=True, timeout=_ASK_SECONDS,
    )  # fmt: skip
    return json.loads(done.stdout) if done.returncode == 0 else ["it could not be tried"]


def _bubblewrap(uid: int | None, *, is_strict: bool) -> Finding:
    """The strict level: tried where a region asks for it."""
    found = find_bubblewrap()
    if not is_strict:
        detail = f"there ({found}), not asked for" if found else "not on this machine, or too old; not asked for"
        return Finding(area="containment", subject="bubblewrap", state=State.OFF, detail=detail)
    return _tried(
        "bubblewrap",
        _gaps(uid, "strict"),
        good="jobs and builds run inside it: nothing of the machine is there but their own",
        advice="Install bubblewrap 0.11 or later where users may have namespaces; until then the floor holds.",
    )


def _apps() -> Finding:
    """Asked in a process of its own, which the question changes."""
    done = subprocess.run(
        [sys.executable, "-I", "-m", "planes.data_plane.runner.app_network"],
        check=False, capture_output=True, text=True, timeout=_ASK_SECONDS,
    )  # fmt: skip
    gap = done.stdout if done.returncode == 0 else "it could not be tried"
    return Finding(
        area="containment",
        subject="apps",
        state=State.WARNING if gap else State.GOOD,
        detail=gap or "they listen in a network of their own, which only the gateway reaches",
        advice="Run interactive jobs only where nobody else can reach this machine." if gap else None,
    )
