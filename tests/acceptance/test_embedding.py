"""Planes inside another process: start, attach, stop, and handing over to a process of their own."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
import pytest

from dlthub_tui.embed.embedded import EmbeddedPlatform, Platform
from dlthub_tui.embed.finding import find_platform
from dlthub_tui.embed.serving import CannotStart
from planes.control_plane import app as control_plane
from planes.host.home import Home

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.anyio]


@pytest.fixture
def home() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="dlthub-tui-test-") as folder:
        yield Path(folder) / "home"


def quiet(_sentence: str) -> None:
    """What is being done is of no interest here."""


async def test_embedded_planes_answer_and_end_with_their_owner(home: Path) -> None:
    planes = EmbeddedPlatform(home, lambda: "1", port=0)
    platform = await planes.start(quiet)
    async with httpx.AsyncClient(timeout=240) as client:
        document = (await client.get(f"{platform.control_plane_url}/openapi.json", timeout=240)).json()

    assert platform.is_embedded
    assert document["paths"]
    assert find_platform(home) is not None
    await planes.leave(keep_running=False)
    assert find_platform(home) is None


async def test_a_second_app_attaches_to_the_first_one_s_planes(home: Path) -> None:
    first, second = EmbeddedPlatform(home, lambda: "1", port=0), EmbeddedPlatform(home, lambda: "1", port=0)
    started = await first.start(quiet)
    attached = await second.start(quiet)

    assert not attached.is_embedded
    assert attached.control_plane_url == started.control_plane_url
    await second.leave(keep_running=False)
    assert find_platform(home) is not None
    await first.leave(keep_running=False)


async def test_apps_opened_at_the_same_moment_share_one_platform(home: Path) -> None:
    apps = [EmbeddedPlatform(home, lambda: "1", port=0) for _ in range(2)]
    both_start = threading.Barrier(2, timeout=240)
    found: list[Platform] = []

    def report(sentence: str) -> None:
        if sentence == "Starting the planes.":
            both_start.wait()

    async def start(app: EmbeddedPlatform) -> None:
        found.append(await app.start(report))

    home.mkdir()
    try:
        async with anyio.create_task_group() as group:
            for app in apps:
                group.start_soon(start, app)
    finally:
        with anyio.CancelScope(shield=True):
            for app in apps:
                await app.leave(keep_running=False)

    assert sorted(each.is_embedded for each in found) == [False, True]
    assert found[0].control_plane_url == found[1].control_plane_url


async def test_an_app_opened_while_another_starts_waits_for_its_planes(home: Path) -> None:
    first, second = EmbeddedPlatform(home, lambda: "1", port=0), EmbeddedPlatform(home, lambda: "1", port=0)
    said: list[str] = []
    attached: list[Platform] = []

    async def attach() -> None:
        with anyio.fail_after(240):
            while not Home(home).is_held():
                await anyio.sleep(0.001)
        attached.append(await second.start(said.append))

    home.mkdir()
    async with anyio.create_task_group() as group:
        group.start_soon(attach)
        attached.append(await first.start(quiet))

    assert said == [
        "Another process is starting this home's platform, or ending it. Waiting for it.",
        "Attached to the platform that runs for this home.",
    ]
    assert {platform.is_embedded: platform.control_plane_url for platform in attached} == {
        True: attached[0].control_plane_url,
        False: attached[0].control_plane_url,
    }
    await first.leave(keep_running=False)


async def test_handing_over_keeps_address_and_waiting_clients(home: Path) -> None:
    planes = EmbeddedPlatform(home, lambda: "1", port=0)
    platform = await planes.start(quiet)
    answers: list[int] = []

    async def ask_all_the_time() -> None:
        # A new connection each time: it waits in the backlog while nobody accepts, and is never refused.
        while True:
            async with httpx.AsyncClient(timeout=240) as client:
                # A connection taken in the last moment may end before its question is read: any client asks again.
                with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                    answers.append((await client.get(f"{platform.control_plane_url}/openapi.json")).status_code)
            await anyio.sleep(0)

    async with anyio.create_task_group() as group:
        group.start_soon(ask_all_the_time)
        with anyio.fail_after(240):
            await planes.leave(keep_running=True)
            before = len(answers)
            while len(answers) < before + 3:
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    successor = find_platform(home)
    assert successor is not None
    try:
        assert successor.pid != os.getpid()
        assert successor.control_plane == platform.control_plane_url
        assert set(answers) == {200}
        assert successor.socket is not None
        transport = httpx.AsyncHTTPTransport(uds=successor.socket)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost", timeout=240) as client:
            assert (await client.get("/openapi.json", timeout=240)).status_code == 200
    finally:
        assert planes.successor is not None
        planes.successor.process.terminate()
        await anyio.to_thread.run_sync(planes.successor.process.wait)
    assert find_platform(home) is None


@pytest.mark.parametrize("other", ["/bin/false", "/bin/cat"], ids=["ended-before", "ends-when-told"])
async def test_planes_that_cannot_go_on_by_themselves_say_so(
    home: Path, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    planes = EmbeddedPlatform(home, lambda: "1", port=0)
    await planes.start(quiet)
    monkeypatch.setattr("dlthub_tui.embed.handover.sys.executable", other)

    await planes.leave(keep_running=True)

    assert planes.successor is None
    assert planes.failure is not None
    assert str(Home(home).log_file) in planes.failure
    assert find_platform(home) is None


async def test_a_platform_that_cannot_start_says_why(home: Path) -> None:
    home.mkdir(mode=0o700)
    (home / "control").write_text("in the way")

    with pytest.raises(CannotStart):
        await EmbeddedPlatform(home, lambda: "1", port=0).start(quiet)


async def test_planes_that_failed_are_left_and_say_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop of theirs dies of a defect: the app that holds them still ends, with their last words."""
    died = threading.Event()

    async def die(_parts: object) -> None:
        await anyio.to_thread.run_sync(died.wait)
        raise ValueError("of a defect")

    monkeypatch.setattr(control_plane, "LOOPS", (*control_plane.LOOPS, die))
    planes = EmbeddedPlatform(home, lambda: "1", port=0)
    await planes.start(quiet)
    died.set()
    with anyio.fail_after(240):
        while find_platform(home) is not None:
            await anyio.sleep(0.02)
    await planes.leave(keep_running=False)

    assert planes.failure is not None
    assert "A part of the platform failed" in planes.failure
