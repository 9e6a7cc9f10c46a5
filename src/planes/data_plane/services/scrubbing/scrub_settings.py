"""How a workspace wants its logs scrubbed: classes of personal data, patterns of its own, false positives. Sealed."""

from __future__ import annotations

import json

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.errors import InvalidRequest, Reason
from planes.scrub import (
    PII_CLASSES,
    ScrubSettings,
    check_pattern,
    check_pattern_name,
    parse_settings,
    settings_document,
)
from planes.storage.data import scrub_settings
from planes.storage.data.connection import Connection
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.own_leaks import ExtraPattern, ScrubSettingsRequest, ScrubSettingsResponse

SHORTEST_ALLOWED = 4


class WorkspaceScrubbing:
    """Reads and changes settings. A run gets those that hold when it is prepared."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    async def find(self, workspace_id: str) -> ScrubSettings | None:
        """The settings for a run; None while the workspace has none of its own.

        Raises: CannotOpen.
        """
        row = await self._row(workspace_id)
        return await self._open(row) if row is not None else None

    async def find_row(self, connection: Connection, workspace_id: str) -> Row | None:
        """The settings as they are stored."""
        return await scrub_settings.find(connection, workspace_id)

    async def open_row(self, row: Row | None) -> ScrubSettings | None:
        """What `find_row` found. Raises: CannotOpen."""
        return await self._open(row) if row is not None else None

    async def read(self, actor: Actor) -> ScrubSettingsResponse:
        """What holds now."""
        row = await self._row(actor.workspace_id)
        settings = await self._open(row) if row is not None else ScrubSettings()
        await self._audit.note(actor, Action.SCRUB_SETTINGS_READ)
        return _shown(settings, row)

    async def replace(self, actor: Actor, request: ScrubSettingsRequest) -> ScrubSettingsResponse:
        """Replaces them, with an audit entry that counts and does not quote.

        Raises: InvalidRequest.
        """
        settings = _checked(request)
        content = json.dumps(settings_document(settings)).encode()
        await self._parts.vault.prepare(actor.organization_id)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"scrub settings {actor.workspace_id}")
            before = await scrub_settings.find(connection, actor.workspace_id)
            row = {
                "workspace_id": actor.workspace_id,
                "organization_id": actor.organization_id,
                "version": before["version"] + 1 if before else 1,
                "updated_at": self._parts.clock.now(),
                "updated_by": (actor.membership_id or actor.subject)[:36],
            }
            row["sealed"] = await self._parts.vault.seal(_place(row), content)
            await scrub_settings.save(connection, row)
            await self._audit.append(
                connection, actor, Action.SCRUB_SETTINGS_CHANGED, str(row["version"]),
                pii=sorted(settings.pii_classes), patterns=len(settings.extra_patterns), allowed=len(settings.allowed),
            )  # fmt: skip
        return _shown(settings, row)

    async def _row(self, workspace_id: str) -> Row | None:
        async with self._parts.database.reading() as connection:
            return await scrub_settings.find(connection, workspace_id)

    async def _open(self, row: Row) -> ScrubSettings:
        return parse_settings(json.loads(await self._parts.vault.open(_place(row), row["sealed"])))


def _checked(request: ScrubSettingsRequest) -> ScrubSettings:
    reasons = [
        Reason(key=f"pii.{number}", message=f"known are: {', '.join(PII_CLASSES) or 'none'}")
        for number, name in enumerate(request.pii)
        if name not in PII_CLASSES
    ]
    names: set[str] = set()
    for number, each in enumerate(request.patterns):
        problem = check_pattern_name(each.name) or ("is named twice" if each.name in names else None)
        names.add(each.name)
        if problem:
            reasons.append(Reason(key=f"patterns.{number}.name", message=problem))
        problem = check_pattern(each.pattern)
        if problem:
            reasons.append(Reason(key=f"patterns.{number}.pattern", message=_without_quotation(problem)))
    reasons += [
        Reason(key=f"allowed.{number}", message=f"one line of at least {SHORTEST_ALLOWED} characters")
        for number, text in enumerate(request.allowed)
        if len(text.strip()) < SHORTEST_ALLOWED or not text.isprintable()
    ]
    if reasons:
        raise InvalidRequest(
            "invalid_request", "Some settings of scrubbing cannot be used; nothing was changed.", (*reasons,)
        )
    return ScrubSettings(
        pii_classes=frozenset(request.pii),
        extra_patterns=tuple((each.name, each.pattern) for each in request.patterns),
        allowed=tuple(dict.fromkeys(request.allowed)),
    )


def _without_quotation(problem: str) -> str:
    """RE2 quotes the piece of the pattern that it does not take; an answer holds nothing of what was rejected."""
    return (
        problem.rsplit(": ", 1)[0] if problem.startswith("is no RE2 pattern") and problem.count(": ") > 1 else problem
    )


def _shown(settings: ScrubSettings, row: Row | None) -> ScrubSettingsResponse:
    return ScrubSettingsResponse(
        pii=sorted(settings.pii_classes),
        patterns=[ExtraPattern(name=name, pattern=pattern) for name, pattern in settings.extra_patterns],
        allowed=list(settings.allowed),
        version=row["version"] if row is not None else 0,
        updated_at=row["updated_at"] if row is not None else None,
        updated_by=row["updated_by"] if row is not None else None,
        known_pii=list(PII_CLASSES),
    )


def _place(row: Row) -> Place:
    return Place(
        organization_id=row["organization_id"],
        workspace_id=row["workspace_id"],
        scope="scrub-settings",
        name="scrub-settings",
        version=row["version"],
    )
