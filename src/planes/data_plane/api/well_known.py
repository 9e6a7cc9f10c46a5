"""The route by which a region is recognised; it needs no credential (Security: 3)."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request

from planes.data_plane.api.authentication import services_of
from planes.server.late_routes import LateRouter
from planes.wire.well_known import PATH, Attestation

router = LateRouter(tags=["identity"])


@router.get(PATH)
async def attest(request: Request, nonce: Annotated[str, Query(pattern=r"^[A-Za-z0-9_\-]{16,128}$")]) -> Attestation:
    """Who this plane is, signed for the nonce."""
    parts = services_of(request).parts
    return parts.identity.attest(nonce, parts.clock.now())
