"""Every principal at every route of both planes, at home and elsewhere, against the matrix of `role_matrix`.

What a call would change is undone at its end, so that each meets the same platform.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.security.matrix_place import Place, Target, cell, filled, place, rehearsed
from tests.security.role_matrix import (
    CONTROL,
    CONTROL_ASKS,
    CONTROL_ROUTES,
    LINK_ROUTES,
    PRINCIPALS,
    REGION,
    REGION_ASKS,
    REGION_ROUTES,
)

from planes.control_plane.api import authentication as control_authentication
from planes.control_plane.app import ROUTERS as CONTROL_ROUTERS
from planes.data_plane.api import authentication as region_authentication
from planes.data_plane.api import logs
from planes.data_plane.app import ROUTERS as REGION_ROUTERS
from planes.domain.identifiers import new_id
from planes.domain.route_grants import CONTROL_PLANE_ROUTES, DATA_PLANE_ROUTES

__all__ = ["place", "rehearsed"]

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def routes_of(routers: Iterable[Any]) -> set[str]:
    return {
        f"{method} {route.path}"
        for router in routers
        for route in router.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }


def test_every_route_is_in_the_matrix_and_in_the_table() -> None:
    control, region = routes_of(CONTROL_ROUTERS), routes_of(REGION_ROUTERS)

    assert set(CONTROL_ROUTES) | LINK_ROUTES == control
    assert set(REGION_ROUTES) == region
    assert set(CONTROL_PLANE_ROUTES) == control
    assert set(DATA_PLANE_ROUTES) == region


def test_the_table_asks_what_the_matrix_says() -> None:
    """What serves a route asks by itself, too, so that no answer shows what the table asks."""
    asked = {route: (CONTROL_PLANE_ROUTES[route].caller, CONTROL_PLANE_ROUTES[route].permission)
             for route in CONTROL_ROUTES}  # fmt: skip
    region = {
        route: (DATA_PLANE_ROUTES[route].grant, DATA_PLANE_ROUTES[route].lowest_role)
        for route, name in REGION_ROUTES.items()
        if name not in {"open", "upload"}
    }

    assert asked == {route: CONTROL_ASKS[name] for route, name in CONTROL_ROUTES.items()}
    assert {route: asks for route, asks in region.items() if asks not in REGION_ASKS[REGION_ROUTES[route]]} == {}


async def _deviations(place: Place, wheres: Iterable[str], routes: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Route and place → the cells that are to be, and those that were found."""
    wrong: dict[str, tuple[str, str]] = {}
    for route in routes:
        rows = CONTROL[CONTROL_ROUTES[route]]
        for where in wheres:
            expected = {"own": rows.own, "sibling": rows.sibling}.get(where, rows.elsewhere)
            if not expected or (where == "sibling" and "{workspace_id}" not in route):
                continue
            target: Target = getattr(place, where)
            answers = [await place.ask(route, principal, target) for principal in PRINCIPALS]
            if expected == "same":
                found = "".join("=" if one.status_code == answers[-1].status_code else "?" for one in answers)
                expected = "=" * len(PRINCIPALS)
            else:
                found = "".join(map(cell, answers))
            if found != expected:
                wrong[f"{route} ({where})"] = (expected, found)
    return wrong


async def test_every_principal_at_every_route_of_the_control_plane(rehearsed: Place) -> None:
    assert await _deviations(rehearsed, ("own", "sibling", "same_region", "other_region"), CONTROL_ROUTES) == {}


async def test_the_control_plane_lets_nobody_do_more_without_its_table(
    rehearsed: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_authentication, "CONTROL_PLANE_ROUTES", {})

    assert await _deviations(rehearsed, ("own",), [r for r, name in CONTROL_ROUTES.items() if name != "open"]) == {}


async def test_only_the_region_of_a_run_reports_it(rehearsed: Place) -> None:
    at = rehearsed.stage.clock.now().isoformat()
    bodies = {
        "PUT /link/v1/runs/{run_id}/status": {"fence": 1, "status": "running", "at": at},
        "POST /link/v1/runs/{run_id}/-issue-token": {"fence": 1},
        "PUT /link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}": {
            "fence": 1, "pipeline_name": "p", "status": "succeeded",
        },
    }  # fmt: skip
    for route in LINK_ROUTES:
        for principal in (one for one in PRINCIPALS if one != "data plane"):
            answer = await rehearsed.ask(route, principal, rehearsed.own)
            assert answer.status_code == 401, (route, principal)
    for route, body in bodies.items():
        method, path = route.split(" ")
        address = filled(path, rehearsed.own)
        for region, expected in (("eu1", {200}), ("us1", {404, 409})):
            content, headers = rehearsed.stage.signed(region, method, address, body)
            answer = await rehearsed.stage.client.request(method, address, content=content, headers=headers)
            assert answer.status_code in expected, (route, region, answer.text)


@dataclass(kw_only=True)
class Regions:
    """Both data planes, and the tokens that the principals of the control plane get for their workspace."""

    place: Place
    planes: dict[str, RunningDataPlane]
    tokens: dict[str, str | None]
    uploads: dict[tuple[str, str], tuple[str, str] | None]

    async def ask(self, plane: str, route: str, target: Target, token: str | None) -> httpx.Response:
        method, path = route.split(" ")
        if path.endswith("log-stream"):  # of the run that goes on it would have no end
            target = Target(ids={**target.ids, "run_id": new_id()})
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        rest: dict[str, Any] = {}
        if route.endswith("-upload"):
            rest["files"] = {
                "file": ("a.tar.gz", pack({"prod.config.toml": b"a = 1\n"}), "application/x-tar"),
                **({"requirements_file": ("r.json", REQUIREMENTS, "application/json")} if "deploy" in route else {}),
            }
        elif route.startswith("PATCH"):
            rest["json"] = {"profile": None, "upserts": []}
        elif route.startswith("PUT /own"):
            rest["json"] = {"pii": [], "patterns": [], "allowed": []}
        elif route.startswith("POST"):
            rest["json"] = {}
        elif route.endswith(("-search", "-new", "-compare", "-first")):
            rest["params"] = {"text": "x", "against": target.ids["run_id"], "at": "2026-01-01T00:00:00Z"}
        return await self.planes[plane].client.request(method, filled(path, target), headers=headers, **rest)


@pytest.fixture
async def regions(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Regions]:
    monkeypatch.setattr(logs, "LEASE_WAIT_SECONDS", 0)
    key = place.stage.parts.signing_key
    async with (
        FakeControlPlane(key=key, dataplane_id="eu1").serving() as near,
        FakeControlPlane(key=key, dataplane_id="us1").serving() as far,
        running_data_plane(tmp_path / "eu1", near) as eu1,
        running_data_plane(tmp_path / "us1", far, dataplane_id="us1") as us1,
    ):
        ids = place.own.ids
        await eu1.hold_run(
            ids["run_id"], organization_id=ids["organization_id"], workspace_id=ids["workspace_id"]
        )  # fmt: skip
        tokens: dict[str, str | None] = {}
        uploads: dict[tuple[str, str], tuple[str, str] | None] = {}
        for principal in PRINCIPALS:
            found = await place.ask(
                "POST /api/v1/workspaces/{workspace_id}/-issue-dataplane-token", principal, place.own
            )
            tokens[principal] = found.json()["token"] if found.status_code == 200 else None
            for kind in ("deployment", "configuration"):
                issue = f"POST /api/v1/workspaces/{{workspace_id}}/{kind}s/-issue-upload"
                ticket = await place.ask(issue, principal, place.own)
                body = ticket.json()
                uploads[principal, kind] = (
                    (body[f"{kind}_id"], body["upload_token"]) if ticket.status_code == 200 else None
                )
        yield Regions(place=place, planes={"eu1": eu1, "us1": us1}, tokens=tokens, uploads=uploads)


async def test_every_principal_at_every_route_of_a_region(regions: Regions) -> None:
    wrong: dict[str, tuple[str, str]] = {}
    asking = PRINCIPALS[: len(REGION["read"])]
    for route, name in REGION_ROUTES.items():
        expected = REGION[name]
        if expected == "same":
            answers = [await regions.ask("eu1", route, regions.place.own, token) for token in regions.tokens.values()]
            assert len({answer.status_code for answer in answers}) == 1, route
            continue
        for where, plane, target in (
            ("own", "eu1", regions.place.own), ("sibling", "eu1", regions.place.sibling),
            ("other organization", "eu1", regions.place.same_region), ("other region", "us1", regions.place.own),
            ("other region's workspace", "us1", regions.place.other_region),
        ):  # fmt: skip
            cells = [await _region_cell(regions, plane, route, target, principal, name) for principal in asking]
            row = expected if where == "own" else "".join(
                one if one == "." or (one == "-" and name == "upload") else ("o" if plane == "eu1" else "x")
                for one in expected
            )  # fmt: skip
            if "".join(cells) != row:
                wrong[f"{route} ({where})"] = (row, "".join(cells))

    assert wrong == {}


async def test_a_region_lets_nobody_do_more_without_its_table(
    regions: Regions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the lowest role of a route, which the table alone knows."""
    monkeypatch.setattr(region_authentication, "DATA_PLANE_ROUTES", {})
    wrong: dict[str, tuple[str, str]] = {}
    for route, name in REGION_ROUTES.items():
        if name in {"read", "owners", "alerts"}:
            asking = PRINCIPALS[: len(REGION[name])]
            cells = [await _region_cell(regions, "eu1", route, regions.place.own, one, name) for one in asking]
            if "".join(cells) != REGION[name]:
                wrong[route] = (REGION[name], "".join(cells))

    assert wrong == {}


async def _region_cell(
    regions: Regions, plane: str, route: str, target: Target, principal: str, name: str
) -> str:  # fmt: skip
    token = regions.tokens[principal]
    if token is None:
        return "."
    if name == "upload":
        kind = "deployment" if "deployments" in route else "configuration"
        ticket = regions.uploads[principal, kind]
        if ticket is None:
            return "-"
        token = ticket[1]
        target = Target(ids={**target.ids, f"{kind}_id": ticket[0]})
    return cell(await regions.ask(plane, route, target, token))


async def test_no_other_credential_opens_a_region(regions: Regions) -> None:
    """Sessions, keys, run tokens and the tokens of uploads are for other doors."""
    credentials = [None, *filter(None, regions.place.credentials.values())]
    region_token = regions.tokens["workspace owner"]
    for route, name in REGION_ROUTES.items():
        if name == "open":
            continue
        for credential in credentials:
            if credential == regions.place.credentials["region token"] and name != "upload":
                continue
            assert (await regions.ask("eu1", route, regions.place.own, credential)).status_code == 401, route
        if name == "upload":
            assert (await regions.ask("eu1", route, regions.place.own, region_token)).status_code == 401, route
