"""Who this control plane is: the public keys that its tokens are signed with."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from planes.control_plane.api.authentication import CurrentParts
from planes.tokens.claims import ISSUER
from planes.wire.own_control import ControlPlaneIdentity

router = APIRouter(prefix="/.well-known", tags=["identity"])


@router.get("/control-plane")
async def get_identity(parts: CurrentParts) -> ControlPlaneIdentity:
    key = parts.signing_key.public
    return ControlPlaneIdentity(issuer=ISSUER, version=parts.version, keys=[key.text], fingerprints=[key.fingerprint])


@router.get("/jwks.json")
async def get_key_set(parts: CurrentParts) -> dict[str, Any]:
    """The same keys as a JSON Web Key Set."""
    key = parts.signing_key.public
    entry = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key.kid, "x": key.text}
    return {"keys": [entry]}
