"""Whom this region serves: its own rows organization → workspace → deployment and configuration (Security: 4).

They are written when a valid token is first seen and never change. Whatever contradicts them is refused, whoever signed
it: the control plane says who may do what, not whose a workspace is.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from planes.data_plane.services.parts import Parts
from planes.domain.errors import NotAllowed
from planes.storage.data import residency, uploads
from planes.storage.data.connection import Connection
from planes.storage.errors import AlreadyThere
from planes.storage.types import Row
from planes.tokens.claims import Claims
from planes.wire.link import Lease


@dataclass(frozen=True, slots=True)
class LeasedVersions:
    """The rows of what a run is made of."""

    deployment: Row = field(repr=False)
    configuration: Row = field(repr=False)


class Residency:
    """Checks against the region's own rows."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._known: dict[str, str] = {}

    async def admit(self, claims: Claims) -> None:
        """Lets a verified token's organization and workspace in: pins them when new, compares when known.

        Raises: NotAllowed when the token contradicts what is known here.
        """
        organization_id, workspace_id = claims.organization_id, claims.workspace_id
        if organization_id is None or workspace_id is None:
            raise NotAllowed("residency", "The token names no organization and workspace.")
        if claims.region is not None and claims.region not in {self._parts.dataplane_id, self._parts.region}:
            raise NotAllowed("residency", "The token is for another region.")
        if self._known.get(workspace_id) is None:
            self._known[workspace_id] = await self._pin(organization_id, workspace_id)
        if self._known[workspace_id] != organization_id:
            raise NotAllowed("residency", "This workspace belongs to another organization here.")

    async def check_lease(self, lease: Lease) -> LeasedVersions:
        """A lease may only join what belongs together here: organization, workspace, deployment, configuration.

        A version whose write-back was never answered exists after all when the control plane leases it: it counts as
        stored from then on.

        Raises: NotAllowed, with the reason.
        """
        async with self._parts.database.reading() as connection:
            found = await self.find_versions(connection, lease)
        await self.settle(lease, found)
        return found

    async def find_versions(self, connection: Connection, lease: Lease) -> LeasedVersions:
        """What a lease names, if it belongs together; `settle` is to follow.

        Raises: NotAllowed, with the reason.
        """
        owner = self._known.get(lease.workspace_id)
        if owner is None:
            owner = await residency.find_organization_of(connection, lease.workspace_id)
        deployment = await uploads.find(connection, uploads.DEPLOYMENTS, lease.deployment_id)
        configuration = await uploads.find(connection, uploads.CONFIGURATIONS, lease.configuration_id)
        if owner is None:
            raise NotAllowed("residency", "This region has never served the workspace of the run.")
        if owner != lease.organization_id:
            raise NotAllowed("residency", "The workspace of the run belongs to another organization here.")
        for name, row in (("deployment", deployment), ("configuration", configuration)):
            if row is None:
                # The control plane knows it, so that clients send it only when it has changed.
                changed = "a file" if name == "deployment" else "a file in .dlt"
                raise NotAllowed(
                    "residency",
                    f"This region does not have the {name} of the run, as after a backup that is older than it was "
                    f"restored. Change {changed}, then deploy again.",
                )
            if (row["organization_id"], row["workspace_id"]) != (lease.organization_id, lease.workspace_id):
                raise NotAllowed("residency", f"The {name} of the run belongs to another workspace here.")
        assert deployment is not None
        assert configuration is not None
        return LeasedVersions(deployment, configuration)

    async def settle(self, lease: Lease, found: LeasedVersions) -> None:
        """Both versions count as stored from now on. Costs nothing where they do already."""
        if found.deployment["stored_at"] is None or found.configuration["stored_at"] is None:
            await self._settle(lease)

    async def _pin(self, organization_id: str, workspace_id: str) -> str:
        try:
            return await self._read_or_write(organization_id, workspace_id)
        except AlreadyThere:  # another request was first; its row is read now
            return await self._read_or_write(organization_id, workspace_id)

    async def _read_or_write(self, organization_id: str, workspace_id: str) -> str:
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            plane = await residency.find_plane_of(connection, organization_id)
            owner = await residency.find_organization_of(connection, workspace_id)
            if plane is not None and plane != self._parts.dataplane_id:
                raise NotAllowed("residency", "This organization is pinned to another region.")
            if owner is not None:
                return owner
            if plane is None:
                await residency.add_organization(connection, organization_id, self._parts.dataplane_id, now)
            await residency.add_workspace(connection, workspace_id, organization_id, now)
        return organization_id

    async def _settle(self, lease: Lease) -> None:
        now = self._parts.clock.now()
        async with self._parts.database.transaction() as connection:
            await uploads.mark_stored(connection, uploads.DEPLOYMENTS, lease.deployment_id, now)
            await uploads.mark_stored(connection, uploads.CONFIGURATIONS, lease.configuration_id, now)
