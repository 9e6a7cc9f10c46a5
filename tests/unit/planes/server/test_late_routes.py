"""Routes that read their function when they are first used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query

from planes.control_plane.app import ROUTERS as CONTROL_ROUTERS
from planes.data_plane.app import ROUTERS as REGION_ROUTERS
from planes.server.errors import install_error_handlers
from planes.server.late_routes import LateRoute, LateRouter, add_routers


class Opaque:
    """No validator can be made for it."""


def late() -> tuple[LateRouter, LateRoute]:
    router = LateRouter(prefix="/things")

    @router.get("/{thing}")
    async def read(thing: int) -> dict[str, int]:  # pyright: ignore[reportUnusedFunction]
        return {"thing": thing}

    (route,) = router.routes
    assert isinstance(route, LateRoute)
    return router, route


def is_built(route: LateRoute) -> bool:
    return "dependant" in vars(route)


@pytest.mark.anyio
async def test_function_is_read_when_a_request_comes() -> None:
    router, route = late()
    app = FastAPI()
    add_routers(app, [router])

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plane") as client:
        assert (await client.get("/other")).status_code == 404
        assert (await client.post("/things/3")).status_code == 405
        assert not is_built(route)

        assert (await client.get("/things/3")).json() == {"thing": 3}
        assert (await client.get("/things/x")).status_code == 422
        assert is_built(route)


def test_document_has_what_was_never_asked_for() -> None:
    router, _route = late()
    app = FastAPI()
    add_routers(app, [router])

    parameters = app.openapi()["paths"]["/things/{thing}"]["get"]["parameters"]

    assert parameters[0]["schema"]["type"] == "integer"


def test_what_a_route_does_not_have_is_missing() -> None:
    _router, route = late()

    with pytest.raises(AttributeError, match="no attribute 'colour'"):
        _ = route.colour
    with pytest.raises(AttributeError):
        _ = route.__colour__


def test_function_that_cannot_be_read_fails_each_time() -> None:
    def read(thing: Opaque) -> None:
        pass

    route = LateRoute("/things", read)

    for _ in range(2):
        with pytest.raises(Exception, match="Invalid args for response field"):
            _ = route.dependant


def _page(limit: Annotated[int, Query()] = 100) -> int:
    return limit


def _served(routers: Sequence[APIRouter]) -> httpx.AsyncClient:
    app = FastAPI()
    install_error_handlers(app)
    add_routers(app, routers)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://plane")


@pytest.mark.anyio
async def test_a_parameter_of_one_value_is_given_once() -> None:
    router = LateRouter()

    @router.get("/things")
    async def read(  # pyright: ignore[reportUnusedFunction]
        size: Annotated[int, Depends(_page)], kind: Annotated[list[str] | None, Query()] = None
    ) -> list[str]:
        return [*(kind or []), str(size)]

    async with _served([router]) as client:
        twice = await client.get("/things?limit=1&kind=a&limit=1")

        assert (await client.get("/things?kind=a&kind=b&limit=1&other=1&other=2")).json() == ["a", "b", "1"]
        assert twice.status_code == 400
        assert twice.json()["extra"] == [{"key": "query.limit", "message": "was given more than once"}]


@pytest.mark.anyio
@pytest.mark.parametrize("routers", [CONTROL_ROUTERS, REGION_ROUTERS], ids=["control plane", "region"])
async def test_no_route_takes_the_last_of_several_values(routers: Sequence[APIRouter]) -> None:
    app = FastAPI()
    add_routers(app, routers)
    asked, taken = 0, set[str]()
    async with _served(routers) as client:
        for path, item in app.openapi()["paths"].items():
            for method, operation in item.items():
                for parameter in operation.get("parameters", ()):
                    schemas = parameter["schema"].get("anyOf", [parameter["schema"]])
                    if parameter["in"] != "query" or any(schema.get("type") == "array" for schema in schemas):
                        continue
                    name = parameter["name"]
                    address = re.sub(r"\{\w+\}", "x", path)
                    answer = await client.request(method, f"{address}?{name}=1&{name}=1")
                    refusal = {"key": f"query.{name}", "message": "was given more than once"}
                    asked += 1
                    if answer.status_code != 400 or refusal not in answer.json()["extra"]:
                        taken.add(f"{method} {path} {name}")

    assert asked > 20
    assert taken == set()
