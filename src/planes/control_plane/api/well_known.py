"""Who this control plane is: the public keys that its tokens are signed with."""

from __future__ import annotations

from typing import Any

from planes.control_plane.api.authentication import CurrentParts
from planes.server.late_routes import LateRouter
from planes.tokens.claims import ISSUER
from planes.wire.own_control import ControlPlaneIdentity

router = LateRouter(prefix="/.well-known", tags=["identity"])


@router.get("/control-plane")
async def get_identity(parts: CurrentParts) -> ControlPlaneIdentity:
    keys = parts.public_keys
    return ControlPlaneIdentity(
        issuer=ISSUER,
        version=parts.version,
        keys=[key.text for key in keys],
        fingerprints=[key.fingerprint for key in keys],
    )


@router.get("/jwks.json")
async def get_key_set(parts: CurrentParts) -> dict[str, Any]:
    """The same keys as a JSON Web Key Set."""
    shape = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
    return {"keys": [{**shape, "kid": key.kid, "x": key.text} for key in parts.public_keys]}
