"""The log of a run as a page of the region: who gets in, and what they see."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from tests.fakes.chromium import chromium, needs_chromium
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.tokens.opaque import new_secret

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(180)]
GOES_ON = (
    "import os, time\n"
    "print('first <b>line</b>', flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
    "print('password=' + 'orchard-gate-7', flush=True)\n"
)


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


def code_for(place: RunningRegion, **changes: object) -> str:
    """What the control plane would have given a signed-in browser."""
    code, region = new_secret(), place.region
    token = place.control.data_token(region.organization_id, region.workspace_id, Grant.READ, **changes)
    place.control.swap_codes[code] = token
    return code


async def test_a_code_opens_one_log_once(place: RunningRegion) -> None:
    lease, _ = await place.run("print('hello')\n")
    other, _ = await place.run("print('other')\n")
    client, path = place.region.client, f"/w/{place.region.workspace_id}/runs/{lease.run_id}"
    code = code_for(place)
    led = await client.get(f"{path}?swap={code}")
    assert (led.status_code, led.headers["location"]) == (303, path)

    page = await client.get(path)
    lines = (await client.get(f"{path}/-lines?from_line=0")).json()

    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert place.control.url not in page.text + page.headers["content-security-policy"]
    assert "hello" in [line["content"] for line in lines["lines"]]
    assert lines["is_sealed"] is True
    cookie = client.cookies["planes_log"]
    elsewhere = f"/w/{place.region.workspace_id}/runs/{other.run_id}"
    for address in (elsewhere, f"{elsewhere}/-lines", f"/w/{new_id()}/runs/{lease.run_id}"):
        answer = await client.get(address, headers={"cookie": f"planes_log={cookie}"})
        assert answer.status_code == 401, address
    client.cookies.clear()
    again = await client.get(f"{path}?swap={code}", headers={"accept": "text/html"})
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)
    assert (await client.get(f"{path}/-lines")).status_code == 401


@needs_chromium
async def test_a_browser_follows_a_log_and_asks_nobody_else(place: RunningRegion) -> None:
    lease = await place.lease(GOES_ON)
    await place.control.wait_status(lease, "running")
    path = f"/w/{place.region.workspace_id}/runs/{lease.run_id}"
    async with chromium() as browser:
        page = await browser.page()
        await page.open(
            f"{place.region.client.base_url}{path}?swap={code_for(place, role='viewer')}".replace("//w", "/w")
        )
        await page.shows("first <b>line</b>")

        (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

        await page.shows("[masked]")
        await page.shows("complete")
        assert "orchard-gate-7" not in await page.text()
        assert page.stopped == []
        assert page.hosts() == {place.region.client.base_url.netloc.decode()}
    assert await place.control.wait_end(lease) == "completed"
