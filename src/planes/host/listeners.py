"""Which sockets a platform listens on: the known ports, the kept ones, or free ones (Borders: 3)."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planes.domain.errors import Conflict
from planes.server.listening import listen_tcp

KNOWN_PORTS = {"control": 8400, "us1": 8401, "eu1": 8402}
# Of another region, which is alone on its machine.
OTHER_PORT = 8403


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """How ports are chosen.

    `first` is the port of the first part (`--port P` gives P, P+1, P+2); 0 takes free ones; None takes the kept or the
    known ones. `may_move`: take a free one where the wanted one is taken, as an embedded platform does.
    """

    host: str
    first: int | None
    may_move: bool = False


def open_listeners(parts: Sequence[str], plan: PortPlan, kept: Mapping[str, int]) -> dict[str, socket.socket]:
    """One listening socket for each part, in the order of `parts`.

    Raises: Conflict naming the port and who has it.
    """
    opened: dict[str, socket.socket] = {}
    try:
        for number, part in enumerate(parts):
            opened[part] = _open(plan, wanted_port(number, part, plan, kept))
    except BaseException:
        for listener in opened.values():
            listener.close()
        raise
    return opened


def port_of(listener: socket.socket) -> int:
    """The port that a socket listens on."""
    return listener.getsockname()[1]


def wanted_port(number: int, part: str, plan: PortPlan, kept: Mapping[str, int]) -> int:
    """The port of the part with this number: as asked for, as at the last start, or the usual one."""
    if plan.first == 0:
        return 0
    if plan.first is not None:
        return plan.first + number
    return kept.get(part, KNOWN_PORTS.get(part, OTHER_PORT))


def _open(plan: PortPlan, port: int) -> socket.socket:
    try:
        return listen_tcp(plan.host, port)
    except Conflict as exc:
        if plan.may_move and port != 0:
            return listen_tcp(plan.host, 0)
        owner = _owner_of(port)
        whose = f" by {owner}" if owner else ""
        raise Conflict(
            exc.code, f"Port {port} is taken{whose}. Stop that, or choose another: --port PORT (0 takes free ones)."
        ) from exc


def _owner_of(port: int) -> str | None:
    """Name and number of the process that listens on the port, as far as this user may see it."""
    inodes = _listening_inodes(port)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if any(
                str(link.readlink()).removeprefix("socket:[").rstrip("]") in inodes for link in (entry / "fd").iterdir()
            ):
                name = (entry / "comm").read_text(encoding="utf-8", errors="replace").strip()
                return f"{name} (process {entry.name})"
        except OSError:
            continue
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            columns = row.split()
            if columns[3] == "0A" and int(columns[1].rpartition(":")[2], 16) == port:
                inodes.add(columns[9])
    return inodes
