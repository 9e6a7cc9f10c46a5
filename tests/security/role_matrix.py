"""What each principal may do where, written down beside the code and not read from it (Contract: 8.1).

Columns are principals, in the order of `PRINCIPALS`; cells are
`+` let in, `-` refused (403), `o` not there for them (404), `x` not known (401).
"""

from __future__ import annotations

from dataclasses import dataclass

PRINCIPALS = (
    "organization owner",
    "organization member",
    "collaborator",  # of the organization, developer of the workspace
    "workspace owner",
    "workspace developer",
    "workspace viewer",
    "personal key",  # of the workspace's owner
    "developer's key",  # of the workspace
    "viewer's key",
    "run",
    "administrator",  # of the platform, no member of anything here
    "data plane",
    "region token",
    "nobody",
)


@dataclass(frozen=True)
class Rows:
    """One class of routes: in the own workspace or organization, in a sibling workspace, and anywhere else."""

    own: str
    sibling: str
    elsewhere: str


CONTROL: dict[str, Rows] = {
    # The same for everybody; compared with what nobody gets.
    "open": Rows("same", "same", "same"),
    "socket": Rows("oooooooooooooo", "oooooooooooooo", "oooooooooooooo"),
    "anyone": Rows("+++++++++++xxx", "", ""),
    "person": Rows("+++++++---+xxx", "", ""),
    "signed in": Rows("++++++----+xxx", "", ""),
    "administrator": Rows("----------+xxx", "", ""),
    "read": Rows("+o++++++++oxxx", "+ooooooooooxxx", "oooooooooooxxx"),
    "members of workspace": Rows("+o+++++++-oxxx", "+ooooooooooxxx", "oooooooooooxxx"),
    "start on access": Rows("+o+++++++-oxxx", "+ooooooooooxxx", "oooooooooooxxx"),
    "write": Rows("+o+++-++--oxxx", "+ooooooooooxxx", "oooooooooooxxx"),
    "manage": Rows("+o-+--+---oxxx", "+ooooooooooxxx", "oooooooooooxxx"),
    "manage signed in": Rows("+o-+------oxxx", "+ooooo----oxxx", "oooooo----oxxx"),
    "read organization": Rows("++++++++++oxxx", "", "oooooooooooxxx"),
    "create in organization": Rows("++-++++---oxxx", "", "oooooooooooxxx"),
    "manage organization": Rows("+---------oxxx", "", "oooooooooooxxx"),
    "manage organization signed in": Rows("+---------oxxx", "", "oooooo----oxxx"),
}

_AUTH = "/auth/v1/sessions/-"
_O, _W = "/api/v1/organizations/{organization_id}", "/api/v1/workspaces/{workspace_id}"
_OO, _OW = "/own/v1/organizations/{organization_id}", "/own/v1/workspaces/{workspace_id}"

CONTROL_ROUTES: dict[str, str] = {
    f"POST {_AUTH}issue-device-code": "open",
    f"POST {_AUTH}redeem-device-code": "open",
    f"POST {_AUTH}issue-authorization-url": "open",
    f"POST {_AUTH}redeem-authorization-code": "open",
    f"POST {_AUTH}refresh": "open",
    f"POST {_AUTH}issue-swap-code": "open",
    f"POST {_AUTH}revoke": "open",
    "GET /": "open",
    "GET /.well-known/control-plane": "open",
    "GET /.well-known/jwks.json": "open",
    "GET /device": "open",
    "POST /device": "open",
    "POST /device/-decide": "open",
    "GET /authorize": "open",
    "POST /authorize": "open",
    "GET /sign-up": "open",
    "POST /sign-up": "open",
    "GET /w/-live.js": "open",
    "POST /w/-sign-in": "open",
    "GET /w/{workspace_id}": "open",
    "GET /w/{workspace_id}/jobs/{job}": "open",
    "GET /w/{workspace_id}/runs/{run_id}": "open",
    "GET /w/{workspace_id}/pipelines/{name}": "open",
    "GET /w/{workspace_id}/runs/{run_id}/-log": "open",
    "GET /w/{workspace_id}/pipelines/{name}/-telemetry": "open",
    "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}/-telemetry": "open",
    "GET /apps/{workspace_id}/{job_id}": "open",
    "GET /public/{secret}": "open",
    "POST /link/v1/-enrol": "open",
    "POST /own/v1/sessions/-challenge": "socket",
    "POST /own/v1/sessions/-local": "socket",
    "POST /own/v1/sessions/-first-owner": "socket",
    "GET /api/v1/dataplanes": "anyone",
    "GET /api/v1/organizations": "anyone",
    "GET /api/v1/me": "person",
    "GET /own/v1/health": "person",
    "POST /own/v1/organizations": "person",
    "GET /own/v1/api-keys": "signed in",
    "POST /own/v1/api-keys": "signed in",
    "DELETE /own/v1/api-keys/{key_id}": "signed in",
    "POST /own/v1/sign-ins/-inspect": "signed in",
    "POST /own/v1/sign-ins/-approve": "signed in",
    "GET /own/v1/sign-ins": "administrator",
    "POST /own/v1/sign-ins/{sign_in_id}/-refuse": "administrator",
    "GET /own/v1/users": "administrator",
    "POST /own/v1/users": "administrator",
    "POST /own/v1/users/{user_id}/-issue-link": "administrator",
    "POST /own/v1/data-planes": "administrator",
    "GET /own/v1/audit-events": "administrator",
    "POST /own/v1/signing-keys/-rotate": "administrator",
    "GET /own/v1/audit-events/-search": "administrator",
    "GET /own/v1/sessions": "signed in",
    "DELETE /own/v1/sessions/{session_id}": "signed in",
    f"GET {_O}": "read organization",
    f"GET {_O}/me": "read organization",
    f"GET {_O}/workspaces": "read organization",
    f"POST {_O}/workspaces": "create in organization",
    f"GET {_OO}/members": "create in organization",
    f"POST {_O}/-set-region": "manage organization",
    f"GET {_OO}/audit-events": "manage organization signed in",
    f"POST {_OO}/members": "manage organization signed in",
    f"PATCH {_OO}/members/{{membership_id}}": "manage organization signed in",
    f"DELETE {_OO}/members/{{membership_id}}": "manage organization signed in",
    f"GET {_W}": "read",
    f"GET {_W}/me": "read",
    f"GET {_W}/members": "members of workspace",
    f"POST {_W}/-issue-dataplane-token": "read",
    f"GET {_W}/deployments": "read",
    f"GET {_W}/deployments/{{deployment_id}}": "read",
    f"GET {_W}/configurations": "read",
    f"GET {_W}/configurations/{{configuration_id}}": "read",
    f"GET {_W}/jobs": "read",
    f"GET {_W}/jobs/{{job_id}}": "read",
    f"GET {_W}/job-runs": "read",
    f"GET {_W}/job-runs/{{run_id}}": "read",
    f"GET {_OW}/job-runs/{{run_id}}": "read",
    f"GET {_OW}/jobs/{{job_id}}/fire-times": "read",
    f"GET {_OW}/versions": "read",
    f"GET {_OW}/retention": "read",
    f"POST {_OW}/-roll-back": "write",
    f"PUT {_OW}/retention": "manage",
    f"POST {_W}/jobs/-trigger": "start on access",
    f"POST {_W}/job-runs": "start on access",
    f"POST {_OW}/job-runs/{{run_id}}/-rerun": "start on access",
    f"POST {_W}/-deploy": "write",
    f"POST {_W}/deployments/-issue-upload": "write",
    f"POST {_W}/configurations/-issue-upload": "write",
    f"POST {_W}/jobs/{{job_id}}/-pause": "write",
    f"POST {_W}/jobs/{{job_id}}/-resume": "write",
    f"POST {_W}/jobs/{{job_id}}/-archive": "write",
    f"POST {_W}/jobs/{{job_id}}/-unarchive": "write",
    f"POST {_W}/jobs/{{job_id}}/-publish": "write",
    f"POST {_W}/jobs/{{job_id}}/-unpublish": "write",
    f"POST {_W}/job-runs/-cancel": "write",
    f"POST {_W}/job-runs/{{run_id}}/-cancel": "write",
    f"PATCH {_W}": "manage",
    f"POST {_W}/-archive": "manage",
    f"POST {_W}/-unarchive": "manage",
    f"GET {_OW}/api-keys": "manage signed in",
    f"POST {_OW}/api-keys": "manage signed in",
    f"DELETE {_OW}/api-keys/{{key_id}}": "manage signed in",
    f"PUT {_OW}/default-role": "manage signed in",
    f"POST {_OW}/members": "manage signed in",
    f"PATCH {_OW}/members/{{member_id}}": "manage signed in",
    f"DELETE {_OW}/members/{{member_id}}": "manage signed in",
}

LINK_ROUTES = {
    "POST /link/v1/-poll",
    "PUT /link/v1/deployments/{deployment_id}",
    "PUT /link/v1/configurations/{configuration_id}",
    "PUT /link/v1/runs/{run_id}/status",
    "POST /link/v1/runs/{run_id}/-issue-token",
    "PUT /link/v1/runs/{run_id}/pipeline-runs/{pipeline_run_id}",
    "POST /link/v1/swap-codes/-redeem",
    "POST /link/v1/-find-versions",
    "POST /link/v1/public-links/-find",
}

# At a data plane: those who get a token for the workspace, in the order of PRINCIPALS; `.` gets none to ask with.
REGION: dict[str, str] = {
    "open": "same",
    "upload": "+.+++-++--.",
    "read": "+.++++++++.",
    "names of secrets": "+.+++-++--.",
    "owners": "+.-+--+---.",
}

_L, _T = "/logs/v1/workspaces/{workspace_id}/job-runs/{run_id}", "/telemetry/v1/workspaces/{workspace_id}"

REGION_ROUTES: dict[str, str] = {
    "GET /w/-live.js": "open",
    "GET /w/-log.js": "open",
    "GET /w/{workspace_id}/runs/{run_id}": "open",
    "GET /w/{workspace_id}/runs/{run_id}/-lines": "open",
    "GET /w/{workspace_id}/pipelines/{name}": "open",
    "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}": "open",
    "GET /w/{workspace_id}/pipeline-runs/{pipeline_run_id}/-trace": "open",
    "GET /.well-known/data-plane": "open",
    "PUT /beacon/{secret}/{kind}": "open",
    "GET /apps/{workspace_id}/{job_id}": "open",
    "GET /public/{secret}": "open",
    f"POST {_W}/deployments/{{deployment_id}}/-upload": "upload",
    f"POST {_W}/configurations/{{configuration_id}}/-upload": "upload",
    f"GET {_W}/deployments/{{deployment_id}}/files": "read",
    f"GET {_W}/configurations/{{configuration_id}}/files": "read",
    f"GET {_W}/variables": "owners",
    f"PATCH {_W}/variables": "owners",
    f"GET {_L}/logs": "read",
    f"GET {_L}/log-stream": "read",
    f"GET {_T}/watermark": "read",
    f"GET {_T}/pipelines/-/stats": "read",
    f"GET {_T}/datasets/-/stats": "read",
    f"GET {_T}/pipeline-runs": "read",
    f"GET {_T}/pipeline-runs/{{pipeline_run_id}}": "read",
    f"GET {_T}/pipeline-runs/{{pipeline_run_id}}/trace": "read",
    f"GET {_T}/job-runs/{{run_id}}/result": "read",
    f"GET {_T}/job-runs/{{run_id}}/result-trace": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines": "read",
    f"GET {_OW}/job-runs/{{run_id}}/log-stream": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines/-search": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines/-new": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines/-compare": "read",
    f"POST {_OW}/job-runs/{{run_id}}/-open-app": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines/-first": "read",
    f"GET {_OW}/job-runs/{{run_id}}/lines/-download": "read",
    f"GET {_OW}/job-runs/{{run_id}}/hits": "read",
    f"GET {_OW}/hits": "read",
    f"GET {_OW}/events": "read",
    f"GET {_OW}/leaks": "names of secrets",
    f"GET {_OW}/leaks/{{leak_id}}": "names of secrets",
    f"GET {_OW}/job-runs/{{run_id}}/leaks": "names of secrets",
    f"GET {_OW}/rescrubs": "names of secrets",
    f"GET {_OW}/rescrubs/{{rescrub_id}}": "names of secrets",
    f"POST {_OW}/rescrubs": "owners",
    f"GET {_OW}/scrub-settings": "owners",
    f"GET {_OW}/audit-entries": "owners",
    f"PUT {_OW}/scrub-settings": "owners",
}
