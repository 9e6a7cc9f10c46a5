"""Why a run ended that did not end well, in words that say what to do. Pure."""

import re
import signal
from typing import NamedTuple

from planes.data_plane.runner.request import Limits

OUT_OF_MEMORY, TOO_MANY_PROCESSES, OPEN_FILES = "out_of_memory", "too_many_processes", "open_files"
DISK_FULL, DISK_LIMIT, FILE_LIMIT, CPU_LIMIT = "disk_full", "disk_limit", "file_limit", "cpu_limit"
LIMIT_REASONS = frozenset({OUT_OF_MEMORY, TOO_MANY_PROCESSES, OPEN_FILES, DISK_FULL, DISK_LIMIT, FILE_LIMIT, CPU_LIMIT})
"""Reasons of outcomes, stable words: the run failed because something of the machine, or of its share, was used up."""

_MIB, _GIB = 1024**2, 1024**3
_SAID = (
    (OUT_OF_MEMORY, rb"\bMemoryError\b|std::bad_alloc|Cannot allocate memory|\[Errno 12\]|ArrowMemoryError"),
    (FILE_LIMIT, rb"File too large|\[Errno 27\]"),
    (DISK_FULL, rb"No space left on device|\[Errno 28\]|Disk quota exceeded|\[Errno 122\]"),
    (OPEN_FILES, rb"Too many open files|\[Errno 24\]"),
    (TOO_MANY_PROCESSES, rb"can't start new thread|Resource temporarily unavailable|Cannot fork|can't fork"),
)
_CLOSED_SOCKET = (
    "It asked for a socket that a job may not have: only internet sockets are open to it. Where that was "
    "multiprocessing's start method forkserver (the usual one from Python 3.14 on) or its Manager, "
    'choose multiprocessing.get_context("spawn"), or concurrent.futures with it.'
)
_STANDARD_INPUT = (
    "It asked for a line of standard input, which is empty here: nobody is there to answer a job. "
    "Take what it asks for from the configuration or a variable."
)
_NO_LAUNCHER = (
    "The dlt of this environment is too old for the platform: it cannot start a job of this kind. "
    "Let the workspace's requirements ask for the dlt that you deploy with, or a newer one, and deploy again."
)
_NO_PACKAGE = (
    "Its environment has the packages that the workspace's requirements name and what those need, nothing else. "
    "A client that finds no uv leaves out of them what is no plain name: lines of requirements.txt with -r, -c, -e, "
    "a path or hashes, and `dynamic` dependencies of a pyproject.toml. Name the package itself, or install uv where "
    "you deploy, and deploy again. A module of your own is missing where an ignore file leaves it out."
)
_NO_EXTRA = (
    "Its environment lacks what dlt names above. Installing it beside the job helps nothing: let the workspace's "
    "requirements (pyproject.toml or requirements.txt) ask for it, where they say dlt[...] with that extra, "
    "and deploy again."
)
_NO_PLAYGROUND = (
    "The destination `playground` is a store that the hosted platform keeps; there is none here. Say where its data "
    "goes: [destination.playground] with a destination_type in the .dlt/<profile>.config.toml of the run's profile "
    "(duckdb, whose file outlives the run here, or filesystem with a bucket_url), and deploy again."
)
_NO_NAME = (
    "It asked for the name of the user it runs as, which has none on the region's machine. "
    "Set the variable LOGNAME: getpass.getuser() takes that."
)
_ASKED_FOR = (
    (re.compile(rb"Address family not supported by protocol|\[Errno 97\]"), _CLOSED_SOCKET),
    (
        re.compile(rb"EOFError: EOF when reading a line|/getpass\.py\", line \d+, in _raw_input\n    raise EOFError"),
        _STANDARD_INPUT,
    ),
    (re.compile(rb"(specification for '|No module named )dlt\._workspace\.deployment\.launchers"), _NO_LAUNCHER),
    (re.compile(rb"\nModuleNotFoundError: No module named '[^\n]*\s*\Z"), _NO_PACKAGE),
    (
        re.compile(
            rb"\nYou must install additional dependencies to run `(?:[^\n]*\n(?!Traceback |During )){0,20}[^\n]*\Z"
        ),
        _NO_EXTRA,
    ),
    (re.compile(rb"\bdlt also tried to resolve 'playground' as a standard destination"), _NO_PLAYGROUND),
    (re.compile(rb"\nKeyError: 'getpwuid\(\): uid not found: [0-9]+'\s*\Z"), _NO_NAME),
)
"""What fails on every run of a job because a job has none of it, and what to do instead."""

_CHILD_KILLED = 128 + signal.SIGKILL  # as shells and the builder of environments say it of what they started
_PATTERNS = tuple((reason, re.compile(pattern)) for reason, pattern in _SAID)


_CRASHES = {
    signal.SIGSEGV: "it touched memory that is not its own",
    signal.SIGBUS: "it touched memory that is not there, such as a mapped file that was cut or had no room",
    signal.SIGILL: "it has an instruction that this processor does not know",
    signal.SIGFPE: "it computed what cannot be, such as a division by zero",
    signal.SIGABRT: "it gave up by itself, mostly with a word on standard error",
    signal.SIGSYS: "it asked the system for what a job may not",
}


class Evidence(NamedTuple):
    """What is known of a step's end. `said` are the last bytes of its stderr, scrubbed.

    `memory_kills` and `refused_processes` count those of its own group, `machine_kills` the kernel's on this machine
    while it ran. `is_user`: it is the job's own program, not what was prepared for it.
    """

    exit_code: int | None
    signal: int | None
    said: bytes = b""
    memory_kills: int = 0
    machine_kills: int = 0
    refused_processes: int = 0
    is_user: bool = True


class Reason(NamedTuple):
    """A stable word, and a sentence or two for the person whose job it is."""

    word: str
    text: str


def find_reason(evidence: Evidence, limits: Limits) -> Reason | None:
    """What was used up, or how a step ended that did not say why. The kernel's counts go before what the job says."""
    if evidence.memory_kills:
        return of_memory(limits)
    if evidence.machine_kills and (evidence.signal == signal.SIGKILL or evidence.exit_code == _CHILD_KILLED):
        return Reason(
            OUT_OF_MEMORY,
            "Out of memory: the machine had none left, and the system ended this run's process. "
            "Run fewer jobs at a time on this region, load in smaller pieces, or give the machine more memory.",
        )
    if evidence.signal == signal.SIGKILL and not evidence.is_user:
        return Reason(
            "signal",
            "Killed (signal 9) before the job's own code began: by somebody on the machine, or by its system for want "
            "of memory, which its system log says. Start the run again, it goes on with what is downloaded.",
        )
    if evidence.signal == signal.SIGKILL:
        return Reason(
            "signal",
            "Killed (signal 9), and not for a limit of this run: by the job itself or what it started, by somebody on "
            "the machine, or by its system for want of memory. Its system log says the last.",
        )
    if evidence.signal is not None and evidence.signal in _CRASHES:
        return _crashed(signal.Signals(evidence.signal))
    if evidence.signal == signal.SIGXCPU:
        return of_processor(limits)
    if evidence.signal == signal.SIGXFSZ:
        return _of_file(limits)
    for word, pattern in _PATTERNS:
        if pattern.search(evidence.said):
            return _said(word, limits)
    return of_processes(limits) if evidence.refused_processes else _of_exit(evidence)


def of_memory(limits: Limits) -> Reason:
    """More than the run's share."""
    most = f" ({_mebibytes(limits.total_memory_bytes)})" if limits.total_memory_bytes is not None else ""
    return Reason(
        OUT_OF_MEMORY,
        f"Out of memory: the run's processes wanted more than they may have together{most}. "
        "Load in smaller pieces (smaller chunks, fewer workers), or raise DLTHUB_TUI_RUN_MEMORY_MB of this region.",
    )


def of_processes(limits: Limits) -> Reason:
    """More processes and threads than the run may have."""
    return Reason(
        TOO_MANY_PROCESSES,
        f"Too many processes: the run may have {_count(limits.processes)} processes and threads at a time. "
        "Start fewer workers, look for a loop that starts processes without end, "
        "or raise DLTHUB_TUI_RUN_PROCESSES of this region.",
    )


def of_left_processes(count: int, seconds: float) -> str:
    """What keeps a run from its end although its program has ended."""
    those = "1 process that it started goes" if count == 1 else f"{_count(count)} processes that it started go"
    return (
        f"The job's program has ended, and {those} on: asked to end, and killed in {seconds:.0f} s. "
        "Nothing outlives a run: let the program wait for what it starts."
    )


def of_grace(seconds: float) -> str:
    """What becomes of a program that was told to stop."""
    return (
        f"Asked to end, and killed in {seconds:g} s if it has not: code of dlt looks whether it was asked, "
        "a loop of your own goes on until then. The grace_period of the job's `execute` timeout sets how long."
    )


def of_fork_wait(seconds: float) -> str:
    """What may keep a job from going on that waits for a process it forked."""
    return (
        f"For {seconds:.0f} s the job has waited for a process that it forked, and neither did anything. "
        "If that is a pool which is to end (`multiprocessing.Pool()`): its workers may never, since they inherit from "
        "dlt's launcher that SIGTERM is only noted. Give it back to them: "
        "Pool(initializer=signal.signal, initargs=(signal.SIGTERM, signal.SIG_DFL)); or use `concurrent.futures`."
    )


def of_disk(limits: Limits) -> Reason:
    """More room on the disk than the run may take; with `disk_percent` because little was free when it began."""
    most, advice = _mebibytes(limits.disk_bytes), "Remove what is loaded already, load in smaller pieces, or raise"
    if limits.disk_percent is not None:
        most += f", {limits.disk_percent} % of what was free when it began"
        advice = "Make room there (dlthub-tui admin gc removes what is old), load in smaller pieces, or set"
    return Reason(
        DISK_LIMIT,
        f"Too much disk: the run added more than it may ({most}) to its folders. "
        f"{advice} DLTHUB_TUI_RUN_DISK_MB of this region.",
    )


def of_files(most: int | None) -> Reason:
    """More files than go with that room."""
    return Reason(
        DISK_LIMIT,
        f"Too many files: the run added more than it may ({_count(most)}) to its folders. "
        "Remove what is loaded already, write fewer and larger files, or raise DLTHUB_TUI_RUN_DISK_MB of this region: "
        "there may be one for each 16 KiB of it.",
    )


def of_processor(limits: Limits) -> Reason:
    """More processor time than the run may have."""
    return Reason(
        CPU_LIMIT,
        f"Too much processor time: the run may have {_count(limits.processor_seconds)} seconds. "
        "Do less in one run, or raise DLTHUB_TUI_RUN_CPU_SECONDS of this region.",
    )


def _crashed(ended_by: signal.Signals) -> Reason:
    return Reason(
        "signal",
        f"Crashed (signal {ended_by.value}, {ended_by.name}): native code, not Python, ended the program; "
        f"{_CRASHES[ended_by]}. Look for the package that was last changed, try another version of it, "
        "or start the job with PYTHONFAULTHANDLER=1 as a variable: then Python says where it was.",
    )


def _of_exit(evidence: Evidence) -> Reason | None:
    """Who fails with exit code 1 and a word on standard error, such as a traceback, has said why; so has a build."""
    if evidence.signal is not None:
        name = signal.Signals(evidence.signal).name if evidence.signal in set(signal.Signals) else "no name"
        return Reason(
            "signal",
            f"Ended by signal {evidence.signal} ({name}), and not by this platform: "
            "by the job itself or what it started, or by somebody on the machine.",
        )
    for pattern, text in _ASKED_FOR if evidence.is_user else ():
        if pattern.search(evidence.said):
            return Reason("exit_code", text)
    has_said = bool(evidence.said.strip())
    if has_said and (evidence.exit_code == 1 or not evidence.is_user):
        return None
    if evidence.exit_code == 1:
        return Reason("exit_code", "Ended with exit code 1, and did not say why.")
    return Reason("exit_code", f"Ended with exit code {evidence.exit_code}.")


def _of_file(limits: Limits) -> Reason:
    most = f" ({_mebibytes(limits.file_size_bytes)})" if limits.file_size_bytes is not None else ""
    return Reason(
        FILE_LIMIT,
        f"Too large a file: one grew to the most that a file of a run may have{most}. "
        "Write smaller files, or raise DLTHUB_TUI_RUN_DISK_MB of this region.",
    )


def _said(word: str, limits: Limits) -> Reason:
    if word == OUT_OF_MEMORY:
        return of_memory(limits)
    if word == FILE_LIMIT:
        return _of_file(limits)
    if word == TOO_MANY_PROCESSES:
        return of_processes(limits)
    if word == OPEN_FILES:
        return Reason(
            OPEN_FILES,
            f"Too many open files: each process of a run may have {_count(limits.open_files)} open. "
            "Close what is read already, open fewer connections at a time, "
            "or raise DLTHUB_TUI_RUN_OPEN_FILES of this region.",
        )
    return Reason(
        DISK_FULL,
        "Disk full: the run could not write because there is no room left, on the region's disk or in the run's "
        "/tmp. Make room there (dlthub-tui admin gc removes what is old), or write less.",
    )


def _mebibytes(count: int | None) -> str:
    if count is None:
        return "no limit"
    return f"{count / _GIB:,.1f} GiB" if count >= 10 * _GIB else f"{count // _MIB:,} MiB"


def _count(count: int | None) -> str:
    return f"{count:,}" if count is not None else "as many as the system lets"
