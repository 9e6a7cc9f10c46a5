"""Bodies of `/auth/v1/sessions` (Contract: 1.5, operations 1 to 7)."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, StringConstraints

Secret = Annotated[str, StringConstraints(min_length=1, max_length=512)]
CodeChallenge = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{43}$")]
CodeVerifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._~\-]{43,128}$")]
ClientState = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{1,512}$")]


class DeviceCodeResponse(BaseModel):
    """`verification_uri_complete` is the address alone: the code is typed (Security: 10). `interval` in seconds."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    interval: int


class RedeemDeviceCodeRequest(BaseModel):
    device_code: Secret


class UserSession(BaseModel):
    """`id` is the user's."""

    id: str
    email: str
    jwt: str
    refresh_token: str


class AuthorizationUrlRequest(BaseModel):
    redirect_uri: Annotated[str, StringConstraints(max_length=512)]
    code_challenge: CodeChallenge
    state: ClientState


class AuthorizationUrlResponse(BaseModel):
    authorization_url: str


class RedeemAuthorizationCodeRequest(BaseModel):
    code: Secret
    code_verifier: CodeVerifier


class RefreshRequest(BaseModel):
    refresh_token: Secret


class RefreshResponse(BaseModel):
    jwt: str
    refresh_token: str


class SwapCodeResponse(BaseModel):
    """`expires_in` in seconds."""

    swap_code: str
    expires_in: int
