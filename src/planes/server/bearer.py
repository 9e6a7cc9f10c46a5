"""Reads the credential of a request, and which route it takes."""

from __future__ import annotations

from starlette.requests import Request

from planes.domain.errors import NotAuthenticated


def bearer_token(request: Request) -> str:
    """The text after `Authorization: Bearer`.

    Raises: NotAuthenticated when there is none.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 8192:
        raise NotAuthenticated("not_authenticated", "Sign in, or send an API key, as a bearer token.")
    return token


def route_name(request: Request) -> str:
    """Method and path template of the route that answers: the key of the table of grants."""
    return f"{request.method} {getattr(request.scope.get('route'), 'path', '')}"
