"""Where a request comes from, in words that a person reads before approving a sign-in."""

from __future__ import annotations

from starlette.requests import Request

from planes.scrub import display_guard
from planes.server.protocol import peer_of

THIS_MACHINE = "this machine"


def address_of(request: Request) -> str:
    """The peer's network address; for the home's socket, that it is this machine."""
    if peer_of(request.scope) is not None or request.client is None:
        return THIS_MACHINE
    return request.client.host[:64]


def client_of(request: Request) -> str:
    """What the client calls itself, made inert: at most 120 characters."""
    raw = request.headers.get("user-agent", "")
    inert = "".join(character for character in display_guard(raw[:120]) if character.isprintable())
    return inert[:120] or "unnamed client"
