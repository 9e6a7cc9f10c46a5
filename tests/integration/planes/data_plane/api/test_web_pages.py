"""Pages of the region: who gets in, what they see of runs and pipelines, and that they ask nobody else."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.chromium import Page, chromium, needs_chromium
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import definition, open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.wire.link import Lease, PollResponse, Revocation, RevokedClaim

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
TRACES = Path(__file__).parents[1] / "traces"
GOES_ON = (
    "import os, time\n"
    "print('first <b>line</b>', flush=True)\n"
    "while not os.path.exists('.dlt/data/prod/go'): time.sleep(0.01)\n"
    "print('password=' + 'orchard-gate-7', flush=True)\n"
)
REPORTS = (
    "import os, sys, urllib.request\n"
    "for name in sorted(os.listdir('sent')):\n"
    "    address = os.environ['RUNTIME__DLTHUB_DSN'] + '/' + name.split('.')[1]\n"
    "    body = open('sent/' + name, 'rb').read()\n"
    "    urllib.request.urlopen(urllib.request.Request(address, body, method='PUT')).close()\n"
)
FAILS = (
    "def ask():\n"
    "    raise OSError('the <i>station</i> is away')\n"
    "try:\n"
    "    ask()\n"
    "except OSError as exc:\n"
    "    raise RuntimeError('no news of password=' + '-'.join(('orchard', 'gate', '7'))) from exc\n"
)


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    with open_folder("region-") as folder:
        async with LeasingControlPlane().serving() as control, running_region(folder / "eu1", control) as running:
            yield running


def code_for(place: RunningRegion, **changes: object) -> str:
    """What the control plane would have given a signed-in browser."""
    changes = {"grants": frozenset({str(Grant.READ)}), **changes}
    return place.control.swap_code(place.region.organization_id, place.region.workspace_id, **changes)


async def let_in(place: RunningRegion, path: str, **changes: object) -> httpx.Response:
    """The page below the workspace, by a link with a code."""
    address = f"/w/{place.region.workspace_id}/{path}"
    led = await place.region.client.get(f"{address}?swap={code_for(place, **changes)}")
    assert (led.status_code, led.headers["location"]) == (303, address)
    return await place.region.client.get(address)


async def reported(place: RunningRegion, declares: Mapping[str, Any] | None = None, **documents: Any) -> Lease:
    """A run that sends these reports, by kind, of a job that `declares` what it delivers."""
    files = {
        f"sent/{number}.{kind}": json.dumps(each).encode() for number, (kind, each) in enumerate(documents.items())
    }
    deployment = await place.deploy({"job.py": REPORTS.encode(), **files})
    defined = {**definition("job"), **({"deliver": declares} if declares else {})}
    lease, outcome = await place.run("", deployment_id=deployment, definition=defined)
    assert outcome == "completed", await place.lines(lease, None)
    return lease


def trace(name: str) -> Any:
    return json.loads((TRACES / f"{name}.json").read_text())


async def test_a_code_opens_the_pages_of_one_workspace_once(place: RunningRegion) -> None:
    lease, _ = await place.run("print('hello')\n")
    client, path = place.region.client, f"/w/{place.region.workspace_id}/runs/{lease.run_id}"
    code = code_for(place)
    led = await client.get(f"{path}?swap={code}")
    assert (led.status_code, led.headers["location"]) == (303, path)
    said = led.headers["set-cookie"]
    assert "HttpOnly" in said
    assert f"Path=/w/{place.region.workspace_id};" in said
    assert "SameSite=lax" in said
    assert led.headers["referrer-policy"] == "no-referrer"
    assert led.headers["cache-control"] == "no-store"

    page = await client.get(path)
    lines = (await client.get(f"{path}/-lines?from_line=0")).json()

    assert page.status_code == 200
    assert place.control.url not in page.text + page.headers["content-security-policy"]
    assert "hello" in [line["content"] for line in lines["lines"]]
    assert lines["is_sealed"] is True
    cookie = client.cookies["planes_pages"]
    elsewhere = f"/w/{new_id()}"
    for address in (f"{elsewhere}/runs/{lease.run_id}", f"{elsewhere}/runs/{lease.run_id}/-lines"):
        answer = await client.get(address, headers={"cookie": f"planes_pages={cookie}"})
        assert answer.status_code == 401, address
    client.cookies.clear()
    again = await client.get(f"{path}?swap={code}", headers={"accept": "text/html"})
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)
    for address in (path, f"{path}/-lines", f"/w/{place.region.workspace_id}/pipelines/orders"):
        assert (await client.get(address)).status_code == 401
        assert (await client.get(address, headers=place.region.headers())).status_code == 401, "no token opens a page"


@pytest.mark.parametrize("address", ["/w/{ws}/runs/{run}", "/w/{ws}/pipelines/weather", "/w/-log.js", "/w/-live.js"])
async def test_pages_load_nothing_from_elsewhere_and_are_in_no_frame(place: RunningRegion, address: str) -> None:
    lease = await reported(place, trace=trace("succeeded"))
    await let_in(place, f"runs/{lease.run_id}")

    answer = await place.region.client.get(address.format(ws=place.region.workspace_id, run=lease.run_id))

    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    if address.endswith(".js"):
        return
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    for part in ("frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'", "script-src 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert all(each.startswith("/w/") for each in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text))
    assert re.findall(r"<script(?! src=\"/w/-)", answer.text) == []


async def test_a_run_shows_its_result_and_what_it_loaded(place: RunningRegion) -> None:
    result = {"type": "job.counts", "engine_version": 1, "result": {"rows": 1234567, "said": "<b>"}, "job_ref": "x"}
    lease = await reported(place, trace=trace("succeeded"), job_result=result)

    page = await let_in(place, f"runs/{lease.run_id}")

    assert "completed" in page.text
    assert "Result: counts" in page.text
    assert "&quot;rows&quot;: 1234567" in page.text
    assert "<b>" not in page.text
    assert "dlthub job runs result job 1" in page.text
    assert f'/w/{place.region.workspace_id}/pipelines/weather"' in page.text
    assert "Exception" not in page.text


async def test_a_failed_run_shows_its_exception_with_those_before_it(place: RunningRegion) -> None:
    lease, outcome = await place.run(FAILS)
    assert outcome == "failed"

    page = await let_in(place, f"runs/{lease.run_id}", role="viewer")

    assert '<p class="problem">RuntimeError: no news of password=[masked]</p>' in page.text
    assert "OSError: the &lt;i&gt;station&lt;/i&gt; is away" in page.text
    assert "orchard-gate-7" not in page.text
    assert "dlthub job logs job 1<" in page.text


async def test_a_run_that_could_not_start_says_why(place: RunningRegion) -> None:
    lease, outcome = await place.run("", deployment_id=new_id())
    assert outcome == "failed"

    page = await let_in(place, f"runs/{lease.run_id}")

    assert '<p class="problem">' in page.text
    assert "deployment" in page.text


async def test_a_load_shows_steps_packages_tables_and_schema_changes(place: RunningRegion) -> None:
    lease = await reported(place, trace=trace("succeeded"))
    run = await let_in(place, f"runs/{lease.run_id}")
    (address,) = set(re.findall(r'href="(/w/[^"]*/pipeline-runs/[^"]*)"', run.text))

    page = await place.region.client.get(address)

    for text in ("extract", "normalize", "load", "rows__b__c", "bigint", "duckdb", "loaded"):
        assert text in page.text, text
    assert f'href="/w/{place.region.workspace_id}/runs/{lease.run_id}">job 1</a>' in page.text
    assert "dlthub job logs job 1" in page.text
    whole = await place.region.client.get(f"{address}/-trace")
    assert whole.headers["content-disposition"].startswith("attachment")
    assert whole.json()["transaction_id"] == trace("succeeded")["transaction_id"]
    missing = await place.region.client.get(f"/w/{place.region.workspace_id}/pipeline-runs/{new_id()}")
    assert missing.status_code == 404


async def test_a_pipeline_shows_its_loads_and_why_one_failed(place: RunningRegion) -> None:
    good, bad = trace("succeeded"), trace("failed")
    name = good["pipeline_name"]
    await reported(place, trace=good)
    await reported(place, trace={**bad, "pipeline_name": name})

    page = await let_in(place, f"pipelines/{name}")
    addresses = list(dict.fromkeys(re.findall(r'href="(/w/[^"]*/pipeline-runs/[^"]*)"', page.text)))
    loads = [await place.region.client.get(address) for address in addresses]

    assert "succeeded" in page.text
    assert "failed" in page.text
    assert len(loads) == 2
    (failed,) = (load for load in loads if "Traceback" in load.text)
    assert "Failed in" in failed.text
    assert "dlthub job logs job 1" in page.text, "no job declares it, so nothing could run it by its name"
    assert "dlthub pipeline run" not in page.text
    none = await place.region.client.get(f"/w/{place.region.workspace_id}/pipelines/nothing")
    assert (none.status_code, "told of itself" in none.text) == (200, True)


async def test_a_pipeline_that_its_job_declares_is_started_by_its_name(place: RunningRegion) -> None:
    told = trace("succeeded")
    await reported(place, trace=told, declares={"pipeline_name": told["pipeline_name"]})

    page = await let_in(place, f"pipelines/{told['pipeline_name']}")

    assert f"dlthub pipeline run {told['pipeline_name']}" in page.text


async def test_what_has_not_changed_is_not_read_again(place: RunningRegion) -> None:
    lease = await reported(place, trace=trace("succeeded"))
    path = f"runs/{lease.run_id}"
    page = await let_in(place, path)
    known = {"if-none-match": page.headers["etag"]}
    address = f"/w/{place.region.workspace_id}/{path}"

    same = await place.region.client.get(address, headers=known)
    await reported(place, trace={**trace("succeeded"), "transaction_id": "another"})
    changed = await place.region.client.get(address, headers=known)

    assert (same.status_code, same.content) == (304, b"")
    assert changed.status_code == 200


_NAMES = {
    RevokedClaim.SUBJECT: "subject",
    RevokedClaim.MEMBERSHIP: "membership_id",
    RevokedClaim.SESSION: "session_id",
}


@pytest.mark.parametrize("claim", list(_NAMES))
async def test_a_revocation_ends_the_cookie_at_once(place: RunningRegion, claim: RevokedClaim) -> None:
    lease = await reported(place, trace=trace("succeeded"))
    value = new_id()
    await let_in(place, f"runs/{lease.run_id}", **{_NAMES[claim]: value})
    client, ws = place.region.client, place.region.workspace_id
    addresses = [f"/w/{ws}/runs/{lease.run_id}", f"/w/{ws}/runs/{lease.run_id}/-lines", f"/w/{ws}/pipelines/weather"]
    assert [(await client.get(address)).status_code for address in addresses] == [200, 200, 200]

    told = PollResponse(
        leases=[], cancels=[], epoch=7, revocations=[Revocation(epoch=7, claim=claim, value=value)], keys=[]
    )
    await place.region.plane.services.revocations.apply(told)

    assert [(await client.get(address)).status_code for address in addresses] == [401, 401, 401]


@needs_chromium
async def test_a_browser_follows_a_run_and_asks_nobody_else(place: RunningRegion) -> None:
    lease = await place.lease(GOES_ON)
    await place.control.wait_status(lease, "running")
    async with chromium() as browser:
        page = await browser.page()
        await page.open(_address(place, f"runs/{lease.run_id}", role="viewer"))
        await page.shows("first <b>line</b>")
        await page.shows("running")

        (place.run_folder(lease).parents[1] / "data" / "prod" / "go").touch()

        await page.shows("[masked]")
        await page.shows("lines, complete")
        await page.shows("completed")
        assert "--follow" not in await page.text()
        assert "orchard-gate-7" not in await page.text()
        assert page.stopped == []
        assert page.hosts() == {place.region.client.base_url.netloc.decode()}
    assert await place.control.wait_end(lease) == "completed"


@needs_chromium
async def test_a_browser_comes_from_another_site_and_moves_by_keyboard(place: RunningRegion) -> None:
    """The control plane may be another site in the browser's eyes, which strict cookies would not survive."""
    lease = await reported(place, trace=trace("succeeded"))
    async with chromium() as browser:
        page = await browser.page()
        await page.open(f"data:text/html,<a href='{_address(place, f'runs/{lease.run_id}')}'>on</a>")
        await page.wait_for("document.querySelector('a') !== null")
        await page.evaluate("document.querySelector('a').click()")
        await page.shows("lines, complete")

        walked = []
        for _ in range(12):
            await press(page, "Tab")
            walked.append(
                await page.evaluate("document.activeElement.getAttribute('href') || document.activeElement.id")
            )
        load = next(each for each in walked if each and "/pipeline-runs/" in each)
        assert "log" in walked, "the log can be scrolled by keyboard"
        await page.evaluate(f"document.querySelector('a[href=\"{load}\"]').focus()")
        await press(page, "Enter")
        await page.shows("Load packages")

        assert await page.evaluate("location.pathname") == load
        await page.browser.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}, page.session,
        )  # fmt: skip
        assert await page.evaluate("document.documentElement.scrollWidth") == 360, "fits a phone"
        assert page.stopped == []


def _address(place: RunningRegion, path: str, **changes: object) -> str:
    origin = str(place.region.client.base_url).rstrip("/")
    return f"{origin}/w/{place.region.workspace_id}/{path}?swap={code_for(place, **changes)}"


async def press(page: Page, key: str) -> None:
    """A key, as from a keyboard."""
    codes = {"Tab": 9, "Enter": 13}
    rest = {"key": key, "code": key, "windowsVirtualKeyCode": codes[key], "text": "\r" if key == "Enter" else ""}
    for kind in ("keyDown", "keyUp"):
        await page.browser.call("Input.dispatchKeyEvent", {"type": kind, **rest}, page.session)
