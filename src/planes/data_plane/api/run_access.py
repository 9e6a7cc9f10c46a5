"""What the routes of runs need from the plane that serves them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request
from pydantic import StringConstraints

from planes.data_plane.services.running import Running
from planes.server.streams import Stopping

RunPath = Annotated[str, Path(max_length=64)]
# An id may be written in capitals, too (RFC 9562, 4). In paths the plane's `SmallIds` sees to it.
Id = Annotated[str, StringConstraints(max_length=64, to_lower=True)]
IdQuery = Annotated[Id | None, Query()]


def running_of(request: Request) -> Running:
    """The running half of the plane."""
    return request.app.state.running


def stopping_of(request: Request) -> Stopping:
    """What ends open streams when the plane stops."""
    return request.app.state.stopping
