"""The gateway to interactive runs: own origins, who gets in, what passes in either direction (Security: 9 to 11)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx
import pytest
from tests.fakes.apps import app_definition, browser, install_app_launcher
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region, until
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from planes.domain.identifiers import new_id
from planes.wire.link import Lease, PollResponse, PublicLinkResponse, Revocation, RevokedClaim

pytestmark = [pytest.mark.anyio]
CODE = b"shown = 1\n"


@dataclass(kw_only=True)
class OpenApp:
    """A running app, and a browser that is signed in to it."""

    place: RunningRegion
    lease: Lease
    host: str
    browser: httpx.AsyncClient

    @property
    def origin(self) -> str:
        return f"http://{self.host}"

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())

    async def socket(self, **options: Any) -> ClientConnection:
        headers = options.pop("headers", {"cookie": self.cookie})
        port = int(self.host.rpartition(":")[2])
        return await connect(
            f"ws://{self.host}/ws?x=1", host="127.0.0.1", port=port, additional_headers=headers, proxy=None, **options
        )


@asynccontextmanager
async def region_of_apps(**settings: Any) -> AsyncGenerator[RunningRegion]:
    """A region eu1 whose runs may have the launcher of apps."""
    with open_folder("region-") as folder:
        wheels = Path(folder) / "wheels"
        wheels.mkdir()
        install_app_launcher(wheels)
        async with (
            LeasingControlPlane().serving() as control,
            running_region(Path(folder) / "eu1", control, **settings) as running,
        ):
            yield running


@pytest.fixture
async def place() -> AsyncGenerator[RunningRegion]:
    async with region_of_apps() as running:
        yield running


async def start(place: RunningRegion, **values: Any) -> Lease:
    files = {"app.py": CODE, **values.pop("files", {})}
    deployment = await place.deploy(files)
    configuration = await place.configure({"access.config.toml": b"a = 1\n", "prod.config.toml": b"a = 1\n"})
    return await place.lease(
        "", deployment_id=deployment, configuration_id=configuration,
        **{"definition": app_definition(), "profile": "access", **values},
    )  # fmt: skip


async def ask_to_open(place: RunningRegion, lease: Lease, **claims: Any) -> httpx.Response:
    path = f"/own/v1/workspaces/{lease.workspace_id}/job-runs/{lease.run_id}/-open-app"
    return await place.region.client.post(path, headers=place.region.headers(**{"role": "owner", **claims}))


@pytest.fixture
async def app(place: RunningRegion) -> AsyncGenerator[OpenApp]:
    lease = await start(place)
    await place.control.wait_status(lease, "running")
    opened = (await ask_to_open(place, lease)).json()
    async with browser(opened["origin"], follow_redirects=True) as client:
        assert (await client.get(opened["url"])).status_code == 200
        yield OpenApp(place=place, lease=lease, host=opened["origin"].removeprefix("http://"), browser=client)


async def test_app_is_said_to_run_once_it_answers(place: RunningRegion) -> None:
    lease = await start(place, files={"slow": b""})
    await place.control.wait_status(lease, "starting")
    await until(lambda: (place.run_folder(lease) / "ctl" / "step.json").exists() or None)
    opened = (await ask_to_open(place, lease)).json()

    async with browser(opened["origin"], headers={"accept": "text/html"}, follow_redirects=True) as client:
        page = await client.get(opened["url"])
        for_programs = await client.get("/", headers={"accept": "application/json"})
        statuses = list(place.control.statuses[lease.run_id])
        await until((place.run_folder(lease) / "work").exists)
        (place.run_folder(lease) / "work" / "ready").touch()
        await place.control.wait_status(lease, "running")
        answered = await client.get("/")

    assert (page.status_code, 'http-equiv="refresh"' in page.text) == (503, True)
    assert (for_programs.status_code, for_programs.json()["code"]) == (503, "app_starting")
    assert statuses == ["starting"]
    assert answered.json()["path"] == "/"


async def test_ticket_opens_once_and_leaves_no_trace_in_the_address(place: RunningRegion) -> None:
    lease = await start(place)
    await place.control.wait_status(lease, "running")
    opened = (await ask_to_open(place, lease)).json()

    async with browser() as first, browser() as second:
        entered = await first.get(opened["url"])
        again = await second.get(opened["url"])
        without = await second.get(opened["origin"])

    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert entered.headers["referrer-policy"] == "no-referrer"
    assert entered.headers["cache-control"] == "no-store"
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain" not in cookie
    assert (again.status_code, without.status_code) == (401, 401)


async def test_app_gets_nothing_of_ours(app: OpenApp) -> None:
    headers = {
        "authorization": "Basic eDp5", "x-forwarded-for": "10.0.0.1", "connection": "keep-alive, x-hop", "x-hop": "1",
        "x-own": "kept", "referer": f"{app.origin}/page", "cookie": f"{app.cookie}; theme=dark",
    }  # fmt: skip
    said = (await app.browser.get("/a%2Fb?q=%20x", headers=headers)).json()
    by_token = (await app.browser.get("/", headers={**app.place.region.headers(role="owner"), "cookie": ""})).json()

    seen = said["headers"]
    port = seen["host"].rpartition(":")[2]
    assert said["path"] == "/a%2Fb?q=%20x"
    assert seen["host"] == f"localhost:{port}"
    assert seen["cookie"] == "theme=dark"
    assert seen["referer"] == f"http://localhost:{port}/page"
    assert seen["x-own"] == "kept"
    assert not {"authorization", "x-forwarded-for", "x-hop"} & seen.keys()
    assert not {"authorization", "cookie"} & by_token["headers"].keys()
    assert said["uid"] != 0 or os.geteuid() != 0


async def test_answers_name_the_browsers_own_origin(app: OpenApp) -> None:
    away = await app.browser.get("/away", follow_redirects=False)
    cookies = await app.browser.get("/cookies")

    assert away.headers["location"] == "/here?x=1"
    assert cookies.headers["set-cookie"] == "theme=dark; Path=/"
    policy = away.headers["content-security-policy"]
    assert f"connect-src 'self' ws://{app.host}" in policy
    assert "http:" not in policy.replace("ws://", "")


async def test_large_bodies_pass_in_pieces(app: OpenApp) -> None:
    body = os.urandom(20 * 1024 * 1024)

    async def pieces() -> AsyncGenerator[bytes]:
        for at in range(0, len(body), 1 << 20):
            yield body[at : at + (1 << 20)]

    whole = await app.browser.post("/sum", content=body)
    chunked = await app.browser.post("/sum", content=pieces())

    expected = hashlib.sha256(body).hexdigest()
    assert (whole.text, chunked.text) == (expected, expected)


async def test_websocket_messages_pass_both_ways(app: OpenApp) -> None:
    socket = await app.socket(origin=app.origin)
    async with socket:
        seen = json.loads(await socket.recv())
        await socket.send("héllo")
        text = await socket.recv()
        large = os.urandom(300_000)
        await socket.send(large)
        binary = await socket.recv()

    port = seen["host"].rpartition(":")[2]
    assert (text, binary) == ("héllo", large)
    assert seen["origin"] == f"http://localhost:{port}"
    assert not {"cookie", "authorization"} & seen.keys()


FOREIGN = (
    None, "http://evil.example", "null", "", "http://r-{other}.localhost:{port}", "http://127.0.0.1:{port}",
    "http://localhost:{port}", "http://{host}:1", "http://{host}.evil.example:{port}", "http://{name}",
)  # fmt: skip


async def test_pages_of_others_open_no_websocket_and_send_nothing(app: OpenApp) -> None:
    """Another site, another run's app, the plane's own pages, another port: a browser sends the cookie to all."""
    name, _, port = app.host.partition(":")
    known = {"other": UUID(new_id()).hex, "port": port, "host": app.host, "name": name}
    for origin in FOREIGN:
        headers = {} if origin is None else {"origin": origin.format(**known)}
        cookie = {"cookie": app.cookie} if headers else {}
        with pytest.raises(InvalidStatus) as refused:
            await app.socket(headers={**cookie, **headers})
        sent = await app.browser.post("/sum", content=b"x", headers={**headers, **({} if headers else {"cookie": ""})})

        assert refused.value.response.status_code == 403, origin
        assert sent.status_code == (403 if headers else 401), origin


async def test_looking_ahead_spends_no_ticket(place: RunningRegion) -> None:
    lease = await start(place)
    await place.control.wait_status(lease, "running")
    opened = (await ask_to_open(place, lease)).json()

    async with browser(opened["origin"]) as client:
        ahead = [await client.head(opened["url"]), await client.options(opened["url"])]
        entered = await client.get(opened["url"])
        headed = await client.head("/")

    assert [answer.status_code for answer in ahead] == [401, 401]
    assert (entered.status_code, headed.status_code) == (303, 501), "the app itself knows no HEAD"


async def test_browser_that_is_led_to_tools_is_told_who_they_are_for(place: RunningRegion) -> None:
    """Also those of a function that returns its server, which the launcher of every job starts."""
    lease = await start(place, files={"tools": b""}, definition=app_definition(expose={"interface": "mcp"}))
    await place.control.wait_status(lease, "running")
    opened = (await ask_to_open(place, lease)).json()
    async with browser(opened["origin"], headers={"accept": "text/html"}, follow_redirects=True) as client:
        page = await client.get(opened["url"])
        for_programs = await client.get("/", headers={"accept": "application/json"})

    assert (page.status_code, for_programs.status_code) == (200, 404)
    assert f"{opened['origin']}/mcp" in page.text


async def test_cookie_of_one_app_opens_no_other(app: OpenApp) -> None:
    other = await start(app.place)
    await app.place.control.wait_status(other, "running")
    opened = (await ask_to_open(app.place, other)).json()

    async with browser(opened["origin"]) as client:
        answer = await client.get("/", headers={"cookie": app.cookie})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"role": "viewer"}, 403),
        ({"role": "owner", "run_id": "one that goes on"}, 403),
        ({"role": "owner", "run_id": new_id()}, 401),
        ({"role": "owner", "grants": frozenset[str]()}, 403),
        ({"role": "owner", "workspace_id": new_id()}, 404),
        ({"role": "owner", "organization_id": new_id()}, 403),
        ({"role": "owner", "expires_at": 1}, 401),
        ({"role": "developer"}, 200),
    ],
)
async def test_second_person_is_let_in_only_by_role(place: RunningRegion, claims: dict[str, Any], status: int) -> None:
    lease = await start(place, profile="prod")
    await place.control.wait_status(lease, "running")
    origin = (await ask_to_open(place, lease)).json()["origin"]
    if claims.get("run_id") == "one that goes on":
        claims = {**claims, "run_id": lease.run_id}

    asked = await ask_to_open(place, lease, **claims)
    async with browser(origin) as client:
        direct = await client.get("/", headers=place.region.headers(**claims))

    assert (asked.status_code, direct.status_code) == (status, status)


@pytest.mark.parametrize("key", ["dlt_u_" + "0" * 64, "dlt_sa_" + "0" * 64])
async def test_api_key_opens_nothing_and_is_told_what_does(place: RunningRegion, key: str) -> None:
    headers = {"authorization": f"Bearer {key}"}
    port = httpx.URL(str(place.region.client.base_url)).port
    async with browser(f"http://r-{UUID(new_id()).hex}.localhost:{port}") as client:
        at_an_app = await client.get("/", headers=headers)
    of_the_region = await place.region.client.get(
        f"/telemetry/v1/workspaces/{place.region.workspace_id}/watermark", headers=headers
    )

    for answer in (at_an_app, of_the_region):
        assert answer.status_code == 401
        assert "-issue-dataplane-token" in answer.json()["detail"]


async def test_viewer_opens_apps_on_the_access_profile(app: OpenApp) -> None:
    asked = await ask_to_open(app.place, app.lease, role="viewer")

    assert asked.status_code == 200


@pytest.mark.parametrize(
    ("claim", "name"), [(RevokedClaim.MEMBERSHIP, "membership_id"), (RevokedClaim.SESSION, "session_id")]
)
async def test_revocation_closes_what_is_open(place: RunningRegion, claim: RevokedClaim, name: str) -> None:
    lease = await start(place)
    await place.control.wait_status(lease, "running")
    revoked = new_id()
    opened = (await ask_to_open(place, lease, **{name: revoked})).json()
    async with browser(opened["origin"], follow_redirects=True) as client:
        await client.get(opened["url"])
        app = OpenApp(place=place, lease=lease, host=opened["origin"].removeprefix("http://"), browser=client)
        socket = await app.socket(origin=app.origin)
        await socket.recv()
        async with client.stream("GET", "/endless") as endless:
            pieces = endless.aiter_raw()
            await anext(pieces)
            revocation = Revocation(epoch=7, claim=claim, value=revoked)
            answer = PollResponse(leases=[], cancels=[], epoch=7, revocations=[revocation], keys=[])
            await place.region.plane.services.revocations.apply(answer)
            with anyio.fail_after(240):
                ended = await _outlived(pieces.__anext__)
        with anyio.fail_after(240):
            closed = await _outlived(socket.recv)
        after = await client.get("/")

    assert after.status_code == 401
    assert isinstance(ended, (httpx.RemoteProtocolError, StopAsyncIteration))
    assert isinstance(closed, ConnectionClosed)


async def _outlived(receive: Any) -> Exception:
    """What ends a stream."""
    while True:
        try:
            await receive()
        except (httpx.RemoteProtocolError, StopAsyncIteration, ConnectionClosed) as end:
            return end


async def test_public_address_opens_until_it_is_taken_back(place: RunningRegion) -> None:
    lease = await start(place, profile="prod")
    await place.control.wait_status(lease, "running")
    secret = new_id()
    place.control.public_links[secret] = PublicLinkResponse(
        organization_id=lease.organization_id, workspace_id=lease.workspace_id, job_id=lease.job_id, epoch=0
    )
    async with browser(place.control.dataplane_url, follow_redirects=True) as client:
        opened = await client.get(f"/public/{secret}")
        unknown = await client.get(f"/public/{new_id()}")
        value = hashlib.sha256(secret.encode()).hexdigest()
        revocation = Revocation(epoch=3, claim=RevokedClaim.PUBLIC_LINK, value=value)
        del place.control.public_links[secret]
        await place.region.plane.services.revocations.apply(
            PollResponse(leases=[], cancels=[], epoch=3, revocations=[revocation], keys=[])
        )
        origin = str(opened.url.copy_with(path="/"))
        after = await client.get(origin)
        again = await client.get(f"/public/{secret}")

    assert (opened.status_code, opened.json()["path"]) == (200, "/")
    assert (unknown.status_code, after.status_code, again.status_code) == (404, 401, 404)


async def test_swap_code_signs_in_once(place: RunningRegion) -> None:
    lease = await start(place)
    await place.control.wait_status(lease, "running")
    code = place.control.swap_code(lease.organization_id, lease.workspace_id, role="owner")
    address = f"/apps/{lease.workspace_id}/{lease.job_id}"
    async with browser(place.control.dataplane_url, follow_redirects=True) as first:
        opened = await first.get(address, params={"swap": code})
        led = opened.history[0]
    async with browser(place.control.dataplane_url, headers={"accept": "text/html"}) as second:
        spent = await second.get(address, params={"swap": code})
        without = await second.get(address)

    assert (opened.status_code, opened.json()["path"]) == (200, "/")
    assert code not in json.dumps(opened.json()) + led.headers["location"]
    assert (led.status_code, led.headers["referrer-policy"], led.headers["cache-control"]) == (
        303, "no-referrer", "no-store",
    )  # fmt: skip
    assert (spent.status_code, without.status_code) == (401, 401)
    assert "dlthub serve" in without.text


async def test_cancel_ends_the_app_and_its_origin(app: OpenApp) -> None:
    app.place.control.cancel(app.lease)
    outcome = await app.place.control.wait_end(app.lease)
    after = await app.browser.get("/", headers={"accept": "text/html"})

    assert outcome == "cancelled"
    assert (after.status_code, "not running" in after.text.lower()) == (404, True)


async def test_restart_of_the_region_finds_the_app_and_the_cookie_again() -> None:
    with open_folder("region-") as folder:
        wheels = Path(folder) / "wheels"
        wheels.mkdir()
        install_app_launcher(wheels)
        home = Path(folder) / "eu1"
        async with LeasingControlPlane().serving() as control:
            async with running_region(home, control) as place:
                lease = await start(place)
                await control.wait_status(lease, "running")
                opened = (await ask_to_open(place, lease)).json()
                async with browser() as client:
                    entered = await client.get(opened["url"])
                known = place.region
            async with running_region(home, control, known) as place:
                await until(lambda: place.region.plane.gateway.apps.find(lease.run_id))
                again = (await ask_to_open(place, lease)).json()
                app = place.region.plane.gateway.apps.find(lease.run_id)
                assert app is not None
                await until(lambda: app.place)
                cookie = entered.headers["set-cookie"].partition(";")[0]
                async with browser(again["origin"]) as client:
                    answer = await client.get("/", headers={"cookie": cookie})
                await place.region.plane.running.runs.stop(lease.run_id, lease.fence)
                await control.wait_end(lease)

    assert answer.status_code == 200
    assert control.statuses[lease.run_id].count("running") == 1


async def test_app_is_reached_through_the_gateway_only(app: OpenApp) -> None:
    """Its launcher asked to listen on every address of the machine."""
    found = app.place.region.plane.gateway.apps.find(app.lease.run_id)
    assert found is not None
    assert found.place is not None
    port = found.place.port

    with pytest.raises(OSError, match=r"refused|connect"):
        await anyio.connect_tcp("127.0.0.1", port)
    assert (await app.browser.get("/")).status_code == 200
    assert found.place.socket is not None
    folder = Path(found.place.socket).parent
    assert folder.stat().st_mode & 0o777 == 0o700


async def test_app_reaches_out_and_its_other_sockets_stay_on_loopback(app: OpenApp) -> None:
    """It connects to the control plane's port; a helper that listens everywhere is kept on this machine."""
    outside = int(app.place.control.url.rpartition(":")[2])
    said = (await app.browser.get("/network", params={"port": outside})).json()

    assert said["reached"] is True
    assert said["helper"] == ["127.0.0.1", True]
    assert said["udp"] == "0.0.0.0"
    assert said["outward"] == "refused"
