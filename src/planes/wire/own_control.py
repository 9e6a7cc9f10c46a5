"""Bodies of the control plane's own routes, under `/own/v1` (docs/api.md)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool, StringConstraints

from planes.domain.access import OrganizationRole, WorkspaceRole
from planes.wire.link import DataPlaneName, RegionNumbers
from planes.wire.workspaces import DescriptionText, NameText, WorkspaceMemberResponse

Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=256)]
UserCode = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Place = Annotated[str, StringConstraints(min_length=1, max_length=64)]
KeyDays = Annotated[int, Field(ge=1, le=365, strict=True)]


class ChallengeResponse(BaseModel):
    """`expires_in` in seconds."""

    challenge: str
    expires_in: int


class LocalSignInRequest(BaseModel):
    """`answer` is the hex HMAC-SHA256 of the challenge, keyed with the text of the home's `owner.key`."""

    challenge: Annotated[str, StringConstraints(max_length=128)]
    answer: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class FirstOwnerRequest(LocalSignInRequest):
    """Creates the owner of an empty installation."""

    email: Email
    name: NameText | None = None
    password: Password | None = None


class UserResponse(BaseModel):
    """`sign_up_url` is answered once, when the user was added without a password.

    Not `is_vouched` is who came by an invite: no administrator says that the address is theirs.
    """

    user_id: str
    email: str
    name: str | None
    is_administrator: bool
    is_vouched: bool
    has_password: bool
    created_at: datetime
    sign_up_url: str | None = None


class AddUserRequest(BaseModel):
    email: Email
    name: NameText | None = None
    password: Password | None = None
    is_administrator: StrictBool = False


class CreateOrganizationRequest(BaseModel):
    """`dataplane_id` locks the region at once; `owner_email` is for administrators, others create for themselves."""

    name: NameText
    description: DescriptionText | None = None
    dataplane_id: Annotated[str, StringConstraints(max_length=64)] | None = None
    owner_email: Email | None = None


class OrganizationMemberResponse(BaseModel):
    id: str
    organization_id: str
    user_id: str
    email: str
    name: str | None
    role: OrganizationRole
    created_at: datetime


class AddOrganizationMemberRequest(BaseModel):
    email: Email
    role: OrganizationRole


class InviteWorkspace(BaseModel):
    """A role in one workspace."""

    workspace_id: Annotated[str, StringConstraints(max_length=64)]
    role: WorkspaceRole


class InviteRequest(BaseModel):
    """A collaborator needs a workspace; an owner has all of them, so names none."""

    email: Email
    role: OrganizationRole
    workspaces: Annotated[list[InviteWorkspace], Field(max_length=50)] = []


class InviteToWorkspaceRequest(BaseModel):
    """Somebody who joins the organization as a collaborator, for this workspace."""

    email: Email
    role: WorkspaceRole


class InviteResponse(BaseModel):
    """An invite that waits; its link works until `expires_at`."""

    id: str
    organization_id: str
    email: str
    role: OrganizationRole
    workspaces: list[InviteWorkspace]
    invited_by: str
    created_at: datetime
    expires_at: datetime


class InvitedResponse(BaseModel):
    """Either `member`, who is known and in already, or `invite` and `invite_url`, which is answered once."""

    member: OrganizationMemberResponse | None = None
    invite: InviteResponse | None = None
    invite_url: str | None = None


class InvitedToWorkspaceResponse(BaseModel):
    """The same of one workspace."""

    member: WorkspaceMemberResponse | None = None
    invite: InviteResponse | None = None
    invite_url: str | None = None


class ChangeOrganizationMemberRequest(BaseModel):
    role: OrganizationRole


class AddWorkspaceMemberRequest(BaseModel):
    """Somebody outside the organization joins it as a collaborator."""

    email: Email
    role: WorkspaceRole


class ChangeWorkspaceMemberRequest(BaseModel):
    role: WorkspaceRole


class DefaultRoleRequest(BaseModel):
    """The role of every member of the organization without one of their own; null for none."""

    role: Literal["developer", "viewer"] | None


class DefaultRoleResponse(BaseModel):
    workspace_id: str
    role: WorkspaceRole | None


class CreatePersonalKeyRequest(BaseModel):
    """`email` is for administrators: the key speaks for that user."""

    name: NameText = "key"
    expires_in_days: KeyDays = 90
    email: Email | None = None


class CreateWorkspaceKeyRequest(BaseModel):
    name: NameText = "key"
    role: Literal["developer", "viewer"]
    expires_in_days: KeyDays = 90


class ApiKeyResponse(BaseModel):
    """`workspace_id` and `role` are null for a personal key."""

    id: str
    name: str
    user_id: str
    workspace_id: str | None
    role: WorkspaceRole | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class HeldKeyResponse(ApiKeyResponse):
    """Whose it is: the `email` of a person, or the `workspace_name` that a workspace's key belongs to."""

    email: str | None
    workspace_name: str | None


class CreatedApiKeyResponse(ApiKeyResponse):
    """`api_key` is shown this once."""

    api_key: str


class ApiKeyList(BaseModel):
    items: list[ApiKeyResponse]


class AddDataPlaneRequest(BaseModel):
    """`place` is what people read as the region, such as "Europe"."""

    dataplane_id: DataPlaneName
    place: Place
    name: Place | None = None
    description: DescriptionText | None = None


class JoinTokenResponse(BaseModel):
    """`join_token` works once."""

    dataplane_id: str
    join_token: str
    expires_at: datetime


class UpkeepResponse(BaseModel):
    """While `drained_at` is set the plane is given no new run; `clean_before` is when a cleaning was asked for last."""

    dataplane_id: str
    drained_at: datetime | None
    clean_before: datetime | None


class PendingSignInResponse(BaseModel):
    """A device that waits for approval. The code is not here: it is typed. `expires_at` ends the wait."""

    id: str
    requester_address: str
    client: str
    created_at: datetime
    expires_at: datetime


class PendingSignInList(BaseModel):
    items: list[PendingSignInResponse]


class DecideSignInRequest(BaseModel):
    """`email` is for administrators: that user is signed in."""

    user_code: UserCode
    email: Email | None = None


class DecidedSignInResponse(BaseModel):
    id: str
    state: Literal["approved", "refused"]
    email: str | None


class PlaneHealthResponse(BaseModel):
    """`is_reachable` is whether the plane polled within the lease time; `fingerprint` is of its key.

    `drained_at`: since then it is given no new run.
    """

    dataplane_id: str
    name: str
    place: str
    url: str | None
    fingerprint: str | None
    enrolled_at: datetime | None
    last_seen_at: datetime | None
    is_reachable: bool
    drained_at: datetime | None


class SchedulerHealth(BaseModel):
    """How late ticks were when they were committed: the latest, and the worst of the last 24 hours.

    Null where nothing was due, or where another control plane is the scheduler.
    """

    late_seconds: float | None
    worst_late_seconds: float | None


class HealthResponse(BaseModel):
    """`is_insecure`: this plane or a region is reached over a network without TLS (Security: 12).

    `grace_seconds`: for how long a region may be silent before its runs are called failed (Borders: 1).
    """

    version: str
    now: datetime
    is_insecure: bool
    grace_seconds: int
    scheduler: SchedulerHealth
    data_planes: list[PlaneHealthResponse]


class HeldRunResponse(BaseModel):
    """A run in the hands of a region. `left_seconds` is until its lease ends, null where the region is silent."""

    run_id: str
    run_number: int
    job_ref: str
    workspace_id: str
    workspace_name: str
    dataplane_id: str
    status: str
    fence: int
    left_seconds: float | None


class RegionStatusResponse(BaseModel):
    """A data plane as it told with its last poll, at `polled_at`.

    `numbers` are null where it told none: this control plane has just started, or the region is of a version before.
    `organizations` are locked to it. `is_doubled`: another process runs as it, and is refused.
    """

    dataplane_id: str
    polled_at: datetime | None
    organizations: int
    numbers: RegionNumbers | None
    is_doubled: bool


class StatusResponse(BaseModel):
    """How the platform is. `held` are up to 200 of the runs that regions have, which `held_count` counts.

    `database_answer_seconds` is how long its database took to count; `due_count` are clocks that fire within an hour.
    The disk is the one of the home. `started_at` is the start of the control plane that answers, `signing_key_at` from
    when on its key signs tokens.
    """

    now: datetime
    started_at: datetime
    database: str
    database_bytes: int
    database_answer_seconds: float
    disk_total_bytes: int
    disk_free_bytes: int
    signing_key_at: datetime
    sessions: int
    pending_count: int
    held_count: int
    next_due_at: datetime | None
    due_count: int
    held: list[HeldRunResponse]
    regions: list[RegionStatusResponse]


class AuditEventResponse(BaseModel):
    sequence: int
    at: datetime
    action: str
    subject: str
    actor_user_id: str | None
    actor_session_id: str | None
    organization_id: str | None
    facts: dict[str, Any]
    hash: str


class SessionResponse(BaseModel):
    """A session of the caller. `method` says how it began: device_code, authorization_code, local, local_root."""

    id: str
    method: str
    created_at: datetime
    last_refreshed_at: datetime
    expires_at: datetime
    is_current: bool


class SessionList(BaseModel):
    items: list[SessionResponse]


class AuditEventList(BaseModel):
    """`is_intact` says whether the whole chain of hashes holds; `next_after` goes on from here, null at the end."""

    items: list[AuditEventResponse]
    is_intact: bool
    next_after: int | None


class RotateSigningKeyRequest(BaseModel):
    """`at_once`: tokens of the keys before are refused from now on."""

    at_once: StrictBool = False


class SigningKeyResponse(BaseModel):
    """The new key: `kid` as in tokens, `fingerprint` as people compare it."""

    kid: str
    fingerprint: str
    signs_from: datetime


class ControlPlaneIdentity(BaseModel):
    """`GET /.well-known/control-plane`: the keys that tokens are signed with, as base64url text of 32 bytes."""

    issuer: str
    version: str
    keys: list[str]
    fingerprints: list[str]
