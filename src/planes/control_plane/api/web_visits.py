"""Who looks at the pages behind web links: signed in by a swap code or a password, and led on to what they asked for.

    link with a code ──► cookie, the clean address ──► the page
    link without     ──► the form ──► cookie, a page that goes on to what was asked for

A cookie of `/w` holds the session; a revocation ends it with the session (Security: 9, 11).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_layout import credentials
from planes.control_plane.api.page_routes import Field, PageRoute, form_mark, genuine_form, with_cookie
from planes.control_plane.api.requester import address_of
from planes.control_plane.services.identity import browsing
from planes.control_plane.services.identity.principals import Principals
from planes.control_plane.services.identity.sign_in import find_user_by_password
from planes.control_plane.services.organizations import workspaces
from planes.control_plane.services.parts import Parts
from planes.domain.access import Principal
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import is_uuid
from planes.server.late_routes import LateRouter
from planes.server.page_document import Ways, page
from planes.server.page_parts import hidden, link, paragraph, problem
from planes.storage.control.workspaces import Workspace

COOKIE = "planes_session"
Part = Annotated[str, Path(max_length=1024)]
Swap = Annotated[str, Query(max_length=128)]


class VisitRoute(PageRoute):
    """A page for who is let in; others get what leads them there."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_visitors(request: Request) -> Response:
            try:
                return await handle(request)
            except _Detour as detour:
                return detour.response

        return handle_visitors

    def refusal(self, request: Request, /, detail: str, status: int) -> HTMLResponse:
        """Says too who is signed in: what one person may not see, another who uses the browser may."""
        visitor: Principal | None = getattr(request.state, "visitor", None)
        value, mark = form_mark(request)
        who = _who(request, visitor, mark) if visitor else ""
        return with_cookie(request, page("That did not work", problem(detail) + who, status=status), value)


router = LateRouter(prefix="/w", route_class=VisitRoute, include_in_schema=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Somebody who may read the workspace that the address names."""

    parts: Parts
    principal: Principal
    workspace: Workspace
    request: Request

    def page(self, title: str, body: str, ways: Ways) -> HTMLResponse:
        """A wide page that ends with who sees it, and the way out."""
        value, mark = form_mark(self.request)
        answer = page(title, body + _who(self.request, self.principal, mark), is_wide=True, ways=ways)
        return with_cookie(self.request, answer, value)

    @property
    def path(self) -> str:
        """Where the pages of the workspace are."""
        return f"/w/{self.workspace.id}"


class _Detour(Exception):
    """The way to the page, for who is not there yet."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


async def _visit(request: Request, parts: CurrentParts, workspace_id: Part, swap: Swap = "") -> Visit:
    """FastAPI dependency. Raises: NotFound, and what leads the visitor on."""
    principal = await _find_principal(request, parts, swap)
    request.state.visitor = principal
    return Visit(
        request=request,
        parts=parts,
        principal=principal,
        workspace=await workspaces.get_workspace(parts, principal, workspace_id),
    )


CurrentVisit = Annotated[Visit, Depends(_visit)]


@router.post("/-sign-in", dependencies=[Depends(genuine_form)])
async def sign_in(
    request: Request, parts: CurrentParts, email: Field = "", password: Field = "", onward: Field = ""
) -> Response:
    user = await find_user_by_password(parts, email, password, address_of(request))
    if user is None:
        return _ask_to_sign_in(request, onward, "The e-mail address or the password is wrong.", email)
    place = _within(onward)
    # Redirects that follow a form count as its action: a browser would not be led on to the region, and say nothing.
    answer = page("Signed in", f"<p>{link(place, 'Go on')}</p>", ways=Ways(has_forms=False, goes_to=place))
    return _with_session(parts, answer, await browsing.by_password(parts, user))


@router.post("/-sign-out", dependencies=[Depends(genuine_form)])
async def sign_out(request: Request, parts: CurrentParts, onward: Field = "") -> Response:
    """Forgets who is signed in here. A session that began here ends; that of a link is the terminal's and goes on."""
    principals: Principals = request.app.state.principals
    with suppress(NotAuthenticated):
        await browsing.end(parts, await principals.authenticate(request.cookies.get(COOKIE, "")))
    answer = see_other(_within(onward))
    answer.delete_cookie(COOKIE, path="/w", httponly=True, samesite="lax")
    return answer


async def to_region(visit: Visit, path: str) -> RedirectResponse:
    """Leads on to a page of the workspace's region, with a code that is good once."""
    code = await browsing.swap_code_of(visit.parts, visit.principal)
    return see_other(f"{visit.workspace.dataplane_url}{path}?swap={code}")


def see_other(address: str) -> RedirectResponse:
    """Leads on, and leaves no trace of where from."""
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(address, status_code=303, headers=headers)


async def _find_principal(request: Request, parts: Parts, swap: str) -> Principal:
    if swap:
        answer = see_other(request.url.path)
        with suppress(NotAuthenticated):
            _with_session(parts, answer, await browsing.by_swap_code(parts, swap))
        raise _Detour(answer)
    principals: Principals = request.app.state.principals
    try:
        return await principals.authenticate(request.cookies.get(COOKIE, ""))
    except NotAuthenticated as exc:
        raise _Detour(_ask_to_sign_in(request, request.url.path)) from exc


def _ask_to_sign_in(request: Request, onward: str, trouble: str = "", email: str = "") -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(trouble)
        + f'<form method="post" action="/w/-sign-in">{mark}{hidden("onward", onward)}{credentials(email)}'
        + "<button>Sign in</button></form>"
        + paragraph("Or open the page from a terminal that is signed in: dlthub show")
    )
    return with_cookie(request, page("Sign in to see this", body, status=400 if trouble else 401), value)


def _who(request: Request, visitor: Principal, mark: str) -> str:
    """Who is signed in, and the form that ends it and asks anew for the same page."""
    return (
        f'<form method="post" action="/w/-sign-out">{mark}{hidden("onward", request.url.path)}'
        f'<span class="soft">Signed in as {escape(visitor.email)}</span> '
        '<button aria-label="Sign out">Sign out</button></form>'
    )


def _with_session(parts: Parts, answer: Response, cookie: str) -> Response:
    secure = parts.public_url.startswith("https:")
    answer.set_cookie(
        COOKIE, cookie, max_age=parts.session_seconds, path="/w", secure=secure, httponly=True, samesite="lax"
    )
    return answer


def _within(address: str) -> str:
    """An address of these pages; a form must not lead a browser anywhere else."""
    parts = address.split("/")
    is_ours = len(parts) > 2 and parts[:2] == ["", "w"] and is_uuid(parts[2]) and "\\" not in address
    return address if is_ours else "/"
