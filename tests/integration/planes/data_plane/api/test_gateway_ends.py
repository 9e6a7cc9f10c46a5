"""How apps end that nobody has cancelled: unused, after their longest time, by themselves."""

from __future__ import annotations

import anyio
import pytest
from tests.fakes.apps import app_definition, browser
from tests.integration.planes.data_plane.api.test_gateway import OpenApp, ask_to_open, region_of_apps, start
from tests.integration.planes.data_plane.running_region import RunningRegion
from websockets.exceptions import ConnectionClosed

from planes.domain.identifiers import new_id
from planes.wire.link import Lease, PublicLinkResponse

pytestmark = [pytest.mark.anyio]
IDLE_SAID = "nobody has used this app for a while: stopping"


async def page_of_run(place: RunningRegion, lease: Lease) -> str:
    """The run's page, as its owner sees it."""
    code = place.control.swap_code(lease.organization_id, lease.workspace_id, role="owner")
    async with browser(place.control.dataplane_url, follow_redirects=True) as reader:
        return (await reader.get(f"/w/{lease.workspace_id}/runs/{lease.run_id}", params={"swap": code})).text


async def test_unused_app_is_stopped() -> None:
    async with region_of_apps(app_idle_seconds=0.5) as place:
        control = place.control
        lease = await start(place)
        outcome = await control.wait_end(lease)
        lines = await place.lines(lease, "setup")
        shown = await page_of_run(place, lease)

    assert control.statuses[lease.run_id] == ["starting", "running", "cancelled"]
    assert outcome == "cancelled"
    # the released command line shows these lines, and hides the runner's
    assert IDLE_SAID in lines
    assert "nobody had used it" in shown


async def test_app_that_is_looked_at_is_not_idle_but_its_longest_time_ends_it() -> None:
    async with region_of_apps(app_idle_seconds=2) as place:
        control = place.control
        lease = await start(place, time_limit_seconds=12, grace_seconds=1)
        await control.wait_status(lease, "running")
        opened = (await ask_to_open(place, lease)).json()
        async with browser(opened["origin"], follow_redirects=True) as client:
            await client.get(opened["url"])
            app = OpenApp(place=place, lease=lease, host=opened["origin"].removeprefix("http://"), browser=client)
            async with await app.socket(origin=app.origin) as socket:
                await socket.recv()
                with anyio.fail_after(240), pytest.raises(ConnectionClosed):
                    await socket.recv()  # nothing is said, and the app stays, until its time is over
            assert await control.wait_end(lease) == "cancelled", "it has served its time: nothing of it failed"
            after = await client.get("/", headers={"accept": "text/html"})
            told = await client.get("/", headers={"accept": "application/json"})
        lines = await place.lines(lease, "setup")
        shown = await page_of_run(place, lease)

    assert "time limit of 12 s reached: stopping; the job's `idle_timeout`, or `execute` timeout, sets it" in lines
    assert IDLE_SAID not in lines
    assert "it had run for as long as its job allows" in shown
    assert (after.status_code, told.status_code) == (404, 404)
    why = f"is not running: its run {lease.number} was cancelled: it had run for as long as its job allows."
    assert why in after.text
    assert why in told.json()["detail"]
    assert (
        f'href="{place.region.plane.services.parts.control_plane_url}/w/{lease.workspace_id}/runs/{lease.run_id}"'
        in after.text
    )


async def test_app_that_never_answers_fails_when_its_time_is_over() -> None:
    async with region_of_apps() as place:
        lease = await start(place, files={"slow": b""}, time_limit_seconds=3, grace_seconds=1)
        assert await place.control.wait_end(lease) == "failed"
        lines = await place.lines(lease, "setup")

    assert any(line.startswith("time limit of 3 s reached") for line in lines)


async def test_job_that_says_how_long_it_stays_is_not_stopped_for_idling() -> None:
    async with region_of_apps(app_idle_seconds=0.2) as place:
        control = place.control
        definition = app_definition(execute={"timeout": {"timeout": 6}})
        lease = await start(place, definition=definition, time_limit_seconds=6, grace_seconds=1)
        assert await control.wait_end(lease) == "cancelled"
        lines = await place.lines(lease, None)

    assert "time limit of 6 s reached: stopping; the job's `idle_timeout`, or `execute` timeout, sets it" in lines
    assert IDLE_SAID not in lines


async def test_app_that_ends_before_it_answered_has_failed() -> None:
    """The released `dlthub serve` waits for `running` and for failures, and would wait for ever (Contract: 4.2)."""
    async with region_of_apps() as place:
        lease = await start(place, files={"ends": b""})
        assert await place.control.wait_end(lease) == "failed"
        lines = await place.lines(lease, "setup")

    assert "this app has ended by itself" in lines


async def test_visitor_by_a_public_address_is_not_told_how_the_app_ended() -> None:
    async with region_of_apps() as place:
        control = place.control
        lease = await start(place)
        await control.wait_status(lease, "running")
        secret = new_id()
        control.public_links[secret] = PublicLinkResponse(
            organization_id=lease.organization_id, workspace_id=lease.workspace_id, job_id=lease.job_id, epoch=0
        )
        async with browser(control.dataplane_url, follow_redirects=True) as client:
            opened = await client.get(f"/public/{secret}")
            control.cancel(lease)
            await control.wait_end(lease)
            after = await client.get(str(opened.url), headers={"accept": "text/html"})

    assert (opened.status_code, after.status_code) == (200, 404)
    assert "This app is not running." in after.text
    assert lease.job_ref not in after.text
    assert lease.workspace_id not in after.text
