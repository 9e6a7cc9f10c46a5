"""Routes that read their function when they are first used."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

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
