"""Bodies of our own routes of interactive runs."""

from __future__ import annotations

from pydantic import BaseModel


class OpenedApp(BaseModel):
    """`url` opens the app in a browser once, within `expires_in` seconds.

    `origin` is where the app stays: clients that send a data-plane token themselves (MCP) need no more.
    """

    url: str
    origin: str
    expires_in: int
