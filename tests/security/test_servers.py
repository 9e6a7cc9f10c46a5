"""What every server refuses before a route is reached: other names, other origins, what is no address at all."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import running_data_plane
from tests.fakes.identity_stage import identity_stage

pytestmark = pytest.mark.anyio
NO_HOSTS = ["evil.example", "evil.example:8400", "127.0.0.1.evil.example", "[", "[::1", "a]b", "", "localhost.", "@"]
OURS_AND_MORE = ["us@{}", "{}#evil.example", "{}/evil.example", "{}, evil.example", "{}:1:1", "{}:999999", "{}\\"]
NO_ORIGINS = ["https://evil.example", "http://[", "null", "http://127.0.0.1:1", "file://", "]["]


@pytest.fixture(params=["control", "data"])
async def plane(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of each plane in turn."""
    if request.param == "control":
        async with identity_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as stage:
            yield stage.client
        return
    async with FakeControlPlane().serving() as control, running_data_plane(tmp_path / "eu1", control) as region:
        app = httpx.ASGITransport(app=region.plane.app)
        async with httpx.AsyncClient(transport=app, base_url=str(region.client.base_url), timeout=240) as client:
            yield client


async def _routes(plane: httpx.AsyncClient) -> list[tuple[str, str]]:
    document: dict[str, Any] = (await plane.get("/openapi.json")).json()
    routes = [(method.upper(), path) for path, item in document["paths"].items() for method in item]
    routes += [("GET", path) for path in ("/openapi.json", "/device", "/authorize", "/", "/nothing")]
    return [(method, re.sub(r"\{[^}]*\}", "0b8e607e-7d6d-456c-a3cc-e652fefc0932", path)) for method, path in routes]


async def test_another_name_is_misdirected_on_every_route(plane: httpx.AsyncClient) -> None:
    hosts = NO_HOSTS + [host.format(plane.base_url.host) for host in OURS_AND_MORE]
    answers = {
        (host, method, path): (await plane.request(method, path, headers={"host": host})).status_code
        for host in hosts
        for method, path in await _routes(plane)
    }

    assert len(answers) > 100
    assert set(answers.values()) == {421}, {key for key, status in answers.items() if status != 421}


async def test_a_page_of_another_origin_changes_nothing_anywhere(plane: httpx.AsyncClient) -> None:
    answers = {
        (origin, method, path): (await plane.request(method, path, headers={"origin": origin})).status_code
        for origin in NO_ORIGINS
        for method, path in await _routes(plane)
        if method not in {"GET", "HEAD"}
    }

    assert len(answers) > 20
    assert set(answers.values()) == {403}, {key for key, status in answers.items() if status != 403}


async def test_no_answer_lets_another_origin_read_it(plane: httpx.AsyncClient) -> None:
    for method, path in await _routes(plane):
        answer = await plane.request(method, path, headers={"origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
