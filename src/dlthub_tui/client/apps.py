"""Apps: what interactive runs show in a browser, at an origin of their own in the region (own route)."""

from __future__ import annotations

from dataclasses import dataclass

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True)
class OpenedApp:
    """`url` opens the app once, within a minute; it is a secret until then. `origin` is where the app stays."""

    url: str
    origin: str


async def open_app(region: Transport, workspace_id: str, run_id: str) -> OpenedApp:
    """Lets a browser in to the app of a run. Raises: NotFound when it does not run, NotAllowed."""
    answer = await region.post(f"/own/v1/workspaces/{workspace_id}/job-runs/{run_id}/-open-app")
    fields = Fields(answer, "app")
    return OpenedApp(fields.text("url"), fields.text("origin"))
