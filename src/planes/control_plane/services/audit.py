"""Writes security-relevant changes into the audit log, in the transaction of the change: both happen or neither."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from planes.domain.access import Principal
from planes.storage.control.audit import AuditEvent, append_event
from planes.storage.control.connection import Connection

Fact = str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who did it: a user, and by which session or key. Both None where nobody signed in yet."""

    user_id: str | None = None
    session_id: str | None = None

    @staticmethod
    def of(principal: Principal) -> Actor:
        return Actor(user_id=principal.user_id, session_id=principal.session_id)


NOBODY = Actor()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What happened, to which id. `facts` are ids, roles and numbers: never names, addresses or secrets."""

    action: str
    subject: str
    organization_id: str | None = None
    facts: dict[str, Fact]


async def record(connection: Connection, actor: Actor, now: datetime, event: Record) -> None:
    """Adds the event to the chain."""
    await append_event(connection, AuditEvent(
        at=now, action=event.action, subject=event.subject, actor_user_id=actor.user_id,
        actor_session_id=actor.session_id, organization_id=event.organization_id, facts=dict(event.facts),
    ))  # fmt: skip
