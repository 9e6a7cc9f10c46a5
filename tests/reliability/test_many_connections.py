"""R12: a region that may open few files, and more readers than it has room for: it goes on, and says so to the rest."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections import Counter
from urllib.parse import urlsplit

import anyio
import pytest
from tests.acceptance.killable import Killable, region_process
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import until
from tests.reliability.processes import processor_ticks_of
from tests.reliability.sizes import tell

from planes.domain.identifiers import new_id
from planes.wire.link import Lease

pytestmark = [
    pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow,
    pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit (util-linux) is not installed"),
]  # fmt: skip
DESCRIPTORS = 256
READERS = 500
QUIET_SECONDS = 3.0
PRINTS = """
import os, time
os.chdir(".dlt/data/prod")
number = 0
while not os.path.exists("enough"):
    if os.path.exists(f"line-{number}"):
        print("line", number, flush=True)
        number += 1
    time.sleep(0.01)
"""


class Reader:
    """A connection that asks for the live log."""

    def __init__(self, region: Killable, lease: Lease) -> None:
        address = urlsplit(str(region.place.region.client.base_url))
        authorization = region.place.region.headers(role="owner")["authorization"]
        asked = f"GET {region.place.log_path(lease, 'log-stream')} HTTP/1.1\r\n"
        asked += f"host: {address.netloc}\r\nauthorization: {authorization}\r\n\r\n"
        self.got = b""
        self.is_over = False
        self.connection = socket.socket()
        self.connection.setblocking(False)
        self._address, self._asked = (address.hostname, address.port), asked.encode()
        self.connection.connect_ex(self._address)

    def look(self) -> None:
        """Takes what there is, and asks as soon as it can."""
        try:
            if self._asked:
                self.connection.sendall(self._asked)
                self._asked = b""
            while piece := self.connection.recv(1 << 16):
                self.got += piece
            self.is_over = True
        except BlockingIOError:
            return
        except OSError:  # refused at the door
            self.is_over = True

    @property
    def status(self) -> str:
        return self.got[9:12].decode() or ("closed" if self.is_over else "")


async def test_readers_beyond_the_room_are_refused_and_the_others_miss_nothing() -> None:
    with open_folder("region-") as folder:
        limited = ("prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
        async with (
            LeasingControlPlane().serving() as control,
            region_process(folder / "eu1", control, new_id(), new_id(), started_by=limited) as region,
        ):
            lease = await region.place.lease(PRINTS)
            await control.wait_status(lease, "running")
            gates = region.place.run_folder(lease).parents[1] / "data" / "prod"
            first = Reader(region, lease)
            await until(lambda: _looked([first]) and first.status == "200")
            (gates / "line-0").touch()

            readers = [Reader(region, lease) for _ in range(READERS)]
            try:
                await until(lambda: _looked(readers) and all(reader.status for reader in readers), seconds=240)
                seen = Counter(reader.status for reader in readers)
                busy = await _busy(region.process.pid)
                taken = len(os.listdir(f"/proc/{region.process.pid}/fd"))
                (gates / "line-1").touch()
                kept = [first, *(reader for reader in readers if reader.status == "200")]
                await until(lambda: _looked(kept) and all(b"line 1" in reader.got for reader in kept))
            finally:
                for reader in readers:
                    reader.connection.close()
            # With those gone there is room again, and the first one is where it was.
            late = Reader(region, lease)
            await until(lambda: _looked([late]) and late.status == "200")
            (gates / "line-2").touch()
            await until(lambda: _looked([first, late]) and all(b"line 2" in reader.got for reader in (first, late)))
            (gates / "enough").touch()
            assert await control.wait_end(lease) == "completed"
            second = await region.place.lease("print('done')")
            assert await control.wait_end(second) == "completed"
            for reader in (first, late):
                reader.connection.close()

    tell("R12 readers", f"{dict(seen)}, {taken} of {DESCRIPTORS} descriptors, {busy:.1%} of a core meanwhile")
    assert set(seen) == {"200", "503"}
    assert seen["200"] > 50
    assert seen["503"] > 0
    assert taken < DESCRIPTORS * 3 // 4
    assert busy <= 0.2
    assert b"too_many_connections" in next(reader.got for reader in readers if reader.status == "503")


def _looked(readers: list[Reader]) -> bool:
    for reader in readers:
        reader.look()
    return True


async def _busy(pid: int) -> float:
    """The share of a processor that it takes, over some seconds."""
    began, before = time.monotonic(), _processor_seconds(pid)
    await anyio.sleep(QUIET_SECONDS)
    return (_processor_seconds(pid) - before) / (time.monotonic() - began)


def _processor_seconds(pid: int) -> float:
    return processor_ticks_of(pid) / os.sysconf("SC_CLK_TCK")
