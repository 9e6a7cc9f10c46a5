"""Every service of a data plane, built from its parts."""

from __future__ import annotations

from dataclasses import dataclass

from planes.data_plane.services.audit import Audit
from planes.data_plane.services.code_trees import CodeTrees
from planes.data_plane.services.configurations import Configurations
from planes.data_plane.services.credentials import Credentials
from planes.data_plane.services.enrolment import Enrolment
from planes.data_plane.services.listings import Listings
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.residency import Residency
from planes.data_plane.services.revocations import Revocations
from planes.data_plane.services.uploads import Uploads
from planes.data_plane.services.variables import Variables


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What routes and the worker call."""

    parts: Parts
    audit: Audit
    revocations: Revocations
    residency: Residency
    credentials: Credentials
    enrolment: Enrolment
    uploads: Uploads
    listings: Listings
    variables: Variables
    code_trees: CodeTrees
    configurations: Configurations


def assemble(parts: Parts, join_token: str | None) -> Services:
    """Builds the services; nothing is read or written yet."""
    audit = Audit(parts)
    revocations = Revocations(parts.database, parts.dataplane_id)
    residency = Residency(parts)
    return Services(
        parts=parts,
        audit=audit,
        revocations=revocations,
        residency=residency,
        credentials=Credentials(parts, revocations, residency),
        enrolment=Enrolment(parts, revocations, join_token),
        uploads=Uploads(parts, audit),
        listings=Listings(parts, audit),
        variables=Variables(parts, residency, audit),
        code_trees=CodeTrees(parts),
        configurations=Configurations(parts, audit),
    )
