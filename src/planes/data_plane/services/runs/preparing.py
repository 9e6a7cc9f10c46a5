"""From a lease to everything its runner needs: checked, unpacked, laid out.

    foreseen ─► written down with the lease ──┐
    planned ─► gathered (gathering.py) ─► written down ─► furnished ─► who stands by moves in
    meanwhile: a folder is claimed, its code copied; who stands by is told what to scrub
          any of them refuses ──► CannotStart, work folder removed

A run is foreseen where nothing is to be waited for: its code is unpacked, its configuration in no bucket, and its
credential came with the lease.

Every step may run twice: an attempt that a crash cut short is simply made again.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio import to_thread

from planes.data_plane.executor.apps import write_app
from planes.data_plane.executor.confinement import Openings
from planes.data_plane.executor.environments import BuilderOptions, EnvironmentCatalogue, Unreachable
from planes.data_plane.executor.layout import Owner, RunPlace, WorkspacePlace
from planes.data_plane.executor.limits import limits_of
from planes.data_plane.executor.local import RunSpec, StartedBefore, Step, claim, new_claim
from planes.data_plane.executor.standing import Berth, Kind, StandBy
from planes.data_plane.executor.uids import UidsExhausted, WorkspaceUids
from planes.data_plane.services.assembly import Services
from planes.data_plane.services.launching import LaunchRefused, is_dashboard
from planes.data_plane.services.runs.build_steps import build_step, secrets_of_builds
from planes.data_plane.services.runs.gathering import Gathered, Gathering, LeaseLost, Planned
from planes.data_plane.services.secrets.run_secrets import (
    APP_ENVIRONMENT,
    Credentials,
    Pairs,
    RunPlacement,
    artifacts_environment,
    dashboard_environment,
    names_in_toml,
    names_too_short,
    platform_names,
    process_environment,
    registered_place,
    render_pairs,
    secrets_to_register,
    too_many_secrets,
    webhook_environment,
)
from planes.data_plane.services.secrets.secrets_used import SecretUse, render_uses, uses_of
from planes.data_plane.services.side_by_side import side_by_side
from planes.data_plane.services.telemetry.artifacts import Artifacts
from planes.data_plane.services.uploads.unpacking import copy_tree
from planes.domain.errors import PlaneError
from planes.domain.run_limits import RunLimits
from planes.manifest.launch import launcher_of
from planes.scrub import Registered
from planes.storage.errors import BlobMissing, StorageError
from planes.tokens.opaque import hash_secret
from planes.wire.link import Lease

_log = structlog.get_logger("planes.data_plane.runs")
_MOST_PROCESS_BYTES = 120 * 1024  # Linux takes 128 KiB for one argument or variable
# The launcher of modules gives its process away to another interpreter at once, and apps start seldom.
_STANDS_BY_FOR = frozenset({"dlt._workspace.deployment.launchers.job"})
_NO_HOME = "/nonexistent"


class CannotStart(Exception):
    """The run is not to be started; `str()` is for the person whose job it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """What every run of this plane shares."""

    builder: BuilderOptions
    log_limit_bytes: int
    openings: Openings
    most_standing: int = 0
    kept_ports: tuple[int, ...] = ()
    run_limits: RunLimits = field(default_factory=RunLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run that can be started. `notes` begin its log."""

    spec: RunSpec
    registered: Pairs = field(repr=False)
    notes: list[str]
    berth: Berth | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """What follows from what was gathered. `kind` is None where nobody can stand by for such a run."""

    registered: Pairs = field(repr=False)
    notes: list[str]
    secrets_used: dict[str, SecretUse]
    kind: Kind | None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """All that a run is made of, in memory. `columns` are what the run's row is to say of it."""

    gathered: Gathered = field(repr=False)
    known: _Known = field(repr=False)
    uid: int | None
    columns: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """All that the run is made of, written down; `berth` is who stands by for it and knows what to scrub."""

    gathered: Gathered = field(repr=False)
    known: _Known = field(repr=False)
    job: Step = field(repr=False)
    berth: Berth | None


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run's folder, claimed under a word unless it was before, and whose it will be."""

    run: RunPlace
    owner: Owner
    claim: str | None


class Preparing:
    """Prepares runs. Between two of them it knows only what kinds of runs there were, for those who stand by."""

    def __init__(
        self, services: Services, uids: WorkspaceUids, artifacts: Artifacts, settings: RunSettings, stand_by: StandBy
    ) -> None:
        self._stand_by = stand_by
        self._kinds: dict[str, tuple[Kind, Callable[[RunPlace], Step]]] = {}
        self._services = services
        self._gathering = Gathering(services)
        self._artifacts = artifacts
        self._parts = services.parts
        self._uids = uids
        self._settings = settings

    def place_of(self, organization_id: str, workspace_id: str) -> WorkspacePlace:
        """Where a workspace's files lie."""
        return WorkspacePlace(plane=self._parts.folder, organization_id=organization_id, workspace_id=workspace_id)

    async def foresee(self, lease: Lease, token: str | None) -> Foreseen | None:
        """All that a run is made of which waits for nothing, to be written down with its lease.

        None where something is to be waited for, or is wrong: `prepare` finds out itself, and can end the run. A lease
        that is not written down for it would come again without end.
        """
        if token is None or not self._parts.blobs.are_here:
            return None
        try:
            stored = await self._gathering.read(lease)
            if not self._gathering.is_unpacked(stored):
                return None
            planned = await self._gathering.plan(lease, stored)
            uid = await to_thread.run_sync(self._uids.find_uid, lease.workspace_id)
            return await self._gather(lease, planned, token, uid)
        except Exception:  # noqa: BLE001 - as above
            return None

    async def write_foreseen(self, connection: Any, lease: Lease, foreseen: Foreseen) -> None:
        """In the transaction that adds the run's row, which has the foreseen `columns`.

        Raises: Unavailable, StorageFull, StorageError.
        """
        await self._gathering.note_deeds(connection, lease, foreseen.gathered)

    async def make_ready(self, lease: Lease, foreseen: Foreseen, write_down: Callable[[], Awaitable[None]]) -> Ready:
        """With who stands by for it, who learns what to scrub while all this is written down.

        Raises: LaunchRefused, and what `write_down` raises.
        """
        gathered, known = foreseen.gathered, foreseen.known
        berth = self._stand_by.take(known.kind) if known.kind is not None else None
        try:
            (job, is_told), _ = await side_by_side(
                lambda: to_thread.run_sync(self._meanwhile, lease, gathered, known, foreseen.uid, berth), write_down
            )
        except BaseException:
            if berth is not None:
                await _discard(berth)
            raise
        if berth is not None and not is_told:
            await _discard(berth)
            berth = None
        return Ready(gathered, known, job, berth)

    async def let_go(self, ready: Ready) -> None:
        """Of a run that is not started: who stood by for it would stay, and its folder with it."""
        if ready.berth is not None:
            await _discard(ready.berth)

    async def prepare(self, lease: Lease, token: str | None = None, ready: Ready | None = None) -> Prepared:
        """Does all that has to be done before a runner is asked for; what is `ready` is written down. Without the run's
        `token` it is asked for.

        Raises: CannotStart, LeaseLost.
        """
        try:
            if ready is not None:
                begun = await self._begin_ready(lease, ready)
            else:
                begun, planned = await side_by_side(
                    lambda: to_thread.run_sync(self._begin, lease), lambda: self._gathering.plan(lease)
                )
                ready, _ = await side_by_side(
                    lambda: self._gather_now(lease, planned, token, begun.owner),
                    lambda: to_thread.run_sync(self._lay_out_code, lease, planned.tree, begun.run),
                    let_go=self.let_go,
                )
            steps, berth = await self._lay_out(lease, ready, begun)
            return self._prepared(lease, ready, begun, steps, berth)
        except LeaseLost:
            raise
        except (LaunchRefused, Unreachable, UidsExhausted) as exc:
            raise CannotStart(str(exc)) from exc
        except PlaneError as exc:
            raise CannotStart(exc.detail) from exc
        except BlobMissing as exc:
            raise CannotStart("The region no longer has the files of this deployment or configuration.") from exc
        except (StorageError, OSError) as exc:
            _log.error("run_not_prepared", run_id=lease.run_id, exc_info=exc)
            raise CannotStart(f"The region could not prepare this run: {_plainly(exc)}.") from exc

    async def _gather(self, lease: Lease, planned: Planned, token: str | None, uid: int | None) -> Foreseen:
        gathered = await self._gathering.gather(lease, planned, token)
        known = await to_thread.run_sync(self._known, lease, gathered, uid)
        where = registered_place(lease.organization_id, lease.workspace_id, lease.run_id)
        columns = {
            "beacon_hash": hash_secret(gathered.credentials.beacon_secret),
            "registered": await self._parts.vault.seal(where, render_pairs(known.registered)),
            "secrets_used": render_uses(known.secrets_used),
            "environment": gathered.launch.environment.key,
        }
        return Foreseen(gathered, known, uid, columns)

    async def _gather_now(self, lease: Lease, planned: Planned, token: str | None, owner: Owner) -> Ready:
        found = await self._gather(lease, planned, token, owner.uid)
        return await self.make_ready(
            lease, found, lambda: self._gathering.write_down(lease, found.gathered, found.columns)
        )

    def _meanwhile(
        self, lease: Lease, gathered: Gathered, known: _Known, uid: int | None, berth: Berth | None
    ) -> tuple[Step, bool]:
        """The job's step, and whether who stands by knows what to scrub: to learn it takes milliseconds, for which the
        run would wait later. Blocking.
        """
        is_told = berth is not None and berth.register(known.registered)
        return self._job(lease, gathered, uid), is_told

    async def _lay_out(self, lease: Lease, ready: Ready, begun: _Begun) -> tuple[tuple[Step, ...], Berth | None]:
        workspace, run, owner = self.place_of(lease.organization_id, lease.workspace_id), begun.run, begun.owner
        gathered, berth = ready.gathered, ready.berth
        try:
            steps = await to_thread.run_sync(self._furnish, lease, ready, run, owner)
            if is_dashboard(lease):
                await self._artifacts.lay_out(lease.run_id, lease.profile, workspace, owner)
            if berth is not None and len(steps) > 1:
                await _discard(berth)
                berth = None
            if berth is not None and not await to_thread.run_sync(_moved_in, berth, run, owner):
                berth = None
                await to_thread.run_sync(run.begin, owner)
                await to_thread.run_sync(self._lay_out_code, lease, gathered.tree, run)
                await to_thread.run_sync(self._fill, lease, gathered, run, owner)
        except BaseException:
            with anyio.CancelScope(shield=True):
                if berth is not None:
                    await to_thread.run_sync(berth.discard)
                await to_thread.run_sync(run.remove_artifacts)
                await to_thread.run_sync(run.remove_work)
            raise
        return steps, berth

    def _known(self, lease: Lease, gathered: Gathered, uid: int | None) -> _Known:
        """In a thread, since a file of secrets may be large. Raises: CannotStart."""
        registered = secrets_to_register(
            gathered.configuration, lease.profile, gathered.variables, gathered.credentials
        )
        of_builds = secrets_of_builds(self._settings.builder)
        used = uses_of(
            gathered.variables,
            names_in_toml(gathered.configuration, lease.profile),
            lease.configuration_id,
            (*platform_names(gathered.credentials), *(name for name, _ in of_builds)),
        )
        everything = (*registered, *of_builds)
        if not Registered.fits(everything):
            raise CannotStart(too_many_secrets(f"profile {lease.profile}"))
        notes = [*gathered.left_out, *_notes(everything, gathered.credentials)]
        return _Known(everything, notes, used, self._kind_of(lease, gathered, uid))

    def _prepared(
        self, lease: Lease, ready: Ready, begun: _Begun, steps: tuple[Step, ...], berth: Berth | None
    ) -> Prepared:
        gathered, known = ready.gathered, ready.known
        return Prepared(
            spec=RunSpec(
                run_id=lease.run_id,
                folder=begun.run.root,
                fence=lease.fence,
                steps=steps,
                time_limit_seconds=lease.time_limit_seconds,
                grace_seconds=lease.grace_seconds,
                max_log_bytes=self._settings.log_limit_bytes,
                claim=begun.claim,
                scrub=gathered.scrub.apart_from(known.secrets_used) if gathered.scrub is not None else None,
            ),
            registered=known.registered,
            notes=known.notes,
            berth=berth,
        )

    def _begin(self, lease: Lease) -> _Begun:
        """The run's folders, empty. Blocking, in one thread: a start waits for each change."""
        owner = Owner(self._uids.find_uid(lease.workspace_id))
        workspace = self.place_of(lease.organization_id, lease.workspace_id)
        workspace.prepare(lease.profile, owner)
        run = workspace.run(lease.run_id)
        run.begin(owner)
        word = new_claim()
        try:
            claim(run.root, lease.run_id, lease.fence, word)
        except StartedBefore:
            return _Begun(run, owner, None)  # whoever starts it finds out what became of that
        return _Begun(run, owner, word)

    async def _begin_ready(self, lease: Lease, ready: Ready) -> _Begun:
        def begin() -> _Begun:
            begun = self._begin(lease)
            self._lay_out_code(lease, ready.gathered.tree, begun.run)
            return begun

        try:
            return await to_thread.run_sync(begin)
        except BaseException:
            await self.let_go(ready)
            raise

    def _lay_out_code(self, lease: Lease, tree: Path, run: RunPlace) -> None:
        """What in the run's folders is no secret. Blocking."""
        copy_tree(tree, run.work)
        data = self.place_of(lease.organization_id, lease.workspace_id).data(lease.profile)
        run.lay_out_settings(lease.profile, data)

    def _furnish(self, lease: Lease, ready: Ready, run: RunPlace, owner: Owner) -> tuple[Step, ...]:
        """What else is in the run's folders, and what is to run there. Blocking, in one thread, as above."""
        self._fill(lease, ready.gathered, run, owner)
        if ready.gathered.app is not None:
            write_app(run.root, ready.gathered.app)
        return self._steps(lease, ready, owner.uid)

    def _fill(self, lease: Lease, gathered: Gathered, run: RunPlace, owner: Owner) -> None:
        run.furnish(gathered.configuration, lease.profile)
        if gathered.call is not None:
            run.lay_out_call(gathered.call.headers, gathered.call.body)
        run.hand_over(owner)

    def ended(self, run_id: str) -> None:
        """The run is over: another of its kind may come soon."""
        found = self._kinds.pop(run_id, None)
        if found is not None:
            self._stand_by.ended(*found)

    def _steps(self, lease: Lease, ready: Ready, uid: int | None) -> tuple[Step, ...]:
        workspace = self.place_of(lease.organization_id, lease.workspace_id)
        catalogue, wanted = self._catalogue(workspace, uid), ready.gathered.launch.environment
        job, kind = ready.job, ready.known.kind
        if kind is not None:
            self._kinds[lease.run_id] = (kind, partial(self._berth_step, job, workspace.data(lease.profile)))
        if catalogue.is_ready(wanted):
            return (job,)
        return (
            build_step(catalogue.prepare_build(wanted), uid, self._settings.openings, self._settings.run_limits),
            job,
        )

    def _catalogue(self, workspace: WorkspacePlace, uid: int | None) -> EnvironmentCatalogue:
        return EnvironmentCatalogue(workspace.root, self._settings.builder, uid, uid)

    def _job(self, lease: Lease, gathered: Gathered, uid: int | None) -> Step:
        """Whether its environment is there is not looked at."""
        workspace = self.place_of(lease.organization_id, lease.workspace_id)
        run = workspace.run(lease.run_id)
        catalogue, wanted = self._catalogue(workspace, uid), gathered.launch.environment
        python = catalogue.python(wanted)
        placement = RunPlacement(
            run_id=lease.run_id,
            workspace_id=lease.workspace_id,
            organization_id=lease.organization_id,
            profile=lease.profile,
            api_url=self._parts.control_plane_url,
            dataplane_url=self._parts.public_url,
        )
        environment = process_environment(
            placement, gathered.variables.environment, gathered.credentials, str(run.home), str(python.parent)
        )
        reads = catalogue.reads_of(wanted)
        if is_dashboard(lease):
            reads = [*reads, run.found_artifacts]
            environment |= dashboard_environment(run.found_artifacts)
        else:
            environment |= artifacts_environment(run.sent_artifacts)
        if gathered.call is not None:
            environment |= webhook_environment(run.called)
        if gathered.app is not None:
            environment = {**APP_ENVIRONMENT, **environment}
        job = Step(
            name=lease.job_ref,
            source="user",
            stage="run",
            argv=(str(python), *gathered.launch.arguments),
            cwd=str(run.work),
            environment=environment,
            uid=uid,
            gid=uid,
            limits=limits_of(self._settings.run_limits),
            app_port=gathered.app.port if gathered.app else None,
            confinement=self._settings.openings.confine(
                reads,
                catalogue.programs_of(wanted),
                [run.work, workspace.data(lease.profile)],
                run.temporary,
            ),
        )
        too_long = [text for text in job.argv if len(text.encode()) > _MOST_PROCESS_BYTES]
        if too_long:
            raise LaunchRefused("The definition of this job is too large to be passed to its process.")
        return job

    def _kind_of(self, lease: Lease, gathered: Gathered, uid: int | None) -> Kind | None:
        launcher = launcher_of(lease.definition)
        # Inside bubblewrap a folder that is moved is not found again.
        if gathered.app is not None or launcher not in _STANDS_BY_FOR or self._settings.openings.is_strict:
            return None
        workspace = self.place_of(lease.organization_id, lease.workspace_id)
        return Kind(workspace.root, gathered.launch.environment.key, lease.profile, launcher, uid)

    def _berth_step(self, job: Step, data: Path, place: RunPlace) -> Step:
        """What stands by for steps like this one, contained in its own place: nothing of the run is in it."""
        assert job.confinement is not None, "every job is confined"
        write = tuple(sorted((os.path.realpath(place.work), os.path.realpath(data))))
        environment = {name: job.environment[name] for name in ("PATH", "PYTHONUNBUFFERED") if name in job.environment}
        confinement = job.confinement._replace(write=write, temporary=os.path.realpath(place.aside))
        return job._replace(name="standby", environment={**environment, "HOME": _NO_HOME}, confinement=confinement)


async def _discard(berth: Berth) -> None:
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(berth.discard)


def _moved_in(berth: Berth, run: RunPlace, owner: Owner) -> bool:
    try:
        berth.move_in(run, owner)
    except OSError as exc:
        _log.warning("berth_not_used", reason=exc.strerror)
        berth.discard()
        return False
    return True


def _notes(registered: Pairs, credentials: Credentials) -> list[str]:
    notes: list[str] = []
    short = names_too_short(registered)
    if short:
        notes.append(
            f"Shorter than five characters, so not masked in this log: {', '.join(short)}. Choose longer secrets."
        )
    if credentials.token is None:
        notes.append("The control plane did not answer: this run has no credential for it (RUNTIME__AUTH_TOKEN).")
    return notes


def _plainly(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.strerror:
        return exc.strerror
    return str(exc) if isinstance(exc, StorageError) else type(exc).__name__
