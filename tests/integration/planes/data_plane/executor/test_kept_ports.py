"""Runners keep the ports of planes that are down, however they were started."""

import errno
import socket
import sys

import anyio
import pytest
from tests.integration.planes.data_plane.executor.run_fixtures import place, runs_root
from tests.integration.planes.data_plane.executor.run_places import RunPlace, until

from planes.data_plane.executor.local import LocalExecutor
from planes.host.listeners import PortPlan, keep_ports, open_listeners, port_of

__all__ = ["place", "runs_root"]

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="ports are kept on Linux only")]


def _listen(port: int) -> int:
    """The error of who wants to listen there; 0 for none."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
            other.listen()
        except OSError as exc:
            return exc.errno or -1
    return 0


@pytest.mark.parametrize("use_server", [True, False])
async def test_a_port_is_kept_as_long_as_a_run_goes_on(place: RunPlace, use_server: bool) -> None:
    plane = open_listeners(["plane"], PortPlan(host="127.0.0.1", first=0), {})["plane"]
    port, keepers = port_of(plane), keep_ports([plane])
    kept = tuple(keeper.fileno() for keeper in keepers)
    async with LocalExecutor(use_server=use_server, kept_ports=kept) as executor:
        running = await executor.start(place.spec(place.shell("until test -e go; do sleep 0.02; done")), [])
        await running.wait_started()
    for held in (plane, *keepers):
        held.close()

    assert _listen(port) == errno.EADDRINUSE
    (place.work / "go").touch()
    with anyio.fail_after(240):
        assert (await running.wait()).outcome == "completed"
    await until(lambda: _listen(port) == 0)
