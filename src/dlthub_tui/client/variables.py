"""Variables of a workspace, read and written in its region only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """`profile` None is the workspace's own scope; a secret's `value` is None."""

    name: str
    profile: str | None
    is_secret: bool
    value: str | None
    updated_at: datetime | None
    updated_by: str | None


async def list_variables(region: Transport, workspace_id: str) -> tuple[Variable, ...]:
    """All scopes. Contract: 1.5 (50)."""
    fields = Fields(await region.get(f"/api/v1/workspaces/{workspace_id}/variables"), "variables")
    scopes = fields.many("scopes", _parse_scope)
    return tuple(variable for scope in scopes for variable in scope)


async def set_variable(
    region: Transport, workspace_id: str, profile: str | None, name: str, value: str, *, is_secret: bool
) -> None:
    """Creates or replaces. Contract: 1.5 (51)."""
    upsert = {"name": name, "type": "secret" if is_secret else "plain", "value": value}
    await region.patch(f"/api/v1/workspaces/{workspace_id}/variables", {"profile": profile, "upserts": [upsert]})


async def change_variables(
    region: Transport, workspace_id: str, profile: str | None, upserts: Mapping[str, str], deletes: Sequence[str]
) -> None:
    """Sets plain variables of one scope and deletes others, plain or secret, all or none. Contract: 1.5 (51)."""
    changed = [{"name": name, "type": "plain", "value": value} for name, value in upserts.items()]
    body: dict[str, Any] = {"profile": profile, "upserts": changed, "deletes": list(deletes)}
    await region.patch(f"/api/v1/workspaces/{workspace_id}/variables", body)


def _parse_scope(raw: Any) -> tuple[Variable, ...]:
    scope = Fields(raw, "scope")
    profile = scope.maybe_text("profile")

    def parse(item: Any) -> Variable:
        fields = Fields(item, "variable")
        is_secret = fields.text("type") == "secret"
        return Variable(
            name=fields.text("name"),
            profile=profile,
            is_secret=is_secret,
            value=None if is_secret else fields.maybe_text("value"),
            updated_at=fields.maybe_moment("updated_at"),
            updated_by=fields.maybe_text("updated_by"),
        )

    return scope.many("variables", parse)
