"""Which sockets a platform listens on: the known ports, the kept ones, or free ones (Borders: 3).

A *keeper* has a plane's port without listening. Runners hold it too, so that no job takes the port of a plane that is
down: beside it only a socket of the same user that asks for a shared port (SO_REUSEPORT) may have the port, which is
the next plane's. Jobs are of another user, or may not ask (`containment.calls`).
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from planes.data_plane.runner.containment import calls
from planes.domain.errors import Conflict, InvalidRequest
from planes.host.joining import BAD_OPTIONS
from planes.server.listening import listen_tcp
from planes.wire.addresses import LAST_PORT

KNOWN_PORTS = {"control": 8400, "us1": 8401, "eu1": 8402}
# Of another region, which is alone on its machine.
OTHER_PORT = 8403
# Names below localhost mean both: browsers try ::1 first, and who listened there would get what is sent to a plane.
_OTHER_LOOPBACK = {"127.0.0.1": "::1", "0.0.0.0": "::1", "::1": "127.0.0.1"}  # noqa: S104 - nothing is bound here
_TRIES = 10


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

    Raises: Conflict naming the port and who has it, InvalidRequest for a host or a port that this machine has not.
    """
    wanted = {part: wanted_port(number, part, plan, kept) for number, part in enumerate(parts)}
    if any(not 0 <= port <= LAST_PORT for port in wanted.values()):
        row = f", as {len(parts)} in a row are taken" if len(parts) > 1 else ""
        raise InvalidRequest(BAD_OPTIONS, f"--port takes 0 to {LAST_PORT + 1 - len(parts)}{row}.")
    opened: dict[str, socket.socket] = {}
    try:
        for part, port in wanted.items():
            opened[part] = _open(plan, port)
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


def keep_ports(listeners: Iterable[socket.socket]) -> list[socket.socket]:
    """A keeper of each port, at the listener's address and at the other one of loopback.

    Raises: Conflict when somebody has a port at that other address.
    """
    with ExitStack() as stack:
        keepers = [stack.enter_context(keeper) for listener in listeners for keeper in _keepers(listener)]
        stack.pop_all()
        return keepers


def _keepers(listener: socket.socket) -> list[socket.socket]:
    if not _shares_with_nobody():
        return []
    address, port = listener.getsockname()[:2]
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keepers: list[socket.socket] = []
    with suppress(OSError):  # a system where that is not possible does without
        keepers.append(_keeper(address, port))
    other = _OTHER_LOOPBACK.get(address)
    try:
        if other is not None:
            keepers.append(_keeper(other, port))
    except OSError as exc:
        if exc.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:  # a machine without IPv6
            for keeper in keepers:
                keeper.close()
            raise Conflict("port_taken", f"Port {port} on {other} is taken or not allowed: {exc.strerror}.") from exc
    return keepers


def _shares_with_nobody() -> bool:
    """Whether a socket that allows a shared port has it alone: where jobs are this user's and may ask for one, not."""
    return sys.platform == "linux" and (os.geteuid() == 0 or calls.can_refuse())


def _keeper(address: str, port: int) -> socket.socket:
    keeper = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        keeper.bind((address, port))
    except OSError:
        keeper.close()
        raise
    return keeper


def _open(plan: PortPlan, port: int) -> socket.socket:
    try:
        return _listen(plan.host, port)
    except InvalidRequest as exc:
        raise InvalidRequest(
            BAD_OPTIONS,
            f"This machine cannot listen at {exc.detail} --host takes an address of this machine, --port a port that "
            "you may use.",
        ) from exc
    except Conflict as exc:
        if plan.may_move and port != 0:
            return _listen(plan.host, 0)
        raise Conflict(exc.code, f"{_whose(port)}, or choose another: --port PORT (0 takes free ones).") from exc


def _listen(host: str, port: int) -> socket.socket:
    """Raises: Conflict."""
    tries = 1 if port else _TRIES
    while True:
        tries -= 1
        listener = _listen_once(host, port)
        try:
            for keeper in keep_ports([listener]):  # a look whether they can be had, while another port may be taken
                keeper.close()
        except Conflict:
            listener.close()
            if not tries:
                raise
        else:
            return listener


def _listen_once(host: str, port: int) -> socket.socket:
    """Where nobody listens on a port that is taken, runs that go on may keep it for us. Raises: Conflict."""
    try:
        return listen_tcp(host, port)
    except Conflict:
        if not _shares_with_nobody() or port == 0 or _listening_inodes(port):
            raise
        return listen_tcp(host, port, beside_keepers=True)


def _whose(port: int) -> str:
    """Who has the port, and what is to be done about that."""
    if sys.platform == "linux" and not _listening_inodes(port):
        return f"Port {port} is kept, by runs of another user's platform as it seems. Let them end"
    owner = _owner_of(port)
    return f"Port {port} is taken{f' by {owner}' if owner else ''}. Stop that"


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
