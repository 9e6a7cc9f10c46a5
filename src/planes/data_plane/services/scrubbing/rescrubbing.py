"""Scrubbing stored logs again, run by run, in a process of its own; goes on where it was after a restart.

asked ──► each ended run: log, traces, states, results ──► done
             └── a run that goes on: after its end

Each segment's hits are in the run's journal before the segment changes (`rescrub_journal`), and go to the database in
the transaction that ends the run's part: so each is counted once, whatever dies when.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.layout import RunPlace, WorkspacePlace
from planes.data_plane.runner.folders import RunFolder
from planes.data_plane.services.audit import Actor
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.scrubbing.examining import Examining, lock_findings
from planes.data_plane.services.scrubbing.rescrub_helper import Helper, HelperFailed, open_helper
from planes.data_plane.services.scrubbing.rescrub_journal import Found, RescrubJournal, forget_others
from planes.data_plane.services.scrubbing.scrub_settings import WorkspaceScrubbing
from planes.data_plane.services.secrets.rescrub_requests import ASKED, RescrubRequests
from planes.data_plane.services.secrets.run_secrets import Pairs, parse_pairs, registered_place, render_pairs
from planes.data_plane.services.secrets.secrets_used import SecretOrigin, SecretUse, parse_uses, render_uses
from planes.data_plane.services.secrets.variables import place_of, scope_of
from planes.domain.errors import InvalidRequest, NotFound, Reason
from planes.scrub import settings_document
from planes.storage.data import rescrubs, runs, telemetry, variables
from planes.storage.keyset import Bounds, Listed
from planes.storage.master_keys import CannotOpen
from planes.storage.types import Row
from planes.wire.own_leaks import NamedVariable, Rescrub, RescrubbedVariable

NOT_REACHED = (
    "backups of this region, copies that somebody has downloaded, and old rows that a Postgres database still keeps",
    "what the storage under the files keeps of replaced ones (snapshots, versions of objects, freed blocks)",
    "outputs and artifacts of jobs, and the code of deployments",
    "names in job definitions and summaries of pipeline runs, which the control plane has too",
)
_PACKED = frozenset({"trace", "state", "envelope"})
_TRIES = 3
_AT_ONCE = 100
_PAUSE_SECONDS = 2.0
_log = structlog.get_logger("planes.data_plane.rescrubbing")


class Rescrubbing:
    """`run` is one task of the plane."""

    def __init__(
        self, parts: Parts, requests: RescrubRequests, scrubbing: WorkspaceScrubbing, examining: Examining
    ) -> None:
        self._parts = parts
        self._requests = requests
        self._scrubbing = scrubbing
        self._examining = examining

    async def ask(self, actor: Actor, wanted: Sequence[NamedVariable] | None) -> Rescrub:
        """Asks for a rescrub with these secret variables, or with every one.

        Raises: InvalidRequest.
        """
        async with self._parts.database.transaction() as connection:
            rows = await variables.list_all(connection, actor.workspace_id)
            chosen = _choose([row for row in rows if row["is_secret"]], wanted)
            rescrub_id = await self._requests.add(connection, actor, ASKED, chosen)
        self._requests.wake()
        return await self.get(actor.workspace_id, rescrub_id)

    async def get(self, workspace_id: str, rescrub_id: str) -> Rescrub:
        """How far it is. Raises: NotFound."""
        async with self._parts.database.reading() as connection:
            row = await rescrubs.find(connection, workspace_id, rescrub_id)
            progress = await rescrubs.progress(connection, [rescrub_id])
        if row is None:
            raise NotFound("not_found", "There is no such rescrub in this workspace.")
        return _shown(row, progress.get(rescrub_id, {}))

    async def list_page(self, workspace_id: str, bounds: Bounds) -> Listed[Rescrub]:
        """A page, newest first."""
        async with self._parts.database.reading() as connection:
            found = await rescrubs.list_page(connection, workspace_id, bounds)
            progress = await rescrubs.progress(connection, [row["id"] for row in found.items])
        return found.carrying([_shown(row, progress.get(row["id"], {})) for row in found.items])

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            news = self._requests.news = anyio.Event()
            try:
                is_behind = await self.work()
            except Exception as exc:  # noqa: BLE001 - the edge of the loop: a full disk must not end it
                _log.error("rescrubbing_failed", exc_info=exc)
                is_behind = True
            if is_behind:
                await anyio.sleep(_PAUSE_SECONDS)
            else:
                await news.wait()  # as long as it takes: nothing asked, no run ended

    async def work(self) -> bool:
        """Does what can be done now; True when something failed and is to be tried again."""
        async with self._parts.database.reading() as connection:
            unfinished = await rescrubs.list_unfinished(connection)
        is_behind = False
        for row in unfinished:
            try:
                is_behind = await self._carry(row) or is_behind
            except Exception as exc:  # noqa: BLE001 - the edge of one rescrub: others go on
                _log.error("rescrub_failed", rescrub_id=row["id"], exc_info=exc)
                is_behind = True
        return is_behind

    async def _carry(self, rescrub: Row) -> bool:
        is_behind = False
        async with self._parts.database.reading() as connection:
            ready = await rescrubs.list_ready(connection, rescrub["id"], _AT_ONCE)
        if ready:
            await self._move(rescrub, rescrubs.RUNNING)
            values = await self._values(rescrub)
            async with open_helper(await self._opening(rescrub, values)) as helper:
                while ready and not is_behind:
                    for each in ready:
                        await self._register_late(each["run_id"], values)
                        is_behind = not await self._scrub_run(rescrub, each, helper) or is_behind
                    async with self._parts.database.reading() as connection:
                        ready = await rescrubs.list_ready(connection, rescrub["id"], _AT_ONCE)
        if not is_behind:
            await self._settle(rescrub)
        return is_behind

    async def _values(self, rescrub: Row) -> Pairs:
        """From the vault, for as long as it takes."""
        registered: list[tuple[str, str]] = []
        for variable, kept in zip(rescrub["variables"], rescrub["sealed"] or (), strict=False):
            place = place_of({**rescrub, **variable})
            value = await self._parts.vault.open(place, base64.b64decode(kept["value"]))
            registered.append((variable["name"], value.decode()))
        return tuple(registered)

    async def _uses(self, rescrub: Row, found: Collection[str]) -> list[tuple[str, SecretUse]]:
        """The variables that were looked for and found: each name and what it stands for."""
        if not found:
            return []
        uses: list[tuple[str, SecretUse]] = []
        values = await self._values(rescrub)
        for variable, kept, (name, value) in zip(rescrub["variables"], rescrub["sealed"], values, strict=True):
            use = SecretUse(
                origin=SecretOrigin.VARIABLE,
                scope=variable["scope"],
                version=variable["version"],
                set_at=datetime.fromisoformat(kept["set_at"]),
                fingerprint=await self._parts.vault.fingerprint(rescrub["organization_id"], value.encode()),
            )
            if name in found:
                uses.append((name, use))
        return uses

    async def _register_late(self, run_id: str, values: Pairs) -> None:
        """A run that has just ended may still report by its beacon: that is scrubbed with these values, too."""
        async with self._parts.database.reading() as connection:
            run = await runs.find(connection, run_id)
        if run is None or run["registered"] is None:
            return
        place = registered_place(run["organization_id"], run["workspace_id"], run_id)
        try:
            known = parse_pairs(await self._parts.vault.open(place, run["registered"]))
        except CannotOpen:
            _log.error("registered_values_lost", run_id=run_id)
            return  # nor can they be opened for a report, which is refused
        sealed = await self._parts.vault.seal(place, render_pairs(tuple(dict.fromkeys((*known, *values)))))
        async with self._parts.database.transaction() as connection:
            await runs.register_late(connection, run_id, sealed)

    async def _opening(self, rescrub: Row, registered: Pairs) -> dict[str, Any]:
        """What the helper is told first."""
        settings = await self._scrubbing.find(rescrub["workspace_id"])
        if settings is not None:
            settings = settings.apart_from({name for name, _ in registered})
        return {"registered": registered, "settings": settings_document(settings) if settings is not None else None}

    async def _scrub_run(self, rescrub: Row, ready: Row, helper: Helper) -> bool:
        """One ended run. False when it is to be tried again."""
        run_id: str = ready["run_id"]
        place = WorkspacePlace(
            plane=self._parts.folder, organization_id=rescrub["organization_id"], workspace_id=rescrub["workspace_id"]
        ).run(run_id)
        before = await self._found(rescrub, place)
        try:
            answer = await helper.ask({"log": str(place.root), "rescrub": rescrub["id"]})
            if "failed" in answer:
                return await self._note_failure(rescrub, ready, place, answer["failed"], before)
            if answer.get("busy"):
                _log.info("run_not_rescrubbed_yet", run_id=run_id, why="busy")
                return False
            await self._scrub_documents(rescrub, run_id, helper)
        except HelperFailed:
            await self._note_failure(rescrub, ready, place, "HelperFailed", before)
            raise
        await self._end_run(rescrub, run_id, place, rescrubs.DONE)
        return True

    async def _found(self, rescrub: Row, place: RunPlace) -> Found:
        def read() -> Found:
            return RescrubJournal(RunFolder(place.root).control, rescrub["id"]).found()

        return await to_thread.run_sync(read)

    async def _scrub_documents(self, rescrub: Row, run_id: str, helper: Helper) -> None:
        """Traces with their exceptions, states, results: each row by itself, counted as it changes."""
        is_changed = False
        async with self._parts.database.reading() as connection:
            found = await rescrubs.list_documents(connection, run_id)
        for each in found:
            async with self._parts.database.reading() as connection:
                words = await rescrubs.find_words(connection, each["table"], each["key"])
            if words is None:
                continue
            documents = {name: _unpacked(name, value) for name, value in words.items()}
            answer = await helper.ask({"document": documents})
            if "failed" in answer:
                raise HelperFailed(answer["failed"])
            if answer["changed"]:
                after = cast("Mapping[str, Any]", answer["document"])
                different = {
                    name: _packed(name, after.get(name)) for name in words if after.get(name) != documents[name]
                }
                async with self._parts.database.transaction() as connection:
                    await rescrubs.replace_words(connection, each["table"], each["key"], different)
                    await rescrubs.count_document(connection, rescrub["id"], run_id)
                is_changed = True
        if is_changed:
            await self._parts.database.empty_journal()

    async def _end_run(self, rescrub: Row, run_id: str, place: RunPlace, state: str, **values: Any) -> None:
        """Writes the outcome down, once. What was found was printed before it was known: that is a leak as well."""
        found = await self._found(rescrub, place)
        found_uses = await self._uses(rescrub, found.hits)
        async with self._parts.database.transaction() as connection:
            await lock_findings(self._parts, connection, run_id)
            changes = {"state": state, "lines_changed": found.changed, **values}
            await rescrubs.change_run(connection, rescrub["id"], run_id, changes)
            run = await runs.find(connection, run_id)
            if run is not None and found.hits:
                uses = {**parse_uses(run["secrets_used"]), **_chosen_for(run["profile"], found_uses)}
                again = {"masked": _added(run["masked"], found.hits), "secrets_used": render_uses(uses)}
                await runs.change(connection, run_id, {**again, "examined_at": None})
            unfinished = await rescrubs.list_unfinished(connection)
        others = [row["id"] for row in unfinished if row["id"] != rescrub["id"]]
        await to_thread.run_sync(forget_others, RunFolder(place.root).control, others)
        if found.hits:
            self._examining.wake()

    async def _note_failure(self, rescrub: Row, ready: Row, place: RunPlace, why: str, before: Found) -> bool:
        """Whether it was the last try. One that came further than those before it does not count."""
        has_moved = (await self._found(rescrub, place)).segments > before.segments
        tries = ready["tries"] + (0 if has_moved else 1)
        _log.warning("run_not_rescrubbed", run_id=ready["run_id"], why=why, tries=tries)
        if tries >= _TRIES:
            await self._end_run(rescrub, ready["run_id"], place, rescrubs.FAILED, tries=tries)
            return True
        async with self._parts.database.transaction() as connection:
            await rescrubs.change_run(connection, rescrub["id"], ready["run_id"], {"tries": tries})
        return False

    async def _settle(self, rescrub: Row) -> None:
        async with self._parts.database.reading() as connection:
            progress = (await rescrubs.progress(connection, [rescrub["id"]])).get(rescrub["id"], {})
        if progress.get("waiting"):
            await self._move(rescrub, rescrubs.WAITING)
            return
        if progress.get("documents_changed"):
            await self._parts.database.empty_journal()  # again: a death may have come between a change and this
        state = rescrubs.FAILED if progress.get("failed") else rescrubs.DONE
        async with self._parts.database.transaction() as connection:
            values = {"state": state, "finished_at": self._parts.clock.now(), "sealed": None}
            await rescrubs.change(connection, rescrub["id"], values)
        _log.info("rescrub_ended", rescrub_id=rescrub["id"], state=state, lines=int(progress.get("lines_changed") or 0))

    async def _move(self, rescrub: Row, state: str) -> None:
        async with self._parts.database.transaction() as connection:
            await rescrubs.change(connection, rescrub["id"], {"state": state})


def _choose(secrets: Sequence[Row], wanted: Sequence[NamedVariable] | None) -> list[Row]:
    """Raises: InvalidRequest for a name that is no secret variable."""
    if wanted is None:
        return list(secrets)
    known = {(row["scope"], row["name"]): row for row in secrets}
    chosen = [(number, known.get((scope_of(each.profile), each.name))) for number, each in enumerate(wanted)]
    reasons = tuple(
        Reason(key=f"variables.{number}", message="there is no such secret variable")
        for number, row in chosen
        if row is None
    )
    if reasons:
        raise InvalidRequest("invalid_request", "Some variables cannot be looked for.", reasons)
    return [row for _, row in chosen if row is not None]


def _chosen_for(profile: str, uses: Sequence[tuple[str, SecretUse]]) -> dict[str, SecretUse]:
    """By name. Of one in several scopes that of the run's profile, then the workspace's: so a run is given them."""
    order = (scope_of(profile), scope_of(None))
    chosen: dict[str, SecretUse] = {}
    for name, use in sorted(uses, key=lambda each: order.index(each[1].scope) if each[1].scope in order else 2):
        chosen.setdefault(name, use)
    return chosen


def _added(masked: Mapping[str, int] | None, found: Mapping[str, int]) -> dict[str, int] | None:
    """Counts with these, too. Those of a run whose own were lost are counted in its log, these among them."""
    if masked is None:
        return None
    return {**masked, **{name: masked.get(name, 0) + count for name, count in found.items()}}


def _unpacked(name: str, value: Any) -> Any:
    return json.loads(telemetry.unpack(value)) if name in _PACKED else value


def _packed(name: str, value: Any) -> Any:
    return telemetry.pack(json.dumps(value).encode()) if name in _PACKED else value


def _shown(row: Row, progress: Mapping[str, Any]) -> Rescrub:
    counts = {name: int(progress.get(name) or 0) for name in ("total", "done", "waiting", "failed")}
    members: dict[str, Any] = {f"runs_{name}": count for name, count in counts.items()}
    return Rescrub(
        **{name: row[name] for name in ("id", "reason", "state", "created_at", "created_by", "finished_at")},
        variables=[RescrubbedVariable(**each) for each in row["variables"]],
        **members,
        lines_changed=int(progress.get("lines_changed") or 0),
        documents_changed=int(progress.get("documents_changed") or 0),
        not_reached=list(NOT_REACHED),
    )
