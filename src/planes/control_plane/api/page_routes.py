"""What the web pages share: errors as pages, and the mark against forged forms."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Form, Query, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import HTMLResponse, Response

from planes.control_plane.api.authentication import current_parts
from planes.control_plane.services.parts import Parts
from planes.domain.errors import NotAllowed, PlaneError
from planes.server.errors import render_error
from planes.server.late_routes import LateRoute
from planes.server.page_document import page
from planes.server.page_parts import hidden, problem
from planes.tokens.opaque import derive_secret, new_secret, same_secret

_COOKIE = "planes_form"
_FIELD = "csrf"
_OURS = re.compile(r"[0-9a-f]{64}")
_LIFETIME_SECONDS = 3600

Field = Annotated[str, Form(max_length=512)]
SecretQuery = Annotated[str, Query(max_length=512)]


class PageRoute(LateRoute):
    """Answers our errors, and fields that are too long, as a page for people."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_for_people(request: Request) -> Response:
            try:
                return await handle(request)
            except PlaneError as exc:
                return self.refusal(request, exc.detail, render_error(exc).status_code)
            except RequestValidationError:
                return self.refusal(request, "The form cannot be read.", 400)

        return handle_for_people

    def refusal(self, _request: Request, /, detail: str, status: int) -> HTMLResponse:
        """The page that says what went wrong."""
        return page("That did not work", problem(detail), status=status)


def form_mark(request: Request) -> tuple[str, str]:
    """The cookie's value and the hidden field that belongs to it (Security: 11)."""
    parts: Parts = current_parts(request)
    value = request.cookies.get(_COOKIE, "")
    if _OURS.fullmatch(value) is None:  # nothing else comes back in a header: a cookie may hold line ends, quoted
        value = new_secret()
    return value, hidden(_FIELD, derive_secret(parts.secret_key, _FIELD, value))


def with_cookie(request: Request, response: HTMLResponse, value: str) -> HTMLResponse:
    """Sets the cookie that the page's forms are bound to."""
    secure = current_parts(request).public_url.startswith("https:")
    response.set_cookie(
        _COOKIE, value, max_age=_LIFETIME_SECONDS, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


async def genuine_form(request: Request) -> None:
    """FastAPI dependency: the form was sent by one of our pages.

    Raises: NotAllowed.
    """
    value = request.cookies.get(_COOKIE, "")
    sent = (await request.form()).get(_FIELD)
    expected = derive_secret(current_parts(request).secret_key, _FIELD, value)
    if not value or not isinstance(sent, str) or not same_secret(sent, expected):
        raise NotAllowed("form_expired", "This form is out of date. Open the page again.")
