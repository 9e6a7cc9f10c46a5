"""Reads the credential of a request."""

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
