"""Who may call which route of either plane, and what it asks of them: the one table (Contract: 8.1, docs/api.md).

The planes' doors read it: the control plane refuses a kind of caller that an entry leaves out, and checks the entry's
permission where the workspace or the organization is looked up; a data plane checks the entry's grant. Services and
routes ask for what they need themselves, too, so an entry can only add to it. A route without an entry fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from planes.domain.access import Grant, Permission, PrincipalKind, WorkspaceRole


class Caller(StrEnum):
    """Which kinds of callers a route knows."""

    ANYBODY = "anybody"
    """No credential; what is secret is in the request itself."""
    SOCKET = "socket"
    """The home's unix socket."""
    CREDENTIAL = "credential"
    """Any credential: a session, a key, the token of a run."""
    PERSON = "person"
    """A session or a personal key."""
    SIGNED_IN = "signed_in"
    """A session only."""
    ADMINISTRATOR = "administrator"
    """A session of an administrator of the platform."""
    DATA_PLANE = "data_plane"
    """A data plane, by its signature of the call."""
    REGION_TOKEN = "region_token"  # noqa: S105 - a kind of caller
    """A data-plane token for the workspace of the path."""
    UPLOAD_TOKEN = "upload_token"  # noqa: S105 - a kind of caller
    """The token of one upload."""


@dataclass(frozen=True, slots=True)
class RouteGrant:
    """What one route asks for: of whom, and a permission (control plane) or a grant (data plane).

    `lowest_role` is of the token's role, where the answer names secrets or recipients, which viewers are not told.
    """

    caller: Caller
    permission: Permission | None = None
    grant: Grant | None = None
    lowest_role: WorkspaceRole = WorkspaceRole.VIEWER


def _each(entry: RouteGrant, *routes: str) -> dict[str, RouteGrant]:
    return dict.fromkeys(routes, entry)


_KINDS: Mapping[Caller, frozenset[PrincipalKind]] = {
    Caller.CREDENTIAL: frozenset(PrincipalKind),
    Caller.PERSON: frozenset({PrincipalKind.SESSION, PrincipalKind.PERSONAL_KEY}),
    Caller.SIGNED_IN: frozenset({PrincipalKind.SESSION}),
    Caller.ADMINISTRATOR: frozenset({PrincipalKind.SESSION}),
}


def kinds_of(caller: Caller) -> frozenset[PrincipalKind]:
    """The kinds of principals among these callers; none for callers that are no principals."""
    return _KINDS.get(caller, frozenset())


_ORGANIZATION = "/api/v1/organizations/{organization_id}"
_WORKSPACE = "/api/v1/workspaces/{workspace_id}"
_OWN_ORGANIZATION = "/own/v1/organizations/{organization_id}"
_OWN_WORKSPACE = "/own/v1/workspaces/{workspace_id}"
_LOGS = "/logs/v1/workspaces/{workspace_id}/job-runs/{run_id}"
_TELEMETRY = "/telemetry/v1/workspaces/{workspace_id}"

CONTROL_PLANE_ROUTES: Mapping[str, RouteGrant] = {
    **_each(
        RouteGrant(Caller.ANYBODY),
        *(f"POST /auth/v1/sessions/-{name}" for name in (
            "issue-device-code", "redeem-device-code", "issue-authorization-url", "redeem-authorization-code",
            "refresh", "issue-swap-code", "revoke",
        )),
        "GET /.well-known/control-plane", "GET /.well-known/jwks.json",
        "GET /", "GET /device", "POST /device", "POST /device/-decide", "GET /authorize", "POST /authorize",
        "GET /sign-up", "POST /sign-up", "GET /invite", "POST /invite",
        "POST /invite/-sign-up", "GET /w/-live.js", "POST /w/-sign-in", "POST /w/-sign-out",
        "GET /w/{workspace_id}",
        "GET /w/{workspace_id}/jobs/{job}", "GET /w/{workspace_id}/runs/{run_id}",
        "GET /w/{workspace_id}/pipelines/{name}",
        "GET /w/{workspace_id}/runs/{run_id}/-log", "GET /w/{workspace_id}/jobs/{job}/-app",
        "GET /w/{workspace_id}/pipelines/{name}/-telemetry",
        "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}/-telemetry",
        "GET /apps/{workspace_id}/{job_id}", "GET /public/{secret}", "POST /link/v1/-enrol",
    ),
    **_each(
        RouteGrant(Caller.SOCKET),
        *(f"POST /own/v1/sessions/-{name}" for name in ("challenge", "local", "first-owner")),
    ),
    **_each(
        RouteGrant(Caller.CREDENTIAL),
        "GET /api/v1/dataplanes", "GET /api/v1/organizations", "GET /own/v1/changes",
    ),
    **_each(
        RouteGrant(Caller.CREDENTIAL, Permission.READ),
        f"GET {_ORGANIZATION}", f"GET {_ORGANIZATION}/me", f"GET {_ORGANIZATION}/workspaces",
        f"GET {_WORKSPACE}", f"GET {_WORKSPACE}/me", f"GET {_WORKSPACE}/members",
        f"POST {_WORKSPACE}/-issue-dataplane-token",
        f"GET {_WORKSPACE}/deployments", f"GET {_WORKSPACE}/deployments/{{deployment_id}}",
        f"GET {_WORKSPACE}/configurations", f"GET {_WORKSPACE}/configurations/{{configuration_id}}",
        f"GET {_WORKSPACE}/jobs", f"GET {_WORKSPACE}/jobs/{{job_id}}",
        f"GET {_WORKSPACE}/job-runs", f"GET {_WORKSPACE}/job-runs/{{run_id}}",
        f"GET {_OWN_WORKSPACE}/job-runs/{{run_id}}",
        f"GET {_OWN_WORKSPACE}/jobs", f"GET {_OWN_WORKSPACE}/jobs/-passed-over",
        f"GET {_OWN_WORKSPACE}/jobs/{{job_id}}/fire-times", f"GET {_OWN_WORKSPACE}/jobs/{{job_id}}/versions",
        f"GET {_OWN_WORKSPACE}/jobs/{{job_id}}/retries",
        f"GET {_OWN_WORKSPACE}/jobs/{{job_id}}/backfills", f"GET {_OWN_WORKSPACE}/backfills/{{backfill_id}}",
        f"GET {_OWN_WORKSPACE}/versions", f"GET {_OWN_WORKSPACE}/retention", f"GET {_OWN_WORKSPACE}/residency",
        f"GET {_OWN_WORKSPACE}/rows-loaded",
        f"GET {_OWN_WORKSPACE}/strictness", f"GET {_OWN_WORKSPACE}/default-role",
    ),
    **_each(
        RouteGrant(Caller.CREDENTIAL, Permission.CREATE_RUN),
        f"POST {_WORKSPACE}/jobs/-trigger", f"POST {_WORKSPACE}/job-runs",
        f"POST {_OWN_WORKSPACE}/job-runs/{{run_id}}/-rerun",
    ),
    **_each(
        RouteGrant(Caller.CREDENTIAL, Permission.WRITE),
        f"POST {_ORGANIZATION}/workspaces", f"GET {_OWN_ORGANIZATION}/members",
        f"POST {_WORKSPACE}/-deploy", f"POST {_OWN_WORKSPACE}/-roll-back",
        f"PUT {_OWN_WORKSPACE}/jobs/{{job_id}}/retries", f"POST {_OWN_WORKSPACE}/jobs/{{job_id}}/backfills",
        f"POST {_OWN_WORKSPACE}/backfills/{{backfill_id}}/-cancel",
        f"POST {_OWN_WORKSPACE}/backfills/{{backfill_id}}/-resume",
        f"POST {_WORKSPACE}/deployments/-issue-upload", f"POST {_WORKSPACE}/configurations/-issue-upload",
        *(f"POST {_WORKSPACE}/jobs/{{job_id}}/-{verb}" for verb in (
            "pause", "resume", "archive", "unarchive", "publish", "unpublish",
        )),
        f"POST {_WORKSPACE}/job-runs/-cancel", f"POST {_WORKSPACE}/job-runs/{{run_id}}/-cancel",
    ),
    **_each(
        RouteGrant(Caller.CREDENTIAL, Permission.MANAGE_WORKSPACE),
        f"PUT {_OWN_WORKSPACE}/retention", f"PUT {_OWN_WORKSPACE}/strictness",
        f"PATCH {_WORKSPACE}", f"POST {_WORKSPACE}/-archive", f"POST {_WORKSPACE}/-unarchive",
    ),
    **_each(RouteGrant(Caller.CREDENTIAL, Permission.MANAGE_ORGANIZATION), f"POST {_ORGANIZATION}/-set-region"),
    **_each(RouteGrant(Caller.PERSON), "GET /api/v1/me", "GET /own/v1/health", "POST /own/v1/organizations"),
    **_each(
        RouteGrant(Caller.SIGNED_IN),
        "GET /own/v1/api-keys", "POST /own/v1/api-keys", "DELETE /own/v1/api-keys/{key_id}",
        "POST /own/v1/sign-ins/-inspect", "POST /own/v1/sign-ins/-approve",
        "GET /own/v1/sessions", "DELETE /own/v1/sessions/{session_id}",
    ),
    **_each(
        RouteGrant(Caller.SIGNED_IN, Permission.MANAGE_WORKSPACE),
        f"GET {_OWN_WORKSPACE}/api-keys", f"POST {_OWN_WORKSPACE}/api-keys",
        f"DELETE {_OWN_WORKSPACE}/api-keys/{{key_id}}", f"PUT {_OWN_WORKSPACE}/default-role",
        f"POST {_OWN_WORKSPACE}/members", f"PATCH {_OWN_WORKSPACE}/members/{{member_id}}",
        f"DELETE {_OWN_WORKSPACE}/members/{{member_id}}",
        f"GET {_OWN_WORKSPACE}/invites", f"POST {_OWN_WORKSPACE}/invites",
        f"POST {_OWN_WORKSPACE}/invites/{{invite_id}}/-issue-link",
        f"DELETE {_OWN_WORKSPACE}/invites/{{invite_id}}",
    ),
    **_each(
        RouteGrant(Caller.SIGNED_IN, Permission.MANAGE_ORGANIZATION),
        f"GET {_OWN_ORGANIZATION}/audit-events",
        f"POST {_OWN_ORGANIZATION}/members", f"PATCH {_OWN_ORGANIZATION}/members/{{membership_id}}",
        f"DELETE {_OWN_ORGANIZATION}/members/{{membership_id}}",
        f"GET {_OWN_ORGANIZATION}/invites", f"POST {_OWN_ORGANIZATION}/invites",
        f"POST {_OWN_ORGANIZATION}/invites/{{invite_id}}/-issue-link",
        f"DELETE {_OWN_ORGANIZATION}/invites/{{invite_id}}",
    ),
    **_each(
        RouteGrant(Caller.ADMINISTRATOR),
        "GET /own/v1/status", "GET /own/v1/users", "POST /own/v1/users", "POST /own/v1/users/{user_id}/-issue-link",
        "GET /own/v1/organizations", "GET /own/v1/held-api-keys", "POST /own/v1/data-planes",
        *(f"POST /own/v1/data-planes/{{dataplane_id}}/-{verb}" for verb in ("drain", "resume", "clean")),
        "POST /own/v1/signing-keys/-rotate",
        "GET /own/v1/audit-events", "GET /own/v1/audit-events/-search",
        "GET /own/v1/sign-ins", "POST /own/v1/sign-ins/{sign_in_id}/-refuse",
    ),
    **_each(
        RouteGrant(Caller.DATA_PLANE),
        "POST /link/v1/-poll", "POST /link/v1/-change-key", "PUT /link/v1/deployments/{deployment_id}",
        "PUT /link/v1/configurations/{configuration_id}", "PUT /link/v1/runs/{run_id}/status",
        "POST /link/v1/runs/{run_id}/-issue-token", "PUT /link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}",
        "POST /link/v1/swap-codes/-redeem", "POST /link/v1/-find-versions", "POST /link/v1/-find-members",
        "POST /link/v1/-find-ended-run",
        "POST /link/v1/public-links/-find", "POST /link/v1/webhooks/-find-job", "POST /link/v1/webhooks/-start",
    ),
}  # fmt: skip

DATA_PLANE_ROUTES: Mapping[str, RouteGrant] = {
    # The secrets of the beacon and of published apps are in their paths, the swap code of an app in its query.
    **_each(
        RouteGrant(Caller.ANYBODY),
        "GET /.well-known/data-plane", f"GET {_OWN_ORGANIZATION}/presence",
        "PUT /beacon/{secret}/{kind}", "POST /webhooks/{webhook_id}", "GET /apps/{workspace_id}/{job_id}",
        "GET /public/{secret}", "GET /w/-live.js", "GET /w/-log.js", "GET /w/{workspace_id}/runs/{run_id}",
        "GET /w/{workspace_id}/runs/{run_id}/-lines", "GET /w/{workspace_id}/pipelines/{name}",
        "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}",
        "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}/-trace",
    ),
    **_each(
        RouteGrant(Caller.UPLOAD_TOKEN, grant=Grant.DEPLOYMENT_UPLOAD),
        f"POST {_WORKSPACE}/deployments/{{deployment_id}}/-upload",
    ),
    **_each(
        RouteGrant(Caller.UPLOAD_TOKEN, grant=Grant.CONFIGURATION_UPLOAD),
        f"POST {_WORKSPACE}/configurations/{{configuration_id}}/-upload",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.READ),
        f"GET {_WORKSPACE}/deployments/{{deployment_id}}/files",
        f"GET {_WORKSPACE}/configurations/{{configuration_id}}/files",
        f"GET {_LOGS}/logs", f"GET {_LOGS}/log-stream",
        f"GET {_TELEMETRY}/watermark", f"GET {_TELEMETRY}/pipeline-runs",
        f"GET {_TELEMETRY}/pipeline-runs/{{pipeline_run_id}}",
        f"GET {_TELEMETRY}/pipeline-runs/{{pipeline_run_id}}/trace",
        f"GET {_TELEMETRY}/job-runs/{{run_id}}/result", f"GET {_TELEMETRY}/job-runs/{{run_id}}/result-trace",
        *(f"GET {_OWN_WORKSPACE}/job-runs/{{run_id}}/{rest}" for rest in (
            "lines", "log-stream", "lines/-search", "lines/-new", "lines/-compare", "lines/-first", "lines/-download",
            "hits",
        )),
        f"GET {_OWN_WORKSPACE}/hits", f"GET {_OWN_WORKSPACE}/hits/-by-run",
        f"GET {_OWN_WORKSPACE}/events", f"GET {_OWN_WORKSPACE}/residency", f"GET {_OWN_WORKSPACE}/environments",
        f"GET {_TELEMETRY}/pipelines/-/stats", f"GET {_TELEMETRY}/datasets/-/stats",
        f"POST {_OWN_WORKSPACE}/job-runs/{{run_id}}/-open-app",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.READ, lowest_role=WorkspaceRole.DEVELOPER),
        f"GET {_OWN_WORKSPACE}/leaks", f"GET {_OWN_WORKSPACE}/leaks/{{leak_id}}",
        f"GET {_OWN_WORKSPACE}/job-runs/{{run_id}}/leaks",
        f"GET {_OWN_WORKSPACE}/rescrubs", f"GET {_OWN_WORKSPACE}/rescrubs/{{rescrub_id}}",
        f"GET {_OWN_WORKSPACE}/alerts", f"GET {_OWN_WORKSPACE}/alerts/{{alert_id}}",
        f"GET {_OWN_WORKSPACE}/alert-deliveries", f"GET {_OWN_WORKSPACE}/mail-server",
        f"GET {_OWN_WORKSPACE}/webhooks", f"GET {_OWN_WORKSPACE}/webhooks/{{webhook_id}}/calls",
        f"DELETE {_OWN_WORKSPACE}/environments/{{key}}",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.ALERTS_WRITE),
        f"POST {_OWN_WORKSPACE}/alerts", f"PUT {_OWN_WORKSPACE}/alerts/{{alert_id}}",
        f"DELETE {_OWN_WORKSPACE}/alerts/{{alert_id}}", f"POST {_OWN_WORKSPACE}/alerts/{{alert_id}}/-test",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.VARIABLES_READ),
        f"GET {_WORKSPACE}/variables", f"GET {_OWN_WORKSPACE}/scrub-settings",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.AUDIT_READ),
        f"GET {_OWN_WORKSPACE}/audit-entries", f"GET {_OWN_WORKSPACE}/audit-chain",
    ),
    **_each(
        RouteGrant(Caller.REGION_TOKEN, grant=Grant.VARIABLES_WRITE),
        f"PATCH {_WORKSPACE}/variables", f"PUT {_OWN_WORKSPACE}/scrub-settings", f"POST {_OWN_WORKSPACE}/rescrubs",
        f"PUT {_OWN_WORKSPACE}/mail-server", f"DELETE {_OWN_WORKSPACE}/mail-server",
        f"POST {_OWN_WORKSPACE}/webhooks", f"POST {_OWN_WORKSPACE}/webhooks/{{webhook_id}}/-rotate",
        f"DELETE {_OWN_WORKSPACE}/webhooks/{{webhook_id}}",
    ),
}  # fmt: skip
