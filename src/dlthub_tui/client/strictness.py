"""Whether a workspace's job definitions are stored without their words (own route)."""

from __future__ import annotations

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


async def is_strict(control: Transport, workspace_id: str) -> bool:
    """Whether they are withheld."""
    return Fields(await control.get(_path(workspace_id)), "strictness").flag("is_strict")


async def set_strict(control: Transport, workspace_id: str, *, is_strict: bool) -> bool:
    """A workspace that becomes strict has them withheld from every stored version at once."""
    answer = await control.put(_path(workspace_id), {"is_strict": is_strict})
    return Fields(answer, "strictness").flag("is_strict")


def _path(workspace_id: str) -> str:
    return f"/own/v1/workspaces/{workspace_id}/strictness"
