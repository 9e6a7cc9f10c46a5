"""What is set for a whole workspace: by its control plane, and, how logs are scrubbed, by its region."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.strictness import is_strict
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceSettings:
    """What the control plane keeps. `default_role` None: members without a role of their own may do nothing."""

    name: str
    description: str | None
    is_playground: bool
    archived_at: datetime | None
    default_role: str | None
    keep_versions: int
    is_strict: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrubbing:
    """What the region keeps; version 0 is what holds where nothing was said. `known_pii` can be chosen."""

    pii: tuple[str, ...]
    patterns: tuple[tuple[str, str], ...]
    allowed: tuple[str, ...]
    known_pii: tuple[str, ...] = ()
    version: int = 0
    updated_at: datetime | None = None


async def get_settings(control: Transport, workspace_id: str) -> WorkspaceSettings:
    """Contract: 1.5 (16), and own routes."""
    own = f"/own/v1/workspaces/{workspace_id}"
    workspace = Fields(await control.get(f"/api/v1/workspaces/{workspace_id}"), "workspace")
    role = Fields(await control.get(f"{own}/default-role"), "default role")
    retention = Fields(await control.get(f"{own}/retention"), "retention")
    return WorkspaceSettings(
        name=workspace.text("name"),
        description=workspace.maybe_text("description"),
        is_playground=workspace.flag("is_playground"),
        archived_at=workspace.maybe_moment("archived_at"),
        default_role=role.maybe_text("role"),
        keep_versions=retention.number("keep_versions"),
        is_strict=await is_strict(control, workspace_id),
    )


async def change_workspace(control: Transport, workspace_id: str, changes: dict[str, str | None]) -> None:
    """`name`, `description`. Contract: 1.5 (17)."""
    await control.patch(f"/api/v1/workspaces/{workspace_id}", changes)


async def set_default_role(control: Transport, workspace_id: str, role: str | None) -> None:
    """Own route."""
    await control.put(f"/own/v1/workspaces/{workspace_id}/default-role", {"role": role})


async def set_kept_versions(control: Transport, workspace_id: str, count: int) -> None:
    """Own route; it holds from the next upload on."""
    await control.put(f"/own/v1/workspaces/{workspace_id}/retention", {"keep_versions": count})


async def get_scrubbing(region: Transport, workspace_id: str) -> Scrubbing:
    """Own route of the region, for who may read its secrets."""
    return _parse_scrubbing(await region.get(f"/own/v1/workspaces/{workspace_id}/scrub-settings"))


async def set_scrubbing(region: Transport, workspace_id: str, wanted: Scrubbing) -> Scrubbing:
    """Own route of the region: it holds for runs that are prepared from then on."""
    body = {
        "pii": list(wanted.pii),
        "patterns": [{"name": name, "pattern": pattern} for name, pattern in wanted.patterns],
        "allowed": list(wanted.allowed),
    }
    return _parse_scrubbing(await region.put(f"/own/v1/workspaces/{workspace_id}/scrub-settings", body))


def _parse_scrubbing(raw: Any) -> Scrubbing:
    fields = Fields(raw, "scrub settings")
    return Scrubbing(
        pii=fields.texts("pii"),
        patterns=fields.many("patterns", _parse_pattern),
        allowed=fields.texts("allowed"),
        known_pii=fields.texts("known_pii"),
        version=fields.number("version"),
        updated_at=fields.maybe_moment("updated_at"),
    )


def _parse_pattern(raw: Any) -> tuple[str, str]:
    fields = Fields(raw, "pattern")
    return fields.text("name"), fields.text("pattern")
