"""How a data plane joins (Borders: 1): the only call of the link that is not signed; its join token is used once."""

from __future__ import annotations

from planes.control_plane.api.authentication import CurrentParts
from planes.control_plane.services.installation import data_planes
from planes.server.late_routes import LateRouter
from planes.wire.link import EnrolRequest, EnrolResponse

router = LateRouter(prefix="/link/v1", tags=["link"])


@router.post("/-enrol")
async def enrol(parts: CurrentParts, body: EnrolRequest) -> EnrolResponse:
    await data_planes.enrol(parts, body)
    return EnrolResponse(keys=[key.text for key in parts.public_keys])
