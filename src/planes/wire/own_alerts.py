"""Bodies of our own routes about alerts (docs/api.md). Where one goes is written and never read back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, SecretStr, StringConstraints

MOST_ALERTS = 50
MOST_RECIPIENTS = 20

Trigger = Literal["job-run-failure", "job-run-success", "job-prints-secrets"]
Channel = Literal["mail", "webhook", "slack"]
DeliveryStateName = Literal["pending", "sent", "failed", "held_back"]
MailSecurity = Literal["tls", "starttls", "none"]

_Pattern = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\-*?]{1,512}$")]
_Pipeline = Annotated[str, StringConstraints(min_length=1, max_length=512)]
_Member = Annotated[str, StringConstraints(pattern=r"^[0-9a-f\-]{36}$")]
_MailAddress = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}@[A-Za-z0-9.\-]{1,190}$")
]


class Alert(BaseModel):
    """When, what, to whom. Without `jobs` and `pipelines` it is of every run; one that fits either is meant.

    `jobs` are refs, with or without the leading `jobs.`, and may hold `*` and `?`.
    """

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    triggers: Annotated[list[Trigger], Field(min_length=1, max_length=3)]
    jobs: Annotated[list[_Pattern], Field(max_length=100)] = Field(default_factory=list[str])
    pipelines: Annotated[list[_Pipeline], Field(max_length=100)] = Field(default_factory=list[str])
    is_enabled: bool = True


class AlertRequest(Alert):
    """A new alert, or what one is to be from now on.

    `mail` needs `members` (ids of memberships of the organization) or `addresses`, the others a `url`. When an alert is
    changed, what is left out of these stays as it is, except that a new `url` has no old `signing_secret`. A failure
    that is tried again is told only where the alert tells `each_try`, which stays as it is when left out, too.
    """

    channel: Channel
    each_try: bool | None = None
    members: Annotated[list[_Member] | None, Field(max_length=MOST_RECIPIENTS)] = None
    addresses: Annotated[list[_MailAddress] | None, Field(max_length=MOST_RECIPIENTS)] = None
    url: Annotated[SecretStr | None, Field(max_length=2048)] = None
    signing_secret: Annotated[SecretStr | None, Field(min_length=8, max_length=256)] = None


class AlertDelivery(BaseModel):
    """One message. `facts` is what it says; `outcome` a word of ours, `status` the number that the receiver gave."""

    id: str
    alert_id: str
    trigger: Literal["job-run-failure", "job-run-success", "job-prints-secrets", "test"]
    run_id: str | None
    facts: dict[str, Any]
    state: DeliveryStateName
    tries: int
    next_try_at: datetime | None
    outcome: str | None
    status: int | None
    created_at: datetime
    ended_at: datetime | None


class AlertResponse(Alert):
    """`host` is all that is shown of a URL."""

    id: str
    channel: Channel
    each_try: bool
    members: list[str]
    addresses: list[str]
    host: str | None
    is_signed: bool
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    last_delivery: AlertDelivery | None


class AlertsResponse(BaseModel):
    """The alerts of a workspace, oldest first: there are never many."""

    items: list[AlertResponse]


class MailServerRequest(BaseModel):
    """Where the workspace's mail is handed in. Without `password` the stored one stays, if nothing else changes of
    where it goes."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-:\[\]]{1,255}$")]
    port: Annotated[int, Field(ge=1, le=65535)]
    security: MailSecurity = "starttls"
    sender: _MailAddress
    username: Annotated[str | None, Field(min_length=1, max_length=320)] = None
    password: Annotated[SecretStr | None, Field(min_length=1, max_length=1024)] = None


class MailServerResponse(BaseModel):
    """The mail server; null where there is none."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    username: str | None
    has_password: bool
    updated_at: datetime
    updated_by: str


class MailServer(BaseModel):
    """What the workspace has."""

    server: MailServerResponse | None
