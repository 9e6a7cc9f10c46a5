"""Who looks at the region's pages: let in by a swap code, then by a cookie for the pages of that one workspace."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planes.data_plane.api.authentication import services_of
from planes.data_plane.services.app_visits import COOKIE_SECONDS
from planes.data_plane.services.audit import Actor
from planes.domain.errors import NotAuthenticated, NotFound, PlaneError
from planes.domain.identifiers import is_uuid
from planes.server.errors import render_error
from planes.server.late_routes import LateRoute
from planes.server.page_document import Ways, page
from planes.server.page_parts import paragraph, problem
from planes.tokens.claims import Claims

COOKIE = "planes_pages"
Part = Annotated[str, Path(max_length=512)]
_QUIET = Ways(has_forms=False)
_WAY_IN = "Open it from a web link again, or from a terminal that is signed in: dlthub show"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who may read the workspace that the address names."""

    claims: Claims
    workspace_id: str

    @property
    def actor(self) -> Actor:
        """The same, for the audit log."""
        return Actor.of(self.claims)

    @property
    def path(self) -> str:
        """Where the pages of the workspace are."""
        return f"/w/{self.workspace_id}"


class VisitRoute(LateRoute):
    """Lets a visitor in who brings a code, and answers our errors as pages for people."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_visitors(request: Request) -> Response:
            try:
                return await handle(request)
            except _LetIn as done:
                return done.response
            except NotAuthenticated as exc:
                return _refusal("Sign in to see this", exc)
            except PlaneError as exc:
                return _refusal("That did not work", exc)
            except RequestValidationError:
                return page("That did not work", problem("The address cannot be read."), status=400, ways=_QUIET)

        return handle_visitors


class _LetIn(Exception):
    """The visitor brought a code: the cookie, and the clean address."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def _visit(request: Request, workspace_id: Part, swap: Annotated[str, Query(max_length=128)] = "") -> Visit:
    """FastAPI dependency. Raises: NotAuthenticated, NotFound, and what lets the visitor in."""
    if not is_uuid(workspace_id):
        raise NotFound("workspace_not_found", "There is no such workspace here.")
    visits = services_of(request).app_visits
    if swap:
        claims = await visits.redeem_swap_code(swap, workspace_id, None)
        raise _LetIn(_let_in(request, workspace_id, visits.cookie_of(claims, _key(workspace_id))))
    claims = visits.of_cookie(request.cookies.get(COOKIE, ""), _key(workspace_id))
    if claims.workspace_id != workspace_id:
        raise NotAuthenticated("not_signed_in", "You are not signed in to this page.")
    return Visit(claims=claims, workspace_id=workspace_id)


CurrentVisit = Annotated[Visit, Depends(_visit)]


def _let_in(request: Request, workspace_id: str, cookie: str) -> Response:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    answer = RedirectResponse(request.scope["raw_path"].decode("latin-1"), status_code=303, headers=headers)
    secure = services_of(request).parts.public_url.startswith("https:")
    # Not strict: a browser that comes from the control plane's origin would not bring it along. Pages only show.
    answer.set_cookie(
        COOKIE, cookie, max_age=COOKIE_SECONDS, path=f"/w/{workspace_id}", secure=secure, httponly=True, samesite="lax"
    )
    return answer


def _key(workspace_id: str) -> str:
    """No cookie of an app opens these pages, and none of theirs an app."""
    return f"pages/{workspace_id}"


def _refusal(title: str, error: PlaneError) -> HTMLResponse:
    answer = render_error(error)
    way_in = paragraph(_WAY_IN) if isinstance(error, NotAuthenticated) else ""
    return page(title, problem(error.detail) + way_in, status=answer.status_code, ways=_QUIET)
