"""The page behind an invite's link, for people with an account and without: the same for both, without scripts."""

from __future__ import annotations

from html import escape

from fastapi import Depends, Request
from starlette.responses import HTMLResponse

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_layout import new_password
from planes.control_plane.api.page_routes import Field, PageRoute, SecretQuery, form_mark, genuine_form, with_cookie
from planes.control_plane.api.requester import address_of
from planes.control_plane.services.identity import invites
from planes.control_plane.services.parts import Parts
from planes.server.late_routes import LateRouter
from planes.server.page_document import page
from planes.server.page_parts import facts, hidden, paragraph, problem
from planes.tokens.passwords import MINIMUM_LENGTH

router = LateRouter(route_class=PageRoute, include_in_schema=False)
_FORM = [Depends(genuine_form)]
# The same words for a wrong password, for no account and for one that is there: a link does not tell which.
_FAILED = (
    "That did not work. With an account for this address, type its password in the first form; without one, "
    "choose a password in the second."
)


@router.get("/invite")
async def show_invite(request: Request, parts: CurrentParts, link: SecretQuery = "") -> HTMLResponse:
    return await _ask(request, parts, link)


@router.post("/invite", dependencies=_FORM)
async def accept_invite(request: Request, parts: CurrentParts, link: Field = "", password: Field = "") -> HTMLResponse:
    if await invites.accept_as_user(parts, link, password, address_of(request)):
        return _welcome(parts)
    return await _ask(request, parts, link, _FAILED)


@router.post("/invite/-sign-up", dependencies=_FORM)
async def sign_up(
    request: Request,
    parts: CurrentParts,
    link: Field = "",
    name: Field = "",
    password: Field = "",
    repeated: Field = "",
) -> HTMLResponse:
    if password != repeated:
        return await _ask(request, parts, link, "The two passwords differ.")
    if not MINIMUM_LENGTH <= len(password) <= 256:
        return await _ask(request, parts, link, f"Choose {MINIMUM_LENGTH} to 256 characters.")
    if await invites.accept_as_new(parts, link, name, password, address_of(request)):
        return _welcome(parts)
    return await _ask(request, parts, link, _FAILED)


def _welcome(parts: Parts) -> HTMLResponse:
    said = f"You are a member now. Sign in from your terminal with: dlthub-tui connect {parts.public_url}"
    return page("Welcome", paragraph(said))


async def _ask(request: Request, parts: Parts, link: str, trouble: str = "") -> HTMLResponse:
    found = await invites.get_invitation(parts, link)
    value, mark = form_mark(request)
    rows = [("For", found.email), ("Organization", f"{found.organization.name}, as {found.role}")]
    rows += [("Workspace", f"{name}, as {role}") for name, role in found.places]
    rows.append(("Invited by", found.invited_by))
    body = (
        problem(trouble)
        + facts([(term, escape(text)) for term, text in rows])
        + "<h2>You have an account here</h2>"
        + f'<form method="post" action="/invite">{mark}{hidden("link", link)}'
        + '<label for="known">Password</label><input id="known" name="password" type="password"'
        + ' autocomplete="current-password" required><button>Accept</button></form>'
        + "<h2>You are new here</h2>"
        + f'<form method="post" action="/invite/-sign-up">{mark}{hidden("link", link)}'
        + '<label for="name">Name, if you like</label><input id="name" name="name" autocomplete="name"'
        + f' maxlength="200">{new_password()}<button>Accept</button></form>'
    )
    return with_cookie(request, page("You are invited", body, status=400 if trouble else 200), value)
