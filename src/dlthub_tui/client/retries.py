"""How often a failed start of a job is tried again (own route)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True)
class Retries:
    """`attempts` counts the first try; the wait before the second one doubles each time."""

    attempts: int = 1
    wait_seconds: int = 60


async def get_retries(control: Transport, workspace_id: str, job_id: str) -> Retries:
    """What holds for the job."""
    return _parse(await control.get(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/retries"))


async def set_retries(control: Transport, workspace_id: str, job_id: str, retries: Retries) -> Retries:
    """Holds for failures from now on."""
    body = {"attempts": retries.attempts, "wait_seconds": retries.wait_seconds}
    return _parse(await control.put(f"/own/v1/workspaces/{workspace_id}/jobs/{job_id}/retries", body))


def _parse(raw: Any) -> Retries:
    fields = Fields(raw, "retries")
    return Retries(fields.number("attempts"), fields.number("wait_seconds", 60))
