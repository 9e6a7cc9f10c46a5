"""The region lock of a workspace, and what of it the control plane has itself (Design: 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planes.control_plane.services.access import authorize_workspace
from planes.control_plane.services.organizations.organizations import REGION_LOCKED
from planes.control_plane.services.parts import Parts
from planes.domain.access import Permission, Principal
from planes.domain.identifiers import WorkspaceId
from planes.storage.control import audit as stored_audit
from planes.storage.control import data_planes as stored_planes
from planes.storage.control import holdings as stored
from planes.storage.control import identity
from planes.storage.control.audit import EventFilter
from planes.storage.control.data_planes import DataPlane
from planes.storage.control.holdings import CountedRows
from planes.storage.keyset import Bounds


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlHoldings:
    """`regions` are those that enrolled."""

    organization_id: str
    dataplane_id: str
    locked_at: datetime | None
    locked_by: str | None
    rows: CountedRows
    regions: tuple[DataPlane, ...]


async def of_workspace(parts: Parts, principal: Principal, workspace_id: str) -> ControlHoldings:
    """What the control plane knows of the workspace, and where the rest is.

    Raises: NotFound.
    """
    async with parts.database.reading() as connection:
        access = await authorize_workspace(connection, principal, workspace_id, Permission.READ)
        wanted = EventFilter(organization_id=access.organization_id, actions=(REGION_LOCKED,))
        events = (await stored_audit.list_page(connection, wanted, Bounds(limit=1))).items
        locked = events[0].event if events else None
        actor = locked.actor_user_id if locked is not None else None
        user = await identity.find_user(connection, actor) if actor is not None else None
        return ControlHoldings(
            organization_id=access.organization_id,
            dataplane_id=access.dataplane_id,
            locked_at=locked.at if locked is not None else None,
            locked_by=user.email if user is not None else None,
            rows=await stored.count_workspace(connection, WorkspaceId(access.workspace_id)),
            regions=tuple(await stored_planes.list_data_planes(connection, enrolled_only=True)),
        )
