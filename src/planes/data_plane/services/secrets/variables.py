"""Variables of a workspace: one scope for all of it, and one for each profile, which wins (Contract: 1.5, 5.3).

Every value is sealed. Plain ones are opened for owners to read; secret ones only ever reach a run.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.rescrub_requests import RescrubRequests
from planes.domain.errors import InvalidRequest, Reason
from planes.scrub import Registered
from planes.storage.data import variables
from planes.storage.data.connection import Connection
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.variables import (
    PlainPublicVariable,
    PlainVariableUpsert,
    ScopeVariablesResponse,
    SecretPublicVariable,
    SecretVariableUpsert,
    UpdateWorkspaceVariablesRequest,
    VariableChangeResult,
    VariableChangeStatus,
)

WORKSPACE_SCOPE = "workspace"
SHORTEST_SCRUBBED = 5
MAXIMUM_VALUE_BYTES = 32 * 1024
MAXIMUM_PER_SCOPE = 500
SHORT_SECRET = (
    "This secret is shorter than five characters: it cannot be recognised in logs, so it is not masked there."  # noqa: S105
)

RESERVED_NAMES = frozenset(
    {
        "DASHBOARD__SYNC_FROM_RUNTIME", "HOME", "PATH", "PORT", "PYTHONHOME", "PYTHONPATH", "PYTHONUNBUFFERED",
        "RUNTIME__API_BASE_URL", "RUNTIME__AUTH_TOKEN", "RUNTIME__DATAPLANE_BASE_URL", "RUNTIME__ORGANIZATION_ID",
        "RUNTIME__RUN_ID", "RUNTIME__WORKSPACE_ID", "WORKSPACE__PROFILE",
    }
)  # fmt: skip
RESERVED_PREFIXES = ("SEND__ARTIFACTS__", "SYNC__ARTIFACTS__", "DESTINATION__PLAYGROUND__", "RUNTIME__DLTHUB_")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")
_PROFILE = re.compile(r"[A-Za-z0-9_.\-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableVersion:
    """Which value of a variable it was. Versions count from 1, again after it was removed.

    `fingerprint` is the same for the same value, whichever variable has it.
    """

    scope: str
    version: int
    set_at: datetime
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedVariables:
    """What one run gets: `environment` has every value, `secrets` the secret ones, for registration with the scrubber.

    `versions` says which value each secret has. `repr` shows names only.
    """

    environment: dict[str, str] = field(repr=False)
    secrets: tuple[tuple[str, str], ...] = field(repr=False)
    plain: dict[str, str] = field(repr=False)
    versions: Mapping[str, VariableVersion] = field(default_factory=dict[str, VariableVersion])


class Variables:
    """Reads and changes the variables of workspaces."""

    def __init__(self, parts: Parts, audit: Audit, rescrubs: RescrubRequests) -> None:
        self._parts = parts
        self._audit = audit
        self._rescrubs = rescrubs

    async def list_scopes(self, actor: Actor, scopes: Sequence[str] | None) -> list[ScopeVariablesResponse]:
        """The asked scopes that have variables, the workspace's own first; values of secrets are null."""
        async with self._parts.database.reading() as connection:
            rows = await variables.list_all(connection, actor.workspace_id, scopes)
        grouped: dict[str, list[Row]] = {}
        for row in rows:
            grouped.setdefault(row["scope"], []).append(row)
        await self._audit.note(actor, Action.VARIABLES_READ, scopes=sorted(grouped), count=len(rows))
        ordered = sorted(grouped, key=lambda scope: (scope != WORKSPACE_SCOPE, scope))
        return [
            ScopeVariablesResponse(
                profile=profile_of(scope), variables=[await self._public(row) for row in grouped[scope]]
            )
            for scope in ordered
        ]

    async def change(self, actor: Actor, request: UpdateWorkspaceVariablesRequest) -> list[VariableChangeResult]:
        """Writes and deletes in one transaction, its audit entry included.

        Raises: InvalidRequest, with a reason for each broken rule and no value.
        """
        scope = scope_of(request.profile)
        _check(request)
        now = self._parts.clock.now()
        await self._parts.vault.prepare(actor.organization_id)
        async with self._parts.database.transaction() as connection:
            await self._parts.database.lock(connection, f"variables {actor.workspace_id}")
            rows = await variables.list_all(connection, actor.workspace_id, [scope])
            present = {row["name"]: row for row in rows}
            secrets: list[Row] = []
            for upsert in request.upserts:
                row = await self._row(actor, scope, upsert, present.get(upsert.name), now)
                await variables.put(connection, row, exists=upsert.name in present)
                if row["is_secret"] and not _is_short(upsert):
                    secrets.append(row)
            for name in request.deletes:
                await variables.remove(connection, actor.workspace_id, scope, name)
            kept = (present.keys() | {upsert.name for upsert in request.upserts}) - set(request.deletes)
            if len(kept) > MAXIMUM_PER_SCOPE:
                raise InvalidRequest("too_many_variables", f"A scope holds at most {MAXIMUM_PER_SCOPE} variables.")
            await self._audit.append(
                connection,
                actor,
                Action.VARIABLES_CHANGED,
                scope,
                upserts=[upsert.name for upsert in request.upserts],
                deletes=list(request.deletes),
            )
            await self._rescrubs.add_if_useful(connection, actor, secrets)
        self._rescrubs.wake()
        return _results(request, present)

    async def find_winners(self, connection: Connection, workspace_id: str, profile: str) -> dict[str, Row]:
        """The sealed rows, by name, that a run on this profile gets: the workspace's, and the profile's over them."""
        scopes = [WORKSPACE_SCOPE, scope_of(profile)]
        rows = await variables.list_all(connection, workspace_id, scopes)
        return {row["name"]: row for scope in scopes for row in rows if row["scope"] == scope}

    async def open_winners(self, organization_id: str, winners: Mapping[str, Row]) -> ResolvedVariables:
        """Opens what `find_winners` found; the audit log says so already.

        Raises: CannotOpen when a value was moved or its key lost.
        """
        plain = {name: await self._open(row) for name, row in winners.items() if not row["is_secret"]}
        secrets = [(name, await self._open(row)) for name, row in winners.items() if row["is_secret"]]
        return ResolvedVariables(
            environment={**plain, **dict(secrets)},
            secrets=tuple(secrets),
            plain=plain,
            versions={
                name: VariableVersion(
                    scope=winners[name]["scope"],
                    version=winners[name]["version"],
                    set_at=winners[name]["updated_at"],
                    fingerprint=await self._parts.vault.fingerprint(organization_id, value.encode()),
                )
                for name, value in secrets
            },
        )

    async def _row(
        self,
        actor: Actor,
        scope: str,
        upsert: PlainVariableUpsert | SecretVariableUpsert,
        before: Row | None,
        now: datetime,
    ) -> dict[str, Any]:
        row: dict[str, Any] = {
            "workspace_id": actor.workspace_id,
            "scope": scope,
            "name": upsert.name,
            "organization_id": actor.organization_id,
            "is_secret": isinstance(upsert, SecretVariableUpsert),
            "version": before["version"] + 1 if before else 1,
            "created_at": now,
            "created_by": author_of(actor),
            "updated_at": now,
            "updated_by": author_of(actor),
        }
        value = upsert.value if isinstance(upsert, PlainVariableUpsert) else upsert.value.get_secret_value()
        return row | {"sealed": await self._parts.vault.seal(place_of(row), value.encode())}

    async def _open(self, row: Row) -> str:
        return (await self._parts.vault.open(place_of(row), row["sealed"])).decode()

    async def _public(self, row: Row) -> PlainPublicVariable | SecretPublicVariable:
        times = {name: row[name] for name in ("created_at", "created_by", "updated_at", "updated_by")}
        if row["is_secret"]:
            return SecretPublicVariable(name=row["name"], **times)
        return PlainPublicVariable(name=row["name"], value=await self._open(row), **times)


def scope_of(profile: str | None) -> str:
    """The scope's name in the database.

    Raises: InvalidRequest for a name that no profile can have.
    """
    if profile is None:
        return WORKSPACE_SCOPE
    if not _PROFILE.fullmatch(profile):
        reason = Reason(key="profile", message="letters, digits, '_', '-' and '.', at most 128")
        raise InvalidRequest("invalid_request", "This is no name of a profile.", (reason,))
    return f"profile:{profile}"


def author_of(actor: Actor) -> str:
    """The id that `created_by` shows: the membership, or the subject of a token without one."""
    return (actor.membership_id or actor.subject)[:36]


def name_problem(name: str) -> str | None:
    """Why a variable may not have this name; None when it may."""
    if not _NAME.fullmatch(name):
        return "letters, digits and '_', not beginning with a digit, at most 200"
    if name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES):
        return "this name is reserved for the platform"
    return None


def _check(request: UpdateWorkspaceVariablesRequest) -> None:
    reasons: list[Reason] = []
    seen: set[str] = set()
    for index, upsert in enumerate(request.upserts):
        problems = [name_problem(upsert.name), _value_problem(upsert)]
        if upsert.name in seen:
            problems.append("named twice")
        seen.add(upsert.name)
        keys = (f"upserts.{index}.name", f"upserts.{index}.value", f"upserts.{index}.name")
        reasons += [Reason(key=key, message=text) for key, text in zip(keys, problems, strict=False) if text]
    for index, name in enumerate(request.deletes):
        if name in seen:
            reasons.append(Reason(key=f"deletes.{index}", message="named twice"))
        seen.add(name)
    if reasons:
        raise InvalidRequest(
            "invalid_request", "Some variables cannot be set like this; nothing was changed.", (*reasons,)
        )


def _value_problem(upsert: PlainVariableUpsert | SecretVariableUpsert) -> str | None:
    is_plain = isinstance(upsert, PlainVariableUpsert)
    value = upsert.value if is_plain else upsert.value.get_secret_value()
    if not is_plain and not value:
        return "a secret may not be empty"
    if "\0" in value:
        return "a value may not contain a NUL character"
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "a value is valid Unicode text"
    if size > MAXIMUM_VALUE_BYTES:
        return f"at most {MAXIMUM_VALUE_BYTES} bytes"
    if not is_plain and not Registered.fits([(upsert.name, value)]):
        return "a secret document has too many texts to be masked: keep only what is secret in it"
    return None


def _results(request: UpdateWorkspaceVariablesRequest, present: Mapping[str, Row]) -> list[VariableChangeResult]:
    written = [
        VariableChangeResult(
            name=upsert.name, status=VariableChangeStatus.UPSERTED, warning=SHORT_SECRET if _is_short(upsert) else None
        )
        for upsert in request.upserts
    ]
    removed = [
        VariableChangeResult(
            name=name, status=VariableChangeStatus.REMOVED if name in present else VariableChangeStatus.NOT_FOUND
        )
        for name in request.deletes
    ]
    return written + removed


def _is_short(upsert: PlainVariableUpsert | SecretVariableUpsert) -> bool:
    if isinstance(upsert, PlainVariableUpsert):
        return False
    return len(upsert.value.get_secret_value()) < SHORTEST_SCRUBBED


def profile_of(scope: str) -> str | None:
    """The profile of a scope; None for the workspace's own."""
    return None if scope == WORKSPACE_SCOPE else scope.removeprefix("profile:")


def place_of(row: Mapping[str, Any]) -> Place:
    """What the sealed value of a variable's row belongs to."""
    return Place(
        organization_id=row["organization_id"],
        workspace_id=row["workspace_id"],
        scope=row["scope"],
        name=row["name"],
        version=row["version"],
    )
