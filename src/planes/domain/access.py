"""Who asks, and what roles allow (Contract: 8.1).

On the control plane a role answers with permissions; what a client may do at a data plane is written into its token as
grants when the token is minted, so a data plane needs no roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from planes.domain.identifiers import MembershipId, OrganizationId, RunId, SessionId, UserId, WorkspaceId


class OrganizationRole(StrEnum):
    OWNER = "owner"
    MEMBER = "member"
    COLLABORATOR = "collaborator"


class WorkspaceRole(StrEnum):
    OWNER = "owner"
    DEVELOPER = "developer"
    VIEWER = "viewer"


class PrincipalKind(StrEnum):
    """How the caller proved who they are."""

    SESSION = "session"
    PERSONAL_KEY = "personal_key"
    WORKSPACE_KEY = "workspace_key"
    RUN = "run"


class Permission(StrEnum):
    """What a route of the control plane asks for."""

    READ = "read"
    WRITE = "write"
    CREATE_RUN = "create_run"
    MANAGE_WORKSPACE = "manage_workspace"
    MANAGE_ORGANIZATION = "manage_organization"


class Grant(StrEnum):
    """What a data-plane token allows, each within one workspace."""

    READ = "ws:read"
    VARIABLES_READ = "ws:variables-read"
    VARIABLES_WRITE = "ws:variables-write"
    AUDIT_READ = "ws:audit-read"
    ALERTS_WRITE = "ws:alerts-write"
    DEPLOYMENT_UPLOAD = "deployment:upload"
    CONFIGURATION_UPLOAD = "configuration:upload"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The caller of the control plane.

    `workspace_id` and `workspace_role` are set for a workspace key, which is bound to one workspace; `run_id` for the
    token of a run, which reads its own workspace. `runs_out_at` is when an API key ends, in unix seconds: no token that
    is minted for it lives longer. `asks` is the permission that the route's entry in `domain.route_grants` asks for,
    beside what the service asks for itself.
    """

    kind: PrincipalKind
    user_id: UserId
    email: str
    session_id: SessionId | None = None
    organization_id: OrganizationId | None = None
    workspace_id: WorkspaceId | None = None
    workspace_role: WorkspaceRole | None = None
    membership_id: MembershipId | None = None
    run_id: RunId | None = None
    runs_out_at: int | None = None
    asks: Permission | None = None

    @property
    def is_human(self) -> bool:
        """Whether a person stands behind the request: only they have a `/me`."""
        return self.kind in {PrincipalKind.SESSION, PrincipalKind.PERSONAL_KEY}


_PERMISSIONS: dict[WorkspaceRole, frozenset[Permission]] = {
    WorkspaceRole.OWNER: frozenset(
        {Permission.READ, Permission.WRITE, Permission.CREATE_RUN, Permission.MANAGE_WORKSPACE}
    ),
    WorkspaceRole.DEVELOPER: frozenset({Permission.READ, Permission.WRITE, Permission.CREATE_RUN}),
    # A viewer starts jobs of the `access` profile only; `may_start_on` has the last word.
    WorkspaceRole.VIEWER: frozenset({Permission.READ, Permission.CREATE_RUN}),
}

_GRANTS: dict[WorkspaceRole, frozenset[Grant]] = {
    WorkspaceRole.OWNER: frozenset(
        {Grant.READ, Grant.VARIABLES_READ, Grant.VARIABLES_WRITE, Grant.AUDIT_READ, Grant.ALERTS_WRITE}
    ),
    WorkspaceRole.DEVELOPER: frozenset({Grant.READ, Grant.ALERTS_WRITE}),
    WorkspaceRole.VIEWER: frozenset({Grant.READ}),
}

# Alerts lead out of the region: people with write access change them, keys and runs do not (Contract: 8.1).
_OF_PEOPLE = frozenset({Grant.ALERTS_WRITE})

ACCESS_PROFILE = "access"
LOCAL_PROFILES = frozenset({"dev", "tests"})


def permissions_of(role: WorkspaceRole) -> frozenset[Permission]:
    """What a workspace role allows at the control plane."""
    return _PERMISSIONS[role]


def grants_of(role: WorkspaceRole, *, is_human: bool) -> frozenset[Grant]:
    """What a workspace role allows at the data plane, to a person or to a key or run."""
    return _GRANTS[role] if is_human else _GRANTS[role] - _OF_PEOPLE


def tell_lack(grant: Grant) -> str:
    """What somebody is told whose token has not the grant: whom to ask."""
    who = " and ".join(f"{role.value}s" for role in WorkspaceRole if grant in _GRANTS[role])
    condition = " who are signed in" if grant in _OF_PEOPLE else ""
    return f"This needs the grant {grant}, which your role does not give; it is for {who} of the workspace{condition}."


def may_start_on(role: WorkspaceRole, profile: str, *, refresh: bool) -> bool:
    """Whether the role may start a run on this *effective* profile (Security: 10)."""
    if role is WorkspaceRole.VIEWER:
        return profile == ACCESS_PROFILE and not refresh
    return True
