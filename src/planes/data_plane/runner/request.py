"""What a runner is asked to do: one JSON document, read from an inherited descriptor."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from planes.scrub import ScrubSettings, parse_settings, settings_document

BYTES_OF_A_FILE = 16 * 1024
"""So much of a disk there is for each of its files, as file systems are usually made."""


class Limits(NamedTuple):
    """Resource limits of a step; None leaves the system's.

    `open_files`, `file_size_bytes`, `address_space_bytes` and `memory_bytes` (what it may write to) are each process's.
    All processes of a run together have `processes` (threads count), `total_memory_bytes`, `processor_seconds`, and
    `disk_bytes` (what they add to the folders that they may change), and of what is free there when they start
    `disk_percent` at most.
    """

    open_files: int | None = 4096
    processes: int | None = None
    file_size_bytes: int | None = None
    address_space_bytes: int | None = None
    memory_bytes: int | None = None
    total_memory_bytes: int | None = None
    disk_bytes: int | None = None
    processor_seconds: int | None = None
    disk_percent: int | None = None

    @property
    def most_files(self) -> int | None:
        """How many files and folders all processes may add: a disk runs out of room for their names, too."""
        return self.disk_bytes // BYTES_OF_A_FILE if self.disk_bytes is not None else None


class Confinement(NamedTuple):
    """What the processes of a step may reach of the machine's files; all else is closed to them.

    What is in `read` may be read and run, what is in `write` also changed, devices in `use` read and written: absolute
    paths without links, each with all below it (one that is a link by then opens nothing). `temporary` is a folder of
    the job's that stands for `/tmp`. Where `is_required`, a system that lacks a part of this starts nothing.
    `is_strict`: inside `bubblewrap`, the path of that program, or None where there is none; then without a network
    unless it `has_network`.
    """

    read: tuple[str, ...]
    write: tuple[str, ...]
    use: tuple[str, ...] = ()
    temporary: str | None = None
    is_required: bool = False
    is_strict: bool = False
    bubblewrap: str | None = None
    has_network: bool = True


class Step(NamedTuple):
    """One process of a run, started when the step before it ended well.

    `source` is setup or user, `stage` build or run, as its lines say. `uid` and `gid` are None where the platform may
    not switch. The environment is the whole of it: nothing is inherited. `app_port` is where an app is to listen: it is
    met through the runner's forwarder then.
    """

    name: str
    source: str
    stage: str
    argv: tuple[str, ...]
    cwd: str
    environment: Mapping[str, str]
    uid: int | None = None
    gid: int | None = None
    limits: Limits = Limits()
    app_port: int | None = None
    confinement: Confinement | None = None


class Request(NamedTuple):
    """A run: its folder, its steps in order, its bounds, the values to scrub as (name, value), and other settings.

    The time limit is that of the user's step; each step of `setup` has `build_limit_seconds`.

    `claim` is the word of the claim on the folder that this request was made under: see `folders`.
    """

    run_id: str
    folder: str
    claim: str
    fence: int
    steps: tuple[Step, ...]
    time_limit_seconds: float
    build_limit_seconds: float
    grace_seconds: float
    max_log_bytes: int
    registered: tuple[tuple[str, str], ...]
    scrub: ScrubSettings | None = None


def render_request(request: Request) -> bytes:
    """The document for `parse_request`. It holds secrets: it goes through a descriptor, never to a file or argv."""
    document = request._asdict()
    document["steps"] = [step_document(step) for step in request.steps]
    document["scrub"] = settings_document(request.scrub) if request.scrub is not None else None
    return json.dumps(document).encode("ascii")


def render_ahead(registered: Sequence[tuple[str, str]]) -> bytes:
    """The line before a request by which a runner that stands by learns what to scrub. It holds secrets, as that."""
    return json.dumps(list(registered)).encode("ascii") + b"\n"


def parse_ahead(line: bytes) -> tuple[tuple[str, str], ...]:
    """Read such a line. Raises: ValueError."""
    return tuple((name, value) for name, value in json.loads(line))


def parse_request(content: bytes) -> Request:
    """Read a document. Raises: ValueError, KeyError or TypeError if it is not one."""
    document: dict[str, Any] = json.loads(content)
    document["steps"] = tuple(parse_step(step) for step in document["steps"])
    document["registered"] = tuple((name, value) for name, value in document["registered"])
    settings = document.get("scrub")
    document["scrub"] = parse_settings(settings) if settings is not None else None
    return Request(**document)


def step_document(step: Step) -> dict[str, Any]:
    """A step for `parse_step`, as JSON has it."""
    return {
        **step._asdict(),
        "environment": dict(step.environment),
        "limits": step.limits._asdict(),
        "confinement": step.confinement._asdict() if step.confinement is not None else None,
    }


def parse_step(step: dict[str, Any]) -> Step:
    """Read one step of a document."""
    step["argv"] = tuple(step["argv"])
    step["limits"] = Limits(**step["limits"])
    confinement: dict[str, Any] | None = step.get("confinement")
    if confinement is not None:
        for name in ("read", "write", "use"):
            confinement[name] = tuple(confinement[name])
        step["confinement"] = Confinement(**confinement)
    return Step(**step)
