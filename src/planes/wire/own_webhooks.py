"""Bodies of our own routes about webhooks, in a region (docs/api.md). A secret is answered once and never read back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

MOST_WEBHOOKS = 100
MOST_OVERLAP_SECONDS = 86_400


class WebhookRequest(BaseModel):
    """A job of the workspace and its trigger; without one, the only `webhook:` trigger that it has."""

    job_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    trigger: Annotated[str, StringConstraints(min_length=1, max_length=1024)] | None = None


class RotateRequest(BaseModel):
    """The old secret is good for so long beside the new one."""

    keep_old_seconds: int = Field(default=0, ge=0, le=MOST_OVERLAP_SECONDS, strict=True)


class WebhookResponse(BaseModel):
    """Where to send to, and what came in. `last_state` and `last_received_at` are of the newest call."""

    id: str
    job_id: str
    job_ref: str
    trigger: str
    url: str
    created_at: datetime
    created_by: str
    rotated_at: datetime | None
    waiting: int
    last_received_at: datetime | None
    last_state: Literal["waiting", "started", "refused"] | None


class CreatedWebhookResponse(WebhookResponse):
    """`secret` is shown this once."""

    secret: str


class WebhooksResponse(BaseModel):
    """The webhooks of a workspace, by job: there are never many."""

    items: list[WebhookResponse]


class WebhookCall(BaseModel):
    """One call; `outcome` says why it got no run, or does not get one yet."""

    id: str
    received_at: datetime
    size_bytes: int
    state: Literal["waiting", "started", "refused"]
    outcome: str | None
    run_id: str | None
    tries: int
    next_try_at: datetime | None
    ended_at: datetime | None


class CallTaken(BaseModel):
    """What a sender is told. `is_repeated`: this call was taken before."""

    id: str
    is_repeated: bool = False
