"""`serve`: the planes without the terminal app."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dlthub_tui.embed.handover import Handover, received_handover, socket_from

_LONGEST_TOKEN = 128
_OBJECTS_OF_A_START = 1_000_000
"""What starting makes stays: to look through it for what could go, again and again, takes a tenth of its time."""

if TYPE_CHECKING:
    from planes.host.platform import Inherited


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeRequest:
    """What `serve` was asked for, in plain values."""

    home: Path
    version: str
    part: str = "all"
    host: str = "127.0.0.1"
    port: int | None = None
    insecure: bool = False
    public_url: str | None = None
    region: str | None = None
    control_plane: str | None = None
    join_token_file: Path | None = None
    log_level: str = "info"


class CannotStart(Exception):
    """The platform cannot start as asked; the text says why and what to do."""


class WrongOptions(CannotStart):
    """What was asked for is not enough, or contradicts what the home knows."""


class Overtaken(CannotStart):
    """Another process took the home a moment before; its platform can be used once it is ready."""


def serve(request: ServeRequest) -> None:
    """Serves until SIGTERM or SIGINT; prints one JSON line when ready.

    Raises: CannotStart.
    """
    handover = received_handover(os.environ)
    often = gc.get_threshold()
    gc.set_threshold(_OBJECTS_OF_A_START)

    with _plain_lines():
        from planes.host import platform
        from planes.host.building import PlatformOptions
        from planes.host.home import Home, PlatformRecord

    try:
        home = Home(request.home)
    except OSError as exc:
        raise CannotStart(
            f"{exc.filename or request.home}: {exc.strerror}. Choose another home: --home FOLDER."
        ) from exc
    options = PlatformOptions(
        home=home,
        version=request.version,
        part=request.part,
        host=request.host,
        port=request.port,
        insecure=request.insecure,
        public_url=request.public_url,
        dataplane_id=request.region,
        control_plane_url=request.control_plane,
        join_token=_read_join_token(request.join_token_file),
        log_level=request.log_level,
    )

    def announce(record: PlatformRecord) -> None:
        gc.freeze()
        gc.set_threshold(*often)
        sys.stdout.write(record.ready_line() + "\n")
        sys.stdout.flush()

    inherited = _inherited(handover) if handover else None
    try:
        platform.serve_until_signalled(options, announce, inherited)
    except platform.WrongOptions as exc:
        raise WrongOptions(str(exc)) from exc
    except platform.HostCannotStart as exc:
        raise CannotStart(str(exc)) from exc


@contextmanager
def _plain_lines() -> Generator[None]:
    """The logging and HTTP libraries take rich where they find it, for people: 3 MB that a server never writes with."""
    if "rich" in sys.modules:
        yield
        return
    sys.modules["rich"] = None  # pyright: ignore[reportArgumentType] - Python's way to say that it is not there
    try:
        yield
    finally:
        del sys.modules["rich"]


def _inherited(handover: Handover) -> Inherited:
    from planes.host.platform import Inherited

    return Inherited(
        lock=handover.lock,
        listeners={part: socket_from(descriptor) for part, descriptor in handover.listeners.items()},
        unix=socket_from(handover.unix) if handover.unix is not None else None,
        unix_path=handover.unix_path,
    )


def _read_join_token(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        words = path.read_text(encoding="ascii").split()
    except OSError as exc:
        raise CannotStart(f"{path} cannot be read: {exc.strerror}.") from exc
    except UnicodeDecodeError:
        words = []
    if len(words) != 1 or len(words[0]) > _LONGEST_TOKEN:
        raise CannotStart(
            f"{path} must hold a join token and nothing else: "
            f"dlthub-tui admin data-plane add REGION --place PLACE --output {path.name}"
        )
    return words[0]
