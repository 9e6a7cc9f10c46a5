"""Addresses of interactive jobs: each leads on to the region, with what it brought (Contract: 2.1, 4.5).

The command line prints them without a code: who brings none signs in on the way, where the pages of web links do.
What is shown in the region never passes through here.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import Path, Query
from starlette.responses import RedirectResponse

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_routes import PageRoute
from planes.control_plane.api.web_visits import see_other
from planes.control_plane.services.work import app_links
from planes.server.late_routes import LateRouter

router = LateRouter(route_class=PageRoute, include_in_schema=False)
Id = Annotated[str, Path(max_length=64)]


@router.get("/apps/{workspace_id}/{job_id}")
async def open_app(
    parts: CurrentParts, workspace_id: Id, job_id: Id, swap: Annotated[str | None, Query(max_length=128)] = None
) -> RedirectResponse:
    if not swap:
        return see_other(f"/w/{workspace_id}/jobs/{job_id}/-app")
    url = await app_links.find_dataplane_url(parts, workspace_id)
    return see_other(f"{url}/apps/{workspace_id}/{job_id}?{urlencode({'swap': swap})}")


@router.get("/public/{secret}")
async def open_public_app(parts: CurrentParts, secret: Id) -> RedirectResponse:
    found = await app_links.find_published(parts, secret)
    return see_other(f"{found.workspace.dataplane_url}/public/{secret}")
