"""How long, and where, what a visitor brings is good: tokens, tickets and cookies, also those that are remembered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx
import pytest
from tests.fakes.clock import FakeClock
from tests.fakes.data_plane import RunningDataPlane

from planes.data_plane.api.gateway.hosts import AppHosts
from planes.data_plane.api.gateway.origin import GatewayDoor
from planes.data_plane.services.access.credentials import Credentials
from planes.data_plane.services.app_visits import COOKIE_SECONDS, TICKET_SECONDS, AppVisits
from planes.data_plane.services.apps import App
from planes.domain.access import Grant
from planes.domain.errors import NotAuthenticated
from planes.domain.identifiers import new_id
from planes.tokens.claims import Claims
from planes.wire.link import PollResponse, Revocation, RevokedClaim

pytestmark = pytest.mark.anyio


class Visitor(SimpleNamespace):
    """A region whose clock a test moves, somebody who may read there, and an app."""

    region: RunningDataPlane
    clock: FakeClock
    credentials: Credentials
    visits: AppVisits
    token: str
    claims: Claims
    app: App


@pytest.fixture
async def visitor(region: RunningDataPlane) -> Visitor:
    services = region.plane.services
    clock = FakeClock(datetime.now(UTC))
    parts = replace(services.parts, clock=clock)
    credentials = Credentials(parts, services.revocations, services.residency)
    token = region.control.data_token(region.organization_id, region.workspace_id, role="owner")
    return Visitor(
        region=region,
        clock=clock,
        credentials=credentials,
        visits=AppVisits(parts, credentials, services.revocations, services.audit),
        token=token,
        claims=await credentials.check(token, region.workspace_id, Grant.READ),
        app=App(
            run_id=new_id(), organization_id=region.organization_id, workspace_id=region.workspace_id,
            job_id=new_id(), job_ref="jobs.app", profile="prod",
        ),
    )  # fmt: skip


async def test_a_token_that_was_let_in_before_is_refused_when_it_has_run_out(visitor: Visitor) -> None:
    visitor.clock.advance(seconds=599)
    await visitor.credentials.check(visitor.token, visitor.region.workspace_id, Grant.READ)
    visitor.clock.advance(seconds=1)

    with pytest.raises(NotAuthenticated):
        await visitor.credentials.check(visitor.token, visitor.region.workspace_id, Grant.READ)


async def test_tokens_that_have_run_out_take_no_memory(visitor: Visitor) -> None:
    region = visitor.region
    for _ in range(50):
        token = region.control.data_token(region.organization_id, region.workspace_id)
        await visitor.credentials.check(token, region.workspace_id, Grant.READ)
    assert visitor.credentials.remembered == 51  # the visitor's own
    visitor.clock.advance(seconds=600)
    expires_at = int(visitor.clock.now().timestamp()) + 600
    token = region.control.data_token(region.organization_id, region.workspace_id, expires_at=expires_at)
    await visitor.credentials.check(token, region.workspace_id, Grant.READ)

    assert visitor.credentials.remembered == 1


async def test_a_ticket_opens_its_own_run_only_and_is_spent_all_the_same(visitor: Visitor) -> None:
    ticket = await visitor.visits.issue_ticket(visitor.app, visitor.claims)

    for run_id in (new_id(), visitor.app.run_id):
        with pytest.raises(NotAuthenticated):
            visitor.visits.spend_ticket(ticket, run_id)


async def test_a_ticket_is_good_for_a_minute(visitor: Visitor) -> None:
    in_time, late = [await visitor.visits.issue_ticket(visitor.app, visitor.claims) for _ in range(2)]
    visitor.clock.advance(seconds=TICKET_SECONDS - 1)
    visitor.visits.spend_ticket(in_time, visitor.app.run_id)
    visitor.clock.advance(seconds=1)

    with pytest.raises(NotAuthenticated):
        visitor.visits.spend_ticket(late, visitor.app.run_id)


async def test_a_ticket_of_somebody_who_was_put_out_opens_nothing(visitor: Visitor) -> None:
    ticket = await visitor.visits.issue_ticket(visitor.app, visitor.claims)
    gone = Revocation(epoch=1, claim=RevokedClaim.SUBJECT, value=visitor.claims.subject)
    await visitor.region.plane.services.revocations.apply(
        PollResponse(leases=[], cancels=[], epoch=1, revocations=[gone], keys=[])
    )

    with pytest.raises(NotAuthenticated):
        visitor.visits.spend_ticket(ticket, visitor.app.run_id)


async def test_a_cookie_ends_at_its_time_though_it_is_remembered_and_opens_no_other_run(visitor: Visitor) -> None:
    cookie = visitor.visits.cookie_of(visitor.claims, visitor.app.run_id)
    visitor.clock.advance(seconds=COOKIE_SECONDS - 1)
    assert visitor.visits.of_cookie(cookie, visitor.app.run_id).subject == visitor.claims.subject
    with pytest.raises(NotAuthenticated):
        visitor.visits.of_cookie(cookie, new_id())
    visitor.clock.advance(seconds=1)

    with pytest.raises(NotAuthenticated):
        visitor.visits.of_cookie(cookie, visitor.app.run_id)


@pytest.mark.parametrize(("url", "is_secure"), [("https://eu1.example", True), ("http://127.0.0.1:8401", False)])
async def test_over_tls_the_cookie_goes_over_tls_only(visitor: Visitor, url: str, *, is_secure: bool) -> None:
    plane = visitor.region.plane
    gateway = replace(plane.gateway, hosts=AppHosts(url, "apps.example"), visits=visitor.visits)
    ticket = await visitor.visits.issue_ticket(visitor.app, visitor.claims)
    transport = httpx.ASGITransport(GatewayDoor(plane.app, gateway))
    async with httpx.AsyncClient(transport=transport) as browser:
        entered = await browser.get(gateway.entrance(visitor.app.run_id, ticket))

    cookie = entered.headers["set-cookie"]
    assert ("; Secure" in cookie, cookie.startswith("__Host-")) == (is_secure, is_secure)
