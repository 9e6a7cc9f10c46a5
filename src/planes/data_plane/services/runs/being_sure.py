"""Whether a run that is to start is still this process's, which may have hung while it was given the run."""

from __future__ import annotations

import anyio

from planes.data_plane.services.held_runs import Held
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.reporting.outbox import Outbox
from planes.data_plane.services.reporting.reports import build_status
from planes.data_plane.services.runs.gathering import LeaseLost
from planes.domain.clock import time_passed
from planes.domain.errors import Conflict, NotFound, PlaneError
from planes.wire.link import Lease, ReportedStatus

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


async def be_sure(parts: Parts, outbox: Outbox, lease: Lease, held: Held) -> None:
    """Returns when nobody else is or will be given the run, or when it is to be stopped.

    Past its time that takes the control plane's word, however long that is away. Raises: LeaseLost.
    """
    pause = _FIRST_PAUSE_SECONDS
    while held.stop_reason is None and held.sure_until is not None and time_passed() >= held.sure_until:
        if lease.run_id in await outbox.unsaid_runs():
            try:
                report = build_status(lease.fence, ReportedStatus.STARTING, parts.clock.now())
                await parts.link.report_status(lease.run_id, report)
            except (Conflict, NotFound) as exc:
                raise LeaseLost(lease.run_id) from exc
            except PlaneError:
                await anyio.sleep(pause)  # nothing tells when the control plane is back
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                continue
        held.sure_until = None
