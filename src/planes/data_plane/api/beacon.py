"""Where runs report to (Contract: 7.1). The secret in the path is the whole credential; it is for one run."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path, Request

from planes.data_plane.api.run_access import running_of
from planes.data_plane.services.runs.beacon import MAXIMUM_RESULT_BYTES, ReportKind
from planes.domain.errors import TooLarge
from planes.server.late_routes import LateRouter

router = LateRouter(prefix="/beacon", tags=["beacon"])


_RESULT_PATH = re.compile(r"/beacon/[^/]+/job_result")


def is_result(path: str) -> bool:
    """Whether this is a report whose body may be larger than others: the route bounds it itself."""
    return _RESULT_PATH.fullmatch(path) is not None


@router.put("/{secret}/{kind}")
async def take_report(
    request: Request, secret: Annotated[str, Path(max_length=128)], kind: ReportKind
) -> dict[str, str]:
    """A trace, a state or a result. Answers 200 and `{}`: dlt takes everything else for a failure."""
    beacon = running_of(request).beacon
    run = await beacon.find_run(secret)
    async with beacon.taking(run):
        await beacon.take(run, kind, await _bounded_body(request))
    return {}


async def _bounded_body(request: Request) -> bytes:
    """Raises: TooLarge."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAXIMUM_RESULT_BYTES:
            raise TooLarge("too_large", "The report is too large.")
    return bytes(body)
