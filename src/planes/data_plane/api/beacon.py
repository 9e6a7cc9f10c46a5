"""Where runs report to (Contract: 7.1). The secret in the path is the whole credential; it is for one run."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from planes.data_plane.api.run_access import running_of
from planes.data_plane.services.beacon import ReportKind

router = APIRouter(prefix="/beacon", tags=["beacon"])


@router.put("/{secret}/{kind}")
async def take_report(
    request: Request, secret: Annotated[str, Path(max_length=128)], kind: ReportKind
) -> dict[str, str]:
    """A trace, a state or a result. Answers 200 and `{}`: dlt takes everything else for a failure."""
    beacon = running_of(request).beacon
    run = await beacon.find_run(secret)
    await beacon.take(run, kind, await request.body())
    return {}
