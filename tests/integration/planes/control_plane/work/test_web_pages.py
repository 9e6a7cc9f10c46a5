"""The pages behind web links: who sees them, what they show, that they show nothing of the region."""

from __future__ import annotations

import html
import json
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from tests.fakes.chromium import Chromium, chromium, needs_chromium
from tests.fakes.control_stage import REGION_URL, Stage, definition
from tests.fakes.workspaces import LAUNCHERS

from planes.control_plane.services.identity import sessions
from planes.control_plane.services.identity.sign_in import hash_new_password
from planes.server.listening import AppServer, listen_tcp
from planes.server.streams import Stopping
from planes.storage.control import identity

pytestmark = pytest.mark.anyio
PASSWORD = "a long enough one"


async def swap_code(stage: Stage) -> str:
    """What the command line appends to a link."""
    async with stage.parts.database.transaction() as connection:
        user = await identity.find_user(connection, stage.owner.user_id)
        assert user is not None
        started = await sessions.start_session(connection, stage.parts, user, "device_code")
    return await sessions.issue_swap_code(stage.parts, started.refresh_token)


async def opened(stage: Stage, path: str) -> httpx.Response:
    """The page at a path, by a link with a code."""
    led = await stage.client.get(f"{path}?swap={await swap_code(stage)}")
    assert (led.status_code, led.headers["location"]) == (303, path)
    assert "swap" not in led.headers["location"]
    return await stage.client.get(path)


async def test_a_run_shows_its_state_its_names_and_the_command_to_go_on(stage: Stage) -> None:
    job_id = (await stage.deployed(definition("load", "every:1h", deliver={"pipeline_name": "orders"})))["load"]
    run = await stage.trigger(job_id)

    page = await opened(stage, f"/w/{stage.workspace_id}/runs/{run['id']}")

    assert page.status_code == 200, page.text
    assert "pending" in page.text
    assert "dlthub job logs jobs.load 1 --follow" in page.text
    await stage.finished(run["id"], "failed")
    after = await stage.client.get(f"/w/{stage.workspace_id}/runs/{run['id']}")
    assert "failed" in after.text
    assert "dlthub job logs jobs.load 1<" in after.text


async def test_the_log_is_a_page_of_the_region_with_a_code_for_it(stage: Stage) -> None:
    run = await stage.trigger((await stage.deployed(definition("load")))["load"])
    path = f"/w/{stage.workspace_id}/runs/{run['id']}"
    page = await opened(stage, path)

    led = await stage.client.get(f"{path}/-log")

    assert f'href="{path}/-log"' in page.text
    target = urlsplit(led.headers["location"])
    assert (led.status_code, target.path, target.query[:5]) == (303, path, "swap=")
    assert target.netloc != stage.client.base_url.netloc.decode()
    stage.client.cookies.clear()
    assert (await stage.client.get(f"{path}/-log")).status_code == 401


@pytest.mark.parametrize("path", ["pipelines/orders", "pipeline-runs/11111111-1111-4111-8111-111111111111"])
async def test_telemetry_is_a_page_of_the_region(stage: Stage, path: str) -> None:
    await opened(stage, f"/w/{stage.workspace_id}")

    led = await stage.client.get(f"/w/{stage.workspace_id}/{path}/-telemetry")

    target = urlsplit(led.headers["location"])
    assert (led.status_code, target.path, target.query[:5]) == (303, f"/w/{stage.workspace_id}/{path}", "swap=")
    assert target.netloc != stage.client.base_url.netloc.decode()
    assert led.headers["referrer-policy"] == "no-referrer"
    assert led.headers["cache-control"] == "no-store"
    for bad in ("//evil.example", "%2F%2Fevil.example", "..%2F..%2Fevil", "a@evil.example"):
        answer = await stage.client.get(f"/w/{stage.workspace_id}/pipelines/{bad}/-telemetry")
        there = urlsplit(answer.headers.get("location", ""))
        assert answer.status_code == 404 or (there.netloc, there.path[:3]) == (target.netloc, "/w/"), bad
    answer = await stage.client.get(f"/w/{stage.workspace_id}/pipeline-runs/evil.example/-telemetry")
    assert answer.status_code == 404


async def test_workspace_job_and_pipeline_lead_to_each_other(stage: Stage) -> None:
    ids = await stage.deployed(definition("load", "every:1h", deliver={"pipeline_name": "orders"}))
    run = await stage.trigger(ids["load"])
    workspace = await opened(stage, f"/w/{stage.workspace_id}")

    addresses = set(re.findall(r'href="([^"]+)"', workspace.text))

    assert f"/w/{stage.workspace_id}/jobs/jobs.jobs.load" in addresses
    assert f"/w/{stage.workspace_id}/runs/{run['id']}" in addresses
    for address in (
        *addresses,
        f"/w/{stage.workspace_id}/jobs/{ids['load']}",
        f"/w/{stage.workspace_id}/jobs/jobs.load",
        f"/w/{stage.workspace_id}/pipelines/orders",
    ):
        page = await stage.client.get(address)
        assert page.status_code == 200, (address, page.text)
        assert "jobs.load" in page.text
    assert (await stage.client.get(f"/w/{stage.workspace_id}/jobs/jobs.nothing")).status_code == 404


async def test_pages_have_no_inline_script_and_load_nothing_from_elsewhere(stage: Stage) -> None:
    await stage.deployed(definition("load"))
    page = await opened(stage, f"/w/{stage.workspace_id}")

    policy = page.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert re.findall(r"<script([^>]*)>", page.text) == [' src="/w/-live.js" defer']
    assert re.findall(r'(?:src|href)="(?!/w/)', page.text) == []
    assert page.headers["cache-control"] == "no-store"
    script = await stage.client.get("/w/-live.js")
    assert script.headers["content-type"].startswith("text/javascript")


async def test_nobody_else_sees_them(stage: Stage) -> None:
    await stage.deployed(definition("load"))
    path = f"/w/{stage.workspace_id}"

    stranger = await stage.client.get(path)

    assert stranger.status_code == 401
    assert "load" not in stranger.text
    code = await swap_code(stage)
    assert "set-cookie" in (await stage.client.get(f"{path}?swap={code}")).headers
    stage.client.cookies.clear()
    assert "set-cookie" not in (await stage.client.get(f"{path}?swap={code}")).headers
    assert (await stage.client.get(path)).status_code == 401
    assert (await stage.client.get(path, headers=stage.owner.headers)).status_code == 401


async def test_other_workspaces_are_not_there(stage: Stage) -> None:
    await stage.deployed(definition("load"))
    await opened(stage, f"/w/{stage.workspace_id}")

    other = await stage.client.get("/w/00000000-0000-4000-8000-000000000000")

    assert other.status_code == 404


async def password_of(stage: Stage) -> str:
    """The owner's e-mail, who can sign in with PASSWORD from now on."""
    hashed = await hash_new_password(stage.parts, PASSWORD)
    async with stage.parts.database.transaction() as connection:
        await identity.set_password(connection, stage.owner.user_id, hashed, stage.clock.now())
        user = await identity.find_user(connection, stage.owner.user_id)
    assert user is not None
    return user.email


async def send_form(stage: Stage, page: httpx.Response, path: str, **typed: str) -> httpx.Response:
    """The page's form, with what was typed."""
    fields = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
    fields = {name: html.unescape(value) for name, value in fields.items()} | typed
    return await stage.client.post(path, data=fields, headers={"origin": str(stage.client.base_url).rstrip("/")})


def goes_to(page: httpx.Response) -> str:
    """Where a page goes on to by itself."""
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


async def test_a_password_opens_the_page_and_leads_nowhere_else(stage: Stage) -> None:
    await stage.deployed(definition("load"))
    email = await password_of(stage)

    async def send(password: str = PASSWORD, **typed: str) -> httpx.Response:
        asked = await stage.client.get(f"/w/{stage.workspace_id}")
        return await send_form(stage, asked, "/w/-sign-in", email=email, password=password, **typed)

    assert (await send(password="a wrong one at all")).status_code == 400
    assert goes_to(await send(onward="//evil.example/w")) == "/"
    stage.client.cookies.delete("planes_session")
    done = await send()
    assert (done.status_code, goes_to(done)) == (200, f"/w/{stage.workspace_id}")
    assert "HttpOnly" in done.headers["set-cookie"]
    assert (await stage.client.get(f"/w/{stage.workspace_id}")).status_code == 200


async def test_over_tls_cookies_go_over_tls_only(stage: Stage) -> None:
    email = await password_of(stage)
    path = f"/w/{stage.workspace_id}"
    form = await stage.client.get(path)
    plain = await send_form(stage, form, "/w/-sign-in", email=email, password=PASSWORD)
    stage.plane.app.state.parts = replace(stage.parts, public_url="https://planes.example")
    secure = [
        await stage.client.get("/device"),
        await send_form(stage, form, "/w/-sign-in", email=email, password=PASSWORD),
        await stage.client.get(f"{path}?swap={await swap_code(stage)}"),
    ]

    assert "Secure" not in plain.headers["set-cookie"]
    assert ["Secure" in answer.headers["set-cookie"] for answer in secure] == [True] * 3


async def test_who_signs_out_leaves_nothing_behind_and_is_asked_anew(stage: Stage) -> None:
    path, email = f"/w/{stage.workspace_id}", await password_of(stage)
    await send_form(stage, await stage.client.get(path), "/w/-sign-in", email=email, password=PASSWORD)
    cookie = stage.client.cookies["planes_session"]
    page = await stage.client.get(path)
    assert f"Signed in as {email}" in page.text

    done = await send_form(stage, page, "/w/-sign-out")

    assert (done.status_code, done.headers["location"]) == (303, path)
    assert "planes_session" not in stage.client.cookies
    stage.client.cookies["planes_session"] = cookie
    assert (await stage.client.get(path)).status_code == 401, "the session has ended, too"


async def test_signing_out_of_a_link_leaves_the_terminal_signed_in(stage: Stage) -> None:
    path = f"/w/{stage.workspace_id}"
    page = await opened(stage, path)
    cookie = stage.client.cookies["planes_session"]

    await send_form(stage, page, "/w/-sign-out")

    assert (await stage.client.get(path)).status_code == 401
    stage.client.cookies["planes_session"] = cookie
    assert (await stage.client.get(path)).status_code == 200


async def test_who_may_not_see_a_page_can_sign_in_as_somebody_who_may(stage: Stage) -> None:
    await opened(stage, f"/w/{stage.workspace_id}")
    other = "/w/00000000-0000-4000-8000-000000000000"
    refused = await stage.client.get(other)
    assert (refused.status_code, "Signed in as" in refused.text) == (404, True)

    done = await send_form(stage, refused, "/w/-sign-out")

    assert done.headers["location"] == other
    assert (await stage.client.get(other)).status_code == 401


async def test_no_other_page_signs_anybody_out(stage: Stage) -> None:
    await opened(stage, f"/w/{stage.workspace_id}")
    origin = str(stage.client.base_url).rstrip("/")

    forged = await stage.client.post("/w/-sign-out", data={"onward": "/"}, headers={"origin": origin})

    assert forged.status_code == 403
    assert (await stage.client.get(f"/w/{stage.workspace_id}")).status_code == 200


async def test_what_is_archived_or_unknown_is_said(stage: Stage) -> None:
    path = f"/w/{stage.workspace_id}"
    unknown = await opened(stage, f"{path}/pipelines/nowhere")
    assert "dlthub pipeline run" not in unknown.text
    assert "Archived" not in (await stage.client.get(path)).text

    await stage.client.post(f"/api/v1/workspaces/{stage.workspace_id}/-archive", headers=stage.owner.headers)

    assert "Archived since" in (await stage.client.get(path)).text


async def test_names_are_shown_as_text(stage: Stage) -> None:
    await stage.deployed(definition("load", expose={"display_name": "<b>bold</b>"}))

    page = await opened(stage, f"/w/{stage.workspace_id}")

    assert "<b>bold" not in page.text


@asynccontextmanager
async def served(stage: Stage) -> AsyncGenerator[tuple[str, Chromium]]:
    """The control plane at an origin, and a browser."""
    listener = listen_tcp("127.0.0.1", 0)
    server = AppServer(stage.plane.app, [listener], Stopping())
    async with chromium() as browser, anyio.create_task_group() as group:
        group.start_soon(server.serve)
        with anyio.fail_after(240):
            await server.wait_ready()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", browser
        finally:
            server.stop()
            with anyio.CancelScope(shield=True):
                await server.wait_stopped()


@pytest.mark.slow
@needs_chromium
async def test_a_browser_opens_a_link_and_sees_the_run_end(stage: Stage) -> None:
    run = await stage.trigger((await stage.deployed(definition("load")))["load"])
    path = f"/w/{stage.workspace_id}/runs/{run['id']}"
    async with served(stage) as (origin, browser):
        page = await browser.page()
        await page.open(f"{origin}{path}?swap={await swap_code(stage)}")
        await page.shows("pending")
        assert await page.evaluate("location.href") == origin + path
        assert await page.evaluate("document.title") == "jobs.load 1 · dlthub-tui"
        await page.shows("dlthub job logs jobs.load 1 --follow")

        await stage.finished(run["id"])

        await page.shows("completed")
        assert "--follow" not in await page.text()
        assert page.stopped == []
        assert page.hosts() == {urlsplit(origin).netloc}
        await browser.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": 360, "height": 800, "deviceScaleFactor": 1, "mobile": True}, page.session,
        )  # fmt: skip
        for place in ("", f"/runs/{run['id']}", "/jobs/jobs.jobs.load", "/pipelines/orders"):
            await page.open(f"{origin}/w/{stage.workspace_id}{place}")
            await page.shows("In a terminal")
            assert await page.evaluate("document.documentElement.scrollWidth") == 360, place
        stranger = await browser.page()
        await stranger.open(f"{origin}{path}")
        await stranger.shows("Sign in to see this")


@pytest.mark.slow
@needs_chromium
async def test_a_browser_that_signs_in_with_a_password_is_led_on_to_the_region(stage: Stage) -> None:
    run = await stage.trigger((await stage.deployed(definition("load")))["load"])
    email = await password_of(stage)
    async with served(stage) as (origin, browser):
        page = await browser.page()
        await page.open(f"{origin}/w/{stage.workspace_id}/runs/{run['id']}/-log")
        await page.wait_for("document.querySelector('input[type=password]') !== null")
        typed = "".join(
            f"document.querySelector('[name={name}]').value = {json.dumps(value)};"
            for name, value in {"email": email, "password": PASSWORD}.items()
        )
        await page.evaluate(f"{typed} document.querySelector('[name=password]').form.submit()")

        with anyio.fail_after(240):
            while not any(url.startswith(f"{REGION_URL}/w/") for url in page.asked):
                await anyio.sleep(0.05)


async def interactive(stage: Stage) -> str:
    """The id of a deployed job that is an app."""
    entry = {"module": "app", "function": None, "job_type": "interactive", "launcher": f"{LAUNCHERS}.marimo"}
    return (await stage.deployed(definition("app", "http:", entry_point=entry)))["app"]


async def test_an_apps_address_as_it_is_printed_asks_who_opens_it_and_leads_on(stage: Stage) -> None:
    job_id, email = await interactive(stage), await password_of(stage)
    printed = (await stage.get(f"/jobs/{job_id}")).json()["job_url"].removeprefix(stage.parts.public_url)

    async def follow(path: str) -> httpx.Response:
        answer = await stage.client.get(path)
        return await follow(answer.headers["location"]) if answer.headers.get("location", "")[:3] == "/w/" else answer

    asked = await follow(printed)
    signed_in = await send_form(stage, asked, "/w/-sign-in", email=email, password=PASSWORD)
    target = urlsplit((await follow(goes_to(signed_in))).headers["location"])

    assert (asked.status_code, "Sign in" in asked.text) == (401, True)
    assert (f"{target.scheme}://{target.netloc}", target.path) == (REGION_URL, f"/apps/{stage.workspace_id}/{job_id}")
    assert target.query.startswith("swap=")
    assert await stage.runs() == [], "the region starts it, when the code is redeemed"


async def test_a_link_on_another_site_opens_no_app(stage: Stage) -> None:
    job_id = await interactive(stage)
    job = f"/w/{stage.workspace_id}/jobs/{(await stage.get(f'/jobs/{job_id}')).json()['job_ref']}"
    page = await opened(stage, job)
    path = f"{job}/-app"

    other = await stage.client.get(path, headers={"sec-fetch-site": "cross-site"})
    ours = await stage.client.get(path, headers={"sec-fetch-site": "same-origin"})

    assert f'href="{path}"' in page.text
    assert other.headers["location"] == job
    assert ours.headers["location"].startswith(f"{REGION_URL}/apps/{stage.workspace_id}/{job_id}?swap=")


async def test_a_job_without_an_app_leads_nowhere(stage: Stage) -> None:
    job = f"/w/{stage.workspace_id}/jobs/{(await stage.deployed(definition('load')))['load']}"
    page = await opened(stage, job)

    assert (page.status_code, "-app" in page.text) == (200, False)
    assert (await stage.client.get(f"{job}/-app")).status_code == 404
