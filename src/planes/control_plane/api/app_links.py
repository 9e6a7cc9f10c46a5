"""Addresses of interactive jobs: each leads on to the region at once, with what it brought (Contract: 2.1, 4.5).

What is shown there never passes through here.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.responses import RedirectResponse

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_routes import PageRoute
from planes.control_plane.services import app_links
from planes.server.late_routes import LateRouter

router = LateRouter(route_class=PageRoute, include_in_schema=False)
Id = Annotated[str, Path(max_length=64)]


@router.get("/apps/{workspace_id}/{job_id}")
async def open_app(
    parts: CurrentParts, workspace_id: Id, job_id: Id, swap: Annotated[str | None, Query(max_length=128)] = None
) -> RedirectResponse:
    url = await app_links.find_dataplane_url(parts, workspace_id)
    return _onward(f"{url}/apps/{workspace_id}/{job_id}", swap)


@router.get("/public/{secret}")
async def open_public_app(parts: CurrentParts, secret: Id) -> RedirectResponse:
    found = await app_links.find_published(parts, secret)
    return _onward(f"{found.workspace.dataplane_url}/public/{secret}")


def _onward(address: str, swap: str | None = None) -> RedirectResponse:
    if swap:
        address = f"{address}?{urlencode({'swap': swap})}"
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(address, status_code=303, headers=headers)
