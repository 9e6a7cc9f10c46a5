"""Real launchers in real environments, through the gateway: marimo, Streamlit, FastMCP, the workspace dashboard."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
from tests.fakes.apps import browser
from tests.fakes.chromium import chromium, needs_chromium
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.workspaces import LAUNCHERS, definition, job_python, open_folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.settings import BuilderSettings
from planes.wire.link import Lease

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow]

NOTEBOOK = b"""import marimo
app = marimo.App()

@app.cell
def _():
    import marimo as mo
    slider = mo.ui.slider(1, 9, value=4)
    slider
    return mo, slider

@app.cell
def _(mo, slider):
    mo.md(f"the harvest is {slider.value * 1000 + 321}")
    return

if __name__ == "__main__":
    app.run()
"""
PAGE = b"""import streamlit as st
st.title("Orchard")
if st.button("Harvest"):
    st.write(f"the harvest is {4000 + 321}")
"""
TOOLS = b"""from fastmcp import FastMCP
mcp = FastMCP("orchard")

@mcp.tool
def harvest(trees: int) -> str:
    return f"the harvest is {trees * 1000 + 321}"
"""
STARTED_SECONDS = 400
APPS: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "marimo": (NOTEBOOK, ("marimo>=0.23,<1", "uvicorn")),
    "streamlit": (PAGE, ("streamlit>=1.50,<2",)),
    "mcp": (TOOLS, ("fastmcp>=2.14,<4", "uvicorn")),
    "dashboard": (b"", ("marimo>=0.23,<1", "ibis-framework", "pyarrow", "duckdb")),
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def place(anyio_backend: str) -> AsyncGenerator[RunningRegion]:
    passed = {
        name: value for name, value in os.environ.items() if name.startswith(("UV_", "SSL_")) or "PROXY" in name.upper()
    }
    with open_folder("region-") as folder:
        async with (
            LeasingControlPlane().serving() as control,
            running_region(Path(folder) / "eu1", control, builder=BuilderSettings(environment=passed)) as running,
        ):
            yield running


@asynccontextmanager
async def running(place: RunningRegion, launcher: str, **values: Any) -> AsyncGenerator[Lease]:
    """A run that answers, until the block ends."""
    code, packages = APPS[launcher]
    requirements = {
        "engine_version": 2, "python_version": job_python(),
        "dlt_version": {"name": "dlt", "extras": [], "version": "1.31.0", "mode": "pypi"},
        "default_groups": ["main"], "groups": {"main": ["dlt==1.31.0", *packages]}, "launcher_requirements": {},
    }  # fmt: skip
    deployment = await place.deploy({"app.py": code}, json.dumps(requirements).encode())
    configuration = await place.configure({"access.config.toml": b"a = 1\n"})
    entry_point = {
        "module": "app", "function": None, "job_type": "interactive", "launcher": f"{LAUNCHERS}.{launcher}",
    }  # fmt: skip
    lease = place.control.lease(
        organization_id=place.region.organization_id, workspace_id=place.region.workspace_id,
        deployment_id=deployment, configuration_id=configuration, profile="access", trigger="http:",
        definition={**definition("app"), "entry_point": entry_point, "triggers": ["http:"]},
        job_ref="jobs.app", **{"time_limit_seconds": 600, **values},
    )  # fmt: skip
    said = await place.control.wait_status(lease, "running", "failed", seconds=STARTED_SECONDS)
    assert said == "running", await place.lines(lease, None)
    try:
        yield lease
    finally:
        with anyio.CancelScope(shield=True):
            place.control.cancel(lease)
            assert await place.control.wait_end(lease) == "cancelled"


async def opened(place: RunningRegion, lease: Lease) -> dict[str, Any]:
    """The addresses of the app."""
    path = f"/own/v1/workspaces/{lease.workspace_id}/job-runs/{lease.run_id}/-open-app"
    answer = await place.region.client.post(path, headers=place.region.headers(role="owner"))
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("launcher", ["marimo", "streamlit", "dashboard"])
async def test_page_and_its_assets_come_from_the_app_itself(place: RunningRegion, launcher: str) -> None:
    headers = {"accept": "text/html"}
    async with running(place, launcher) as lease:
        where = await opened(place, lease)
        async with browser(where["origin"], headers=headers, follow_redirects=True) as client:
            page = await client.get(where["url"])
        async with browser(where["origin"], headers=headers) as second:
            refused = await second.get("/")

    assert page.status_code == 200, page.text
    assert "cdn.jsdelivr.net" not in page.text
    assert refused.status_code == 401


# What a person does on the page after it has loaded, and what it then shows.
DEEDS = {
    "marimo": ("the harvest is 4321", None, None),
    "streamlit": (
        "Orchard",
        "document.querySelector('[data-testid=stButton] button').click(), 1",
        "the harvest is 4321",
    ),
    "dashboard": ("No pipelines found yet", None, None),
}


@needs_chromium
@pytest.mark.parametrize("launcher", list(DEEDS))
async def test_app_works_in_a_browser_that_asks_nobody_else(place: RunningRegion, launcher: str) -> None:
    shown, deed, then = DEEDS[launcher]
    async with running(place, launcher) as lease, chromium() as window:
        person, stranger = await window.page(), await window.page()
        where = await opened(place, lease)
        await person.open(where["url"])
        await person.shows(shown, 90)
        if deed is not None and then is not None:
            await person.wait_for(deed)
            await person.shows(then)
        address = await person.evaluate("location.href")
        await stranger.open(where["url"])
        await stranger.shows("Sign in to open this app")
        tried = await stranger.evaluate(_socket_opens(where["origin"]))

    host = where["origin"].removeprefix("http://")
    assert person.hosts() == {host}, person.hosts()
    # The dashboard's page names a picture on its makers' site; everything else comes from the app.
    stopped = {urlsplit(url).netloc for url in person.stopped}
    assert stopped == ({"dlthub.com"} if launcher == "dashboard" else set())
    assert any(url.startswith(f"ws://{host}/") for url in person.asked)
    assert person.messages > 0
    assert "ticket" not in address
    assert tried is False


def _socket_opens(origin: str) -> str:
    address = json.dumps(origin.replace("http", "ws", 1) + "/ws")
    return f"""new Promise(done => {{ const socket = new WebSocket({address});
        socket.onopen = () => done(true); socket.onerror = () => done(false); }})"""


async def test_mcp_client_calls_a_tool_with_a_token(place: RunningRegion) -> None:
    headers = {**place.region.headers(role="owner"), "accept": "application/json, text/event-stream"}
    async with running(place, "mcp") as lease:
        where = await opened(place, lease)
        async with browser(where["origin"], headers=headers) as client:
            began = await client.post("/mcp", json=_call("initialize", {
                "protocolVersion": "2025-03-26", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
            }))  # fmt: skip
            client.headers["mcp-session-id"] = began.headers["mcp-session-id"]
            await client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})
            called = await client.post("/mcp", json=_call("tools/call", {"name": "harvest", "arguments": {"trees": 4}}))
            nothing = await client.get("/", headers={"accept": "application/json"})
            page = await client.get("/", headers={"accept": "text/html"})
        async with browser(where["origin"]) as stranger:
            refused = await stranger.post("/mcp", json=_call("tools/list", {}))

    assert "the harvest is 4321" in called.text
    assert refused.status_code == 401
    assert (nothing.status_code, page.status_code) == (404, 200)
    assert f"{where['origin']}/mcp" in page.text


def _call(method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
