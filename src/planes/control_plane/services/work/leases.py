"""The data planes' side: the poll that hands out runs, and the tokens of runs (Borders: 1)."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from planes.control_plane.services import revocations
from planes.control_plane.services.identity.tokens import MintedToken, RunSubject, mint_run
from planes.control_plane.services.memory.regions import Heard
from planes.control_plane.services.memory.waiting import WaitingPoll
from planes.control_plane.services.parts import Parts
from planes.control_plane.services.work import draining, renewals
from planes.domain import leases
from planes.domain.errors import Conflict, NotFound
from planes.domain.identifiers import DataPlaneId, MembershipId
from planes.domain.leases import GIVEN_AGAIN, LeaseRules
from planes.domain.retries import NO_RETRIES, RetryPolicy, wait_after
from planes.domain.runs import BUILD_LIMIT_SECONDS, LEASED, Run, RunStatus
from planes.storage.control import backfills as stored_backfills
from planes.storage.control import jobs as stored_jobs
from planes.storage.control import organizations
from planes.storage.control import retries as stored_retries
from planes.storage.control import runs as stored_runs
from planes.storage.control.connection import Connection
from planes.storage.control.jobs import JobVersion
from planes.wire.link import MAXIMUM_POLL_SECONDS, HeldRun, Lease, PollRequest, PollResponse, Revocation

_TELL_AGAIN_AFTER = timedelta(seconds=5)
_DELIVER_AGAIN_AFTER = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found; `is_news` says that the plane should hear it now rather than wait.

    `is_all` says that it left nothing to another poll of the plane. In `again_in` seconds there is a lease or a
    cancel to deliver again, unless the plane shows a sign of it before.
    """

    response: PollResponse
    is_news: bool
    is_all: bool = False
    again_in: float = MAXIMUM_POLL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the database says to a plane. `untold` are the cancels that it has to hear of now, `leased` the plane's runs
    if they were read to be written.
    """

    leased: list[Run] | None
    cancels: list[Run]
    untold: list[str]
    stale: list[HeldRun]
    unheard: list[HeldRun]
    epoch: int
    revoked: list[Revocation]
    has_leases: bool
    again_in: float


@dataclass(frozen=True, slots=True)
class _Granted:
    """Leases, and beside them the tokens of their runs. `is_all`: no run waits for a lease any more."""

    leases: list[Lease] = field(default_factory=list[Lease])
    tokens: dict[str, str] = field(default_factory=dict[str, str], repr=False)
    is_all: bool = False


def rules_of(parts: Parts) -> LeaseRules:
    """This control plane's times."""
    return LeaseRules(
        lease_seconds=parts.lease_seconds,
        lost_after_seconds=parts.lost_after_seconds,
        drift=parts.lease_time.drift(),
    )


async def poll(
    parts: Parts, dataplane_id: DataPlaneId, request: PollRequest, is_gone: Callable[[], Awaitable[bool]]
) -> PollResponse:
    """Renews what is held, then answers as soon as there is something to say, at the latest after half a lease.

    `is_gone` says that the caller has hung up: then nothing is claimed for an answer that nobody reads. A run claimed
    by an answer that got lost is delivered again with the same fence, so a data plane takes a lease that it knows as
    one and the same.

    Raises: Conflict when another process is the region, also while it waits.
    """
    # Half a lease: the plane's next poll renews in time even if this one waits to its end.
    wait_until = parts.clock.monotonic() + min(MAXIMUM_POLL_SECONDS, parts.lease_seconds / 2)
    seen = parts.news.seen(dataplane_id)
    process = renewals.process_of(request)
    plane = await renewals.renew(parts, dataplane_id, request, process, rules_of(parts))
    parts.regions.hear(dataplane_id, Heard(parts.clock.now(), request.url, request.numbers, process))
    clean_before = draining.still_to_clean(plane, parts.clock.now()) if plane is not None else None
    is_woken = False
    while True:
        again_in: float = _DELIVER_AGAIN_AFTER.total_seconds()  # should the answer that dealt with it get lost
        left = wait_until - parts.clock.monotonic()
        async with parts.news.turn(dataplane_id):
            newer = parts.regions.find_newer(dataplane_id, process)
            if newer is not None:
                raise renewals.another_process(request.url, newer.url)
            if left <= 0 or not is_woken or not parts.news.is_dealt_with(dataplane_id, seen):
                look = await _look(parts, dataplane_id, request, may_claim=not await is_gone(), is_woken=is_woken)
                left, again_in = wait_until - parts.clock.monotonic(), look.again_in
                if look.is_all:
                    parts.news.deal_with(dataplane_id, seen)
                if look.is_news or left <= 0 or await is_gone():
                    return look.response.model_copy(update={"clean_before": clean_before})
        told, waiting = seen, WaitingPoll(request, process, is_gone)
        with parts.waiting.joined(dataplane_id, waiting):
            told = await parts.news.wait(dataplane_id, seen, min(left, again_in))
        response = await waiting.answer()
        if response is not None:
            return response.model_copy(update={"clean_before": clean_before})
        is_woken, seen = told != seen, told


async def issue_run_token(parts: Parts, dataplane_id: DataPlaneId, run_id: str, fence: int) -> MintedToken:
    """The token with which a run speaks to the control plane: good until its limits and grace.

    Raises: NotFound, Conflict for a stale fence or a run that has ended.
    """
    async with parts.database.reading() as connection:
        epoch = await revocations.current_epoch(connection)
        run = await stored_runs.find_run(connection, run_id)
        if run is None or run.dataplane_id != dataplane_id:
            raise NotFound("run_not_found", "There is no such run of this data plane.")
        if run.status not in LEASED or run.fence != fence:
            raise Conflict("stale_fence", "The lease of this run is not the one named by the fence.")
        versions = await stored_jobs.versions_by_id(connection, [run.job_version_id])
        return await _mint(parts, connection, run, versions[run.job_version_id], epoch)


async def look_within(parts: Parts, connection: Connection, dataplane_id: DataPlaneId, request: PollRequest) -> Look:
    """One look in a transaction that writes: after news there is most likely something to write."""
    found = await _find(parts, connection, dataplane_id, request, is_to_be_written=True)
    granted = await _write(parts, connection, dataplane_id, request, found)
    return _looked(parts, request, found, granted, may_claim=True)


async def _look(
    parts: Parts, dataplane_id: DataPlaneId, request: PollRequest, *, may_claim: bool, is_woken: bool
) -> Look:
    if may_claim and is_woken:
        async with parts.database.transaction() as connection:
            return await look_within(parts, connection, dataplane_id, request)
    async with parts.database.reading() as connection:
        found = await _find(parts, connection, dataplane_id, request, is_to_be_written=False)
    granted = _Granted()
    if may_claim and (found.untold or (request.free_slots and found.has_leases)):
        async with parts.database.transaction() as connection:
            granted = await _write(parts, connection, dataplane_id, request, found)
    return _looked(parts, request, found, granted, may_claim=may_claim)


def _looked(parts: Parts, request: PollRequest, found: _Found, granted: _Granted, *, may_claim: bool) -> Look:
    response = PollResponse(
        leases=granted.leases,
        run_tokens=granted.tokens,
        cancels=[HeldRun(run_id=run.id, fence=run.fence) for run in found.cancels] + found.stale,
        epoch=revocations.told_up_to(found.epoch, found.revoked),
        revocations=found.revoked,
        keys=[key.text for key in parts.public_keys],
        unheard=found.unheard,
    )
    is_news = bool(granted.leases or found.untold or found.epoch > request.epoch)
    is_all = is_news and may_claim and granted.is_all
    return Look(response, is_news=is_news, is_all=is_all, again_in=found.again_in)


async def _find(
    parts: Parts, connection: Connection, dataplane_id: DataPlaneId, request: PollRequest, *, is_to_be_written: bool
) -> _Found:
    """`is_to_be_written`: whether runs wait is seen when they are claimed, in this transaction."""
    now = parts.clock.now()
    held = {item.run_id: item.fence for item in request.held}
    leased = await stored_runs.leased_runs(connection, dataplane_id, for_update=is_to_be_written)
    has_pending = is_to_be_written or await stored_runs.has_pending_run(connection, dataplane_id, now)
    cancels = [run for run in leased if run.status is RunStatus.CANCELLING]
    unseen = [run for run in leased if _is_unseen(run, request, held)]
    ages = [abs(now - run.claimed_at) for run in unseen if run.claimed_at is not None]
    told = [abs(now - run.cancel_told_at) for run in cancels if run.cancel_told_at is not None]
    again = [_DELIVER_AGAIN_AFTER - age for age in ages] + [_TELL_AGAIN_AFTER - age for age in told]
    epoch = await revocations.current_epoch(connection)
    return _Found(
        leased=leased if is_to_be_written else None,
        cancels=cancels,
        untold=[
            run.id
            for run in cancels
            if run.cancel_told_at is None or abs(now - run.cancel_told_at) >= _TELL_AGAIN_AFTER
        ],
        stale=await _stale(connection, dataplane_id, request, leased),
        unheard=[HeldRun(run_id=run.id, fence=run.fence) for run in leased if _is_unheard(run, held)],
        epoch=epoch,
        revoked=await revocations.since(connection, request.epoch) if epoch > request.epoch else [],
        has_leases=has_pending or any(age >= _DELIVER_AGAIN_AFTER for age in ages),
        again_in=min(
            (left.total_seconds() for left in again if left > timedelta()), default=float(MAXIMUM_POLL_SECONDS)
        ),
    )


async def _write(
    parts: Parts, connection: Connection, dataplane_id: DataPlaneId, request: PollRequest, found: _Found
) -> _Granted:
    granted = (
        await _grant(parts, connection, dataplane_id, request, found)
        if request.free_slots and found.has_leases
        else _Granted()
    )
    if found.untold:
        await stored_runs.note_cancels_told(connection, found.untold, parts.clock.now())
    return granted


async def _grant(
    parts: Parts,
    connection: Connection,
    dataplane_id: DataPlaneId,
    request: PollRequest,
    found: _Found,
) -> _Granted:
    """Up to `free_slots` leases: first those that an earlier answer did not bring home, then waiting runs."""
    now, rules, leased = parts.clock.now(), rules_of(parts), found.leased
    held = {item.run_id: item.fence for item in request.held}
    if leased is None:
        leased = await stored_runs.leased_runs(connection, dataplane_id, for_update=True)
    undelivered = [
        run
        for run in leased
        # Whatever the clock was set to since.
        if run.claimed_at is not None
        and _is_unseen(run, request, held)
        and abs(now - run.claimed_at) >= _DELIVER_AGAIN_AFTER
    ][: request.free_slots]
    granted = [leases.claim_again(run, now, rules) for run in undelivered]
    free = request.free_slots - len(granted)
    if free > 0:
        waiting = await stored_runs.pending_runs(connection, dataplane_id, free, now)
        granted += [leases.claim(run, request.home, now, rules) for run in waiting]
    for run in granted:
        await stored_runs.save_run(connection, run)
    is_all = len(granted) < request.free_slots or not await stored_runs.has_pending_run(connection, dataplane_id, now)
    return replace(await _render_leases(parts, connection, granted, found.epoch), is_all=is_all)


def _is_unseen(run: Run, request: PollRequest, held: dict[str, int]) -> bool:
    """Claimed by an answer that the plane has shown no sign of: it neither holds nor reported the run.

    One that is to be stopped, too: beside it stands its cancel, so that the plane ends it before it starts it.
    """
    is_silent = run.id not in held and not run.is_acknowledged and run.status in GIVEN_AGAIN
    return is_silent and leases.is_given_again(run, request.home)


def _is_unheard(run: Run, held: dict[str, int]) -> bool:
    """Taken by the plane, and left out by its polls for so long that the lease ran out: it has ended there.

    Never news by itself: a plane that does not know the run has nothing to say to it.
    """
    return run.is_acknowledged and run.unreachable_since is not None and run.id not in held


async def _stale(
    connection: Connection, dataplane_id: DataPlaneId, request: PollRequest, leased: Sequence[Run]
) -> list[HeldRun]:
    """What the plane holds and should let go: taken from it, or ended other than by its silence.

    Never news by itself: a plane that takes its time to stop a process would poll without a pause.
    """
    fences: dict[str, int] = {run.id: run.fence for run in leased}
    doubtful = [item for item in request.held if fences.get(item.run_id) != item.fence]
    if not doubtful:
        return []
    known = await stored_runs.runs_of_plane(connection, [item.run_id for item in doubtful], dataplane_id)

    def is_silent(item: HeldRun) -> bool:
        run = known.get(item.run_id)
        return run is not None and run.fence == item.fence and run.is_lost

    return [item for item in doubtful if not is_silent(item)]


async def _render_leases(parts: Parts, connection: Connection, claimed: Sequence[Run], epoch: int) -> _Granted:
    if not claimed:
        return _Granted()
    versions = await stored_jobs.versions_by_id(connection, [run.job_version_id for run in claimed])
    policies: dict[str, RetryPolicy] = await stored_retries.policies_of(connection, [run.job_id for run in claimed])
    of_backfill = [run.backfill_id for run in claimed if run.backfill_id]
    of_backfills = await stored_backfills.policies_of(connection, of_backfill) if of_backfill else {}
    granted = _Granted()
    for run in claimed:
        version = versions[run.job_version_id]
        policy = of_backfills.get(run.backfill_id or "", policies.get(run.job_id, NO_RETRIES))
        granted.leases.append(_lease(run, version, policy))
        with contextlib.suppress(NotFound):  # the run hears of it when it asks
            granted.tokens[run.id] = (await _mint(parts, connection, run, version, epoch)).token
    return granted


def _lease(run: Run, version: JobVersion, policy: RetryPolicy) -> Lease:
    assert run.lease_expires_at is not None, "a claimed run has a lease"
    return Lease(
        run_id=run.id,
        fence=run.fence,
        expires_at=run.lease_expires_at,
        organization_id=run.organization_id,
        workspace_id=run.workspace_id,
        job_id=run.job_id,
        job_ref=version.definition["job_ref"],
        number=run.number,
        definition=dict(version.definition),
        trigger=run.trigger,
        profile=run.profile,
        deployment_id=run.deployment_id,
        configuration_id=run.configuration_id,
        refresh=run.is_refresh,
        interval_start=run.interval_start,
        interval_end=run.interval_end,
        previous_job_run_id=run.previous_job_run_id,
        time_limit_seconds=run.time_limit_seconds,
        grace_seconds=run.grace_seconds,
        tries_left=max(0, policy.attempts - run.attempt),
        next_try_seconds=int(wait_after(run.attempt, policy).total_seconds()),
        webhook_call_id=run.webhook_call_id,
    )


async def _mint(parts: Parts, connection: Connection, run: Run, version: JobVersion, epoch: int) -> MintedToken:
    """The token of a run, which speaks for who started it, else who deployed its job. Raises: NotFound."""
    membership_id = run.triggered_by or version.created_by
    member = await organizations.find_member(connection, run.organization_id, membership_id)
    if member is None:
        raise NotFound("member_not_found", "Whoever this run would speak for is gone.")
    subject = RunSubject(
        run_id=run.id,
        fence=run.fence,
        user_id=member.user_id,
        email=member.email,
        membership_id=MembershipId(member.id),
        organization_id=run.organization_id,
        workspace_id=run.workspace_id,
    )
    return mint_run(parts, subject, BUILD_LIMIT_SECONDS + run.time_limit_seconds + run.grace_seconds, epoch)
