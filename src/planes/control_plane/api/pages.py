"""The web pages of signing in: `/device`, `/authorize` and `/sign-up`. They work without scripts (Security: 10, 11)."""

from __future__ import annotations

from html import escape

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.api.page_layout import age, credentials, new_password
from planes.control_plane.api.page_routes import Field, PageRoute, SecretQuery, form_mark, genuine_form, with_cookie
from planes.control_plane.api.requester import address_of
from planes.control_plane.services.audit import NOBODY, Actor
from planes.control_plane.services.identity import authorization_codes, device_codes, users
from planes.control_plane.services.identity.sign_in import find_user_by_password
from planes.control_plane.services.parts import Parts
from planes.domain.errors import NotFound
from planes.server.late_routes import LateRouter
from planes.server.page_document import Ways, page
from planes.server.page_parts import facts, hidden, paragraph, problem
from planes.storage.control.codes import Authorization, DeviceCode
from planes.tokens.passwords import MINIMUM_LENGTH

router = LateRouter(route_class=PageRoute, include_in_schema=False)
_FORM = [Depends(genuine_form)]
_WRONG = "The e-mail address or the password is wrong."
_BUTTONS = (
    '<button name="decision" value="approve">Approve</button>'
    '<button name="decision" value="refuse" formnovalidate>Refuse</button>'
)


@router.get("/device")
async def show_device(request: Request) -> HTMLResponse:
    return _ask_for_code(request)


@router.post("/device", dependencies=_FORM)
async def find_device(request: Request, parts: CurrentParts, code: Field = "") -> HTMLResponse:
    try:
        found = await device_codes.find_typed(parts, code, f"address:{address_of(request)}")
    except NotFound as exc:
        return _ask_for_code(request, exc.detail)
    return _ask_to_approve(request, parts, found, code)


@router.post("/device/-decide", dependencies=_FORM)
async def decide_device(
    request: Request,
    parts: CurrentParts,
    code: Field = "",
    decision: Field = "",
    email: Field = "",
    password: Field = "",
) -> HTMLResponse:
    found = await device_codes.find_typed(parts, code, f"address:{address_of(request)}")
    if decision == "refuse":
        await device_codes.refuse(parts, found.id, NOBODY)
        return page("Refused", paragraph("Nobody was signed in. You may close this page."))
    user = await find_user_by_password(parts, email, password, address_of(request))
    if user is None:
        await device_codes.count_wrong_password(parts, found)
        found = await device_codes.find_typed(parts, code, f"address:{address_of(request)}")
        return _ask_to_approve(request, parts, found, code, email=email)
    await device_codes.approve(parts, found, user.id, Actor(user_id=user.id))
    return page(
        "Approved", paragraph("You are signed in there now. Go back to your terminal; you may close this page.")
    )


@router.get("/authorize")
async def show_authorize(http: Request, parts: CurrentParts, request: SecretQuery = "") -> HTMLResponse:
    return _ask_to_authorize(http, parts, await authorization_codes.get_pending(parts, request), request)


@router.post("/authorize", dependencies=_FORM)
async def decide_authorize(
    http: Request,
    parts: CurrentParts,
    request: Field = "",
    decision: Field = "",
    email: Field = "",
    password: Field = "",
) -> Response:
    pending = await authorization_codes.get_pending(parts, request)
    if decision == "refuse":
        return _onward(await authorization_codes.refuse(parts, pending))
    user = await find_user_by_password(parts, email, password, address_of(http))
    if user is None:
        await authorization_codes.count_wrong_password(parts, pending)
        pending = await authorization_codes.get_pending(parts, request)
        return _ask_to_authorize(http, parts, pending, request, email=email)
    return _onward(await authorization_codes.approve(parts, pending, user.id))


@router.get("/sign-up")
async def show_sign_up(request: Request, parts: CurrentParts, link: SecretQuery = "") -> HTMLResponse:
    user = await users.get_invited(parts, link)
    return _ask_for_password(request, link, user.email)


@router.post("/sign-up", dependencies=_FORM)
async def choose_password(
    request: Request, parts: CurrentParts, link: Field = "", password: Field = "", repeated: Field = ""
) -> HTMLResponse:
    user = await users.get_invited(parts, link)
    if password != repeated:
        return _ask_for_password(request, link, user.email, "The two passwords differ.")
    if not MINIMUM_LENGTH <= len(password) <= 256:
        return _ask_for_password(request, link, user.email, f"Choose {MINIMUM_LENGTH} to 256 characters.")
    await users.choose_password(parts, link, password)
    return page("Welcome", paragraph("Your password is set. You can sign in from your terminal now."))


@router.get("/")
async def show_start(request: Request) -> Response:
    """A code in the query is dropped at once (Security: 9)."""
    if request.query_params:
        return _onward(request.url.path)
    return page("This platform lives in a terminal", paragraph("Open it with: dlthub-tui"))


def _ask_for_code(request: Request, trouble: str = "") -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(trouble)
        + paragraph("Type the code that your terminal shows. Only go on if you started the sign-in yourself.")
        + f'<form method="post" action="/device">{mark}<label for="code">Code</label><input id="code" name="code"'
        ' class="code" autocomplete="off" autocapitalize="characters" spellcheck="false" maxlength="16" required'
        " autofocus><button>Continue</button></form>"
    )
    return with_cookie(request, page("Sign in a device", body, status=400 if trouble else 200), value)


def _ask_to_approve(
    request: Request, parts: Parts, found: DeviceCode, code: str, *, email: str | None = None
) -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(_WRONG if email is not None else "")
        + paragraph("Somebody asks to be signed in as you. Approve it only if this is you:")
        + _requester(parts, found)
        + f'<form method="post" action="/device/-decide">{mark}{hidden("code", code)}{credentials(email or "")}'
        + f"{_BUTTONS}</form>"
    )
    return with_cookie(request, page("Approve this sign-in?", body, status=400 if email is not None else 200), value)


def _ask_to_authorize(
    request: Request, parts: Parts, pending: Authorization, secret: str, *, email: str | None = None
) -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(_WRONG if email is not None else "")
        + paragraph("A program on your machine asks to be signed in as you:")
        + _requester(parts, pending)
        + f'<form method="post" action="/authorize">{mark}{hidden("request", secret)}{credentials(email or "")}'
        + f"{_BUTTONS}</form>"
    )
    status = 400 if email is not None else 200
    return with_cookie(request, page("Sign in", body, status=status, ways=Ways(leads_to=pending.redirect_uri)), value)


def _ask_for_password(request: Request, link: str, email: str, trouble: str = "") -> HTMLResponse:
    value, mark = form_mark(request)
    body = (
        problem(trouble)
        + paragraph(f"Choose a password for {email}.")
        + f'<form method="post" action="/sign-up">{mark}{hidden("link", link)}{new_password()}'
        + "<button>Save</button></form>"
    )
    return with_cookie(request, page("Choose a password", body, status=400 if trouble else 200), value)


def _requester(parts: Parts, found: DeviceCode | Authorization) -> str:
    return facts([
        ("From", escape(found.requester_address)),
        ("Program", escape(found.client)),
        ("Asked", age(found.created_at, parts.clock.now())),
    ])  # fmt: skip


def _onward(address: str) -> RedirectResponse:
    headers = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
    return RedirectResponse(address, status_code=303, headers=headers)
