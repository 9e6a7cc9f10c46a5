"""Bodies between a data plane and the control plane, under `/link/v1` (Borders: 1).

A closed schema: what is not a field here cannot be said to the control plane (Security: 2). Names from the user's world
are `Name`s; one that does not fit is sent as `withheld`.

Planes are upgraded one after the other, in any order, so each reads what the version before and the one after say:
unknown members are dropped, and a member that comes later has a default, under which all goes on as before it. What
must not be overlooked is a route of its own, which an older plane answers with 404.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
)

from planes.wire.key_changes import KeyChanges, KeyText
from planes.wire.moments import UtcMoment

WITHHELD = "withheld"
NAME_PATTERN = r"^[A-Za-z0-9_.:\-]{1,128}$"
MAXIMUM_SUMMARIES_PER_RUN = 100
MAXIMUM_POLL_SECONDS = 25
MAXIMUM_VERSIONS = 100
MAXIMUM_MEMBERS = 100
MAXIMUM_MEASURED_RUNS = 200
MAXIMUM_PROFILES = 200

Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")]
DataPlaneName = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,12}[0-9]{0,3}$")]
Count = Annotated[int, Field(ge=0, le=2**53)]
ContentHash = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-\[\]:]{1,255}$")]


class LinkModel(BaseModel):
    """Only fields are said or kept: whatever else rides along in an answer or request of another version is dropped."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class EnrolRequest(LinkModel):
    join_token: Annotated[str, StringConstraints(max_length=128)]
    dataplane_id: DataPlaneName
    region: Annotated[str, StringConstraints(max_length=64)]
    public_key: KeyText
    url: HttpUrl


class EnrolResponse(LinkModel):
    """`keys` are the control plane's public keys, in the text form of `planes.tokens.PublicKey`."""

    keys: list[str]


class KeyChangesRequest(LinkModel):
    """How the key that signs this call came in the place of one that the control plane may still know."""

    dataplane_id: DataPlaneName
    changes: KeyChanges


class HeldRun(LinkModel):
    run_id: Uuid
    fence: Count


class RunNumbers(LinkModel):
    """What a run takes of its region's machine, its runner with it. `processor_percent`: 100 is one core."""

    run_id: Uuid
    pid: Count
    memory_bytes: Count
    processor_percent: Count | None = None


class RegionNumbers(LinkModel):
    """How a region is: versions of our own software, counts, sizes and times. Never a name (docs/adr/0010).

    `started_at` is of its process, `runners` of `slots` are taken, `warm` are interpreters that stand by. What lies in
    its folders was measured at `measured_at`, and is None before; `environments_used_at` is when a run last took one.
    `master_key_at` is when the key was written under which all that is sealed lies. `runs` are among those that the
    poll renews, by their ids.
    """

    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.+\-]{1,64}$")]
    started_at: UtcMoment
    slots: Count
    runners: Count
    warm: Count = 0
    warm_bytes: Count = 0
    disk_total_bytes: Count | None = None
    disk_free_bytes: Count | None = None
    database_bytes: Count | None = None
    measured_at: UtcMoment | None = None
    environments: Count | None = None
    environments_used_at: UtcMoment | None = None
    environments_bytes: Count | None = None
    caches_bytes: Count | None = None
    runs_bytes: Count | None = None
    data_bytes: Count | None = None
    code_bytes: Count | None = None
    blobs_bytes: Count | None = None
    master_key_at: UtcMoment | None = None
    runs: Annotated[list[RunNumbers], Field(max_length=MAXIMUM_MEASURED_RUNS)] = []


class PollRequest(LinkModel):
    """`held` are the leases to renew; `epoch` the last one this data plane knows.

    `numbers` are for whoever runs the platform: what is not understood of them is let go, and costs no poll.
    `instance` is drawn at each start of the region's process: of two that run as one region, the one started last
    (`numbers.started_at`) works. `home` is the same for all processes of which no two can run at once.
    """

    free_slots: Annotated[int, Field(ge=0, le=10_000)]
    held: list[HeldRun]
    url: HttpUrl
    epoch: Count
    numbers: RegionNumbers | None = None
    instance: Uuid | None = None
    home: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None = None

    @field_validator("numbers", mode="wrap")
    @classmethod
    def _let_go(cls, value: Any, read: ValidatorFunctionWrapHandler) -> RegionNumbers | None:
        try:
            return read(value)
        except ValidationError:
            return None


class Lease(LinkModel):
    """One claimed run: ids, definition, limits. No secret, no code.

    `tries_left` is how often the run is tried again at most if it fails, `next_try_seconds` how long after its end.
    """

    run_id: Uuid
    fence: Count
    expires_at: UtcMoment
    organization_id: Uuid
    workspace_id: Uuid
    job_id: Uuid
    job_ref: str
    number: Count
    definition: dict[str, Any]
    trigger: str
    profile: str
    deployment_id: Uuid
    configuration_id: Uuid
    refresh: bool
    interval_start: UtcMoment | None = None
    interval_end: UtcMoment | None = None
    previous_job_run_id: Uuid | None = None
    time_limit_seconds: Annotated[int, Field(gt=0)]
    grace_seconds: Annotated[int, Field(ge=0)]
    tries_left: Count = 0
    next_try_seconds: Count = 0
    webhook_call_id: Uuid | None = None


class RevokedClaim(StrEnum):
    """Which claim of a token a revocation names."""

    SUBJECT = "sub"
    MEMBERSHIP = "mem"
    SESSION = "sid"
    ORGANIZATION = "org"
    WORKSPACE = "ws"
    PUBLIC_LINK = "pub"


class Revocation(LinkModel):
    """Tokens whose `claim` is `value` and whose epoch is below `epoch` are refused from now on.

    `claim` is a `RevokedClaim`, or one of a newer control plane.
    """

    epoch: Count
    claim: Annotated[str, StringConstraints(pattern=r"^[a-z]{1,8}$")]
    value: Annotated[str, StringConstraints(max_length=64)]


class PollResponse(LinkModel):
    """`run_tokens` are the tokens (by run) of the runs that `leases` hand out, so that their start need not ask.

    They stand beside the leases because those are stored. Of environments that no run needs, those that were last used
    before `clean_before` are to go; it is told with each answer for a day, and obeyed once.

    Of `unheard` runs, which the plane took and does not name any more, the control plane knows no end: it may have told
    it to one that a backup has replaced, and tells it once more.
    """

    leases: list[Lease]
    run_tokens: dict[Uuid, str] = Field(default_factory=dict, repr=False)
    cancels: list[HeldRun]
    epoch: Count
    revocations: list[Revocation]
    keys: list[str]
    clean_before: UtcMoment | None = None
    unheard: list[HeldRun] = []


class ReportedStatus(StrEnum):
    """What a data plane says of a run. A failed one says no more: the reason is read in the region."""

    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StatusReport(LinkModel):
    fence: Count
    status: ReportedStatus
    at: UtcMoment


class RunTokenRequest(LinkModel):
    fence: Count


class RunTokenResponse(LinkModel):
    token: str
    expires_at: int


class EndedRunRequest(LinkModel):
    """A run of a workspace whose log somebody asks for, and of which its data plane knows nothing."""

    workspace_id: Uuid
    run_id: Uuid


class EndedRunResponse(LinkModel):
    """Whether it has ended. A run of another workspace, or that there is not, has not."""

    has_ended: bool


class SwapCodeRequest(LinkModel):
    """A code that a browser brought to the data plane, and the app that it wants to see: that is started if need be.

    Without a job it wants to see what is stored, and nothing is started.
    """

    code: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    workspace_id: Uuid
    job_id: Uuid | None = None


class RedeemSwapCodeResponse(LinkModel):
    """A client's token for that workspace at the data plane that asked: what its holder could get by itself."""

    token: str


class PublicLinkRequest(LinkModel):
    secret: Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PublicLinkResponse(LinkModel):
    """The published job behind a secret address. `epoch` as in tokens: a later revocation ends what it opened."""

    organization_id: Uuid
    workspace_id: Uuid
    job_id: Uuid
    epoch: Count


class DeploymentReport(LinkModel):
    """The row of an uploaded deployment but for `version`, which the control plane assigns."""

    workspace_id: Uuid
    content_hash: ContentHash
    file_count: Count
    size_bytes: Count
    requirements_size_bytes: Count
    created_by: Uuid
    created_at: UtcMoment


class ConfigurationReport(LinkModel):
    workspace_id: Uuid
    content_hash: ContentHash
    file_count: Count
    size_bytes: Count
    profiles: Annotated[list[Name], Field(max_length=MAXIMUM_PROFILES)]
    created_by: Uuid
    created_at: UtcMoment


class VersionIds(LinkModel):
    """Ids of uploads. Asked: those of which a data plane is not sure. Answered: those of them that are versions."""

    deployments: Annotated[list[Uuid], Field(max_length=MAXIMUM_VERSIONS)]
    configurations: Annotated[list[Uuid], Field(max_length=MAXIMUM_VERSIONS)]


class MemberIds(LinkModel):
    """Memberships of the organization that alerts of a workspace are for."""

    workspace_id: Uuid
    members: Annotated[list[Uuid], Field(max_length=MAXIMUM_MEMBERS)]


class KnownMember(LinkModel):
    member: Uuid
    email: Annotated[str, StringConstraints(max_length=320)]


class MembersResponse(LinkModel):
    """Those of the asked who see the workspace now, and where mail reaches them."""

    members: list[KnownMember]


class WebhookJobRequest(LinkModel):
    workspace_id: Uuid
    job_id: Uuid


class WebhookJobResponse(LinkModel):
    """`triggers` are its `webhook:` ones."""

    job_ref: str
    triggers: list[str]


class WebhookRunRequest(LinkModel):
    """A run for a call of a webhook, of which nothing else is said. Asked again about it, the answer is the same."""

    workspace_id: Uuid
    job_id: Uuid
    trigger: Annotated[str, StringConstraints(pattern=r"^webhook:", max_length=1024)]
    call_id: Uuid


class WebhookRunResponse(LinkModel):
    """The run, or in a word why there is none; unless that `is_final` the call may have one later."""

    run_id: Uuid | None
    status: Annotated[str, StringConstraints(max_length=64)]
    is_final: bool


class PipelineRunStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class PipelineRunReport(LinkModel):
    """Names and counts of one pipeline run: no error text, no values."""

    fence: Count
    pipeline_name: Name
    dataset_name: Name | None = None
    destination_name: Name | None = None
    transaction_id: Name | None = None
    status: PipelineRunStatus
    started_at: UtcMoment | None = None
    finished_at: UtcMoment | None = None
    duration_ms: Count | None = None
    total_rows: Count | None = None
