"""Every credential that must not work at a region, against every route (Reliability: R4, R5)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import anyio
import pytest
from tests.fakes.archives import pack
from tests.fakes.clock import FakeClock
from tests.fakes.data_plane import RunningDataPlane

from planes.data_plane.services.access.revocations import KEPT_SECONDS, Revocations
from planes.data_plane.services.app_visits import COOKIE_SECONDS
from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.storage.data import runs
from planes.tokens.claims import CONTROL_AUDIENCE, Claims, TokenKind
from planes.tokens.keys import SigningKey
from planes.wire.link import PollResponse, Revocation, RevokedClaim

pytestmark = pytest.mark.anyio
NOW = int(datetime.now(UTC).timestamp())


def text(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(region: RunningDataPlane, algorithm: str, **header: Any) -> str:
    """A token with the right claims and somebody else's signature."""
    real = region.control.data_token(region.organization_id, region.workspace_id)
    _, claims, signature = real.split(".")
    head = text({"alg": algorithm, "typ": "JWT", "kid": region.control.key.public.kid, **header})
    if algorithm == "HS256":
        # The classic confusion: the public key, which everybody has, as the secret.
        mac = hmac.new(region.control.key.public.raw, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        signature = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    return f"{head}.{claims}.{'' if algorithm == 'none' else signature}"


def bad_tokens(region: RunningDataPlane) -> dict[str, tuple[str, int]]:
    """Each with the status that it must meet."""
    own = (region.organization_id, region.workspace_id)
    mint = region.control.data_token
    stranger = SigningKey.generate()
    mine = region.control.key
    region.control.key = stranger
    foreign = mint(*own)
    region.control.key = mine
    real = mint(*own)
    return {
        "expired": (mint(*own, expires_at=NOW - 1), 401),
        "for another region": (mint(*own, audience="us1"), 401),
        "for the control plane": (mint(*own, audience=CONTROL_AUDIENCE), 401),
        "a session": (mint(*own, kind=TokenKind.SESSION), 401),
        "a session for the control plane": (mint(*own, kind=TokenKind.SESSION, audience=CONTROL_AUDIENCE), 401),
        "a run's": (mint(*own, kind=TokenKind.RUN), 401),
        "a link proof": (mint(*own, kind=TokenKind.LINK), 401),
        "signed by a stranger": (foreign, 401),
        "changed": (real[:-8] + "AAAAAAAA", 401),
        "unsigned": (forged(region, "none"), 401),
        "signed with the public key": (forged(region, "HS256"), 401),
        "with a key of its own": (forged(region, "EdDSA", jwk={"kty": "OKP", "x": stranger.public.text}), 401),
        "with another key's name": (forged(region, "EdDSA", kid="../../dev/null"), 401),
        "without a key's name": (forged(region, "EdDSA", kid=None), 401),
        "a personal API key": ("dlt_u_" + "x" * 43, 401),
        "a workspace API key": ("dlt_sa_" + "x" * 43, 401),
        "no token": ("x", 401),
        "not ASCII": ("\u00e9.\u00e9.\u00e9", 401),
        "asked for by a run that never was here": (mint(*own, run_id=new_id()), 401),
        "for another workspace": (mint(region.organization_id, new_id()), 404),
        "for another organization": (mint(new_id(), region.workspace_id), 403),
        "for no workspace": (mint(region.organization_id, region.workspace_id, workspace_id=None), 404),
        "for no organization": (mint(region.organization_id, region.workspace_id, organization_id=None), 403),
        "with another region's name": (mint(*own, region="Mars"), 403),
    }


def routes(region: RunningDataPlane) -> list[tuple[str, str]]:
    upload = new_id()
    return [
        ("GET", region.path("/variables")),
        ("PATCH", region.path("/variables")),
        ("GET", region.path(f"/deployments/{upload}/files")),
        ("GET", region.path(f"/configurations/{upload}/files")),
    ]


async def test_no_bad_token_opens_any_route(region: RunningDataPlane) -> None:
    await region.client.get(region.path("/variables"), headers=region.headers())  # pins organization and workspace
    body = {"profile": None, "upserts": [{"name": "A", "type": "plain", "value": "b"}]}

    wrong: list[str] = []
    for name, (token, status) in bad_tokens(region).items():
        for method, path in routes(region):
            answer = await region.client.request(
                method,
                path,
                headers={b"authorization": f"Bearer {token}".encode()},
                json=body if method == "PATCH" else None,
            )
            if answer.status_code != status:
                wrong.append(f"{method} {path} {name}: {answer.status_code}, expected {status}")
    left = await region.client.get(region.path("/variables"), headers=region.headers())

    assert wrong == []
    assert left.json() == {"scopes": []}


async def test_what_a_run_asked_for_ends_with_the_run(region: RunningDataPlane) -> None:
    await region.client.get(region.path("/variables"), headers=region.headers())  # pins organization and workspace
    database, run_id = region.plane.services.parts.database, new_id()
    await region.hold_run(run_id)
    path, headers = f"/own/v1/workspaces/{region.workspace_id}/hits", region.headers(run_id=run_id)
    while_it_runs = await region.client.get(path, headers=headers)
    async with database.transaction() as connection:
        await runs.change(connection, run_id, {"state": runs.DONE})
    afterwards = await region.client.get(path, headers=headers)
    other = await region.client.get(path, headers=region.headers())

    assert [answer.status_code for answer in (while_it_runs, afterwards, other)] == [200, 401, 200]


async def test_a_route_without_a_credential_answers_401(region: RunningDataPlane) -> None:
    for method, path in routes(region):
        answer = await region.client.request(method, path, json={"profile": None} if method == "PATCH" else None)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"upload_kind": "configuration"}, 404),
        ({"upload_id": new_id()}, 404),
        ({"expires_at": NOW - 1}, 401),
        ({"audience": "us1"}, 401),
        ({"kind": TokenKind.DATA_PLANE}, 401),
        ({"workspace_id": new_id()}, 404),
    ],
    ids=["other kind", "other id", "expired", "other region", "a client's", "other workspace"],
)
async def test_an_upload_token_fits_one_upload(region: RunningDataPlane, change: dict[str, Any], status: int) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id, **change)

    answer = await region.upload_deployment(pack({"a": b"x"}), upload_id=upload_id, token=token)

    assert answer.status_code == status


async def test_an_upload_token_opens_nothing_else(region: RunningDataPlane) -> None:
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", new_id())

    answer = await region.client.get(region.path("/variables"), headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("method", "grants", "status"),
    [
        ("GET", [Grant.READ], 403),
        ("GET", [Grant.VARIABLES_WRITE], 403),
        ("GET", [Grant.VARIABLES_READ], 200),
        ("PATCH", [Grant.VARIABLES_READ], 403),
        ("PATCH", [Grant.VARIABLES_WRITE], 200),
    ],
)
async def test_variables_need_an_owners_grant(
    region: RunningDataPlane, method: str, grants: list[Grant], status: int
) -> None:
    body = {"profile": None} if method == "PATCH" else None

    answer = await region.client.request(method, region.path("/variables"), headers=region.headers(*grants), json=body)

    assert answer.status_code == status


async def test_another_workspace_reads_like_one_that_does_not_exist(region: RunningDataPlane) -> None:
    headers = region.headers()
    answers = [
        await region.client.get(f"/api/v1/workspaces/{place}/variables", headers=headers)
        for place in (new_id(), "not-an-id", region.workspace_id.upper() + "x")
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def started_again(region: RunningDataPlane) -> Revocations:
    """What the next process of this region knows of tokens, once it has loaded it."""
    parts = region.plane.services.parts
    return Revocations(parts.database, parts.dataplane_id, parts.clock)


@pytest.mark.parametrize("claim", list(RevokedClaim))
async def test_a_revoked_token_is_refused_at_once_and_after_a_restart(
    region: RunningDataPlane, claim: RevokedClaim
) -> None:
    ids = {"subject": new_id(), "membership_id": new_id(), "session_id": new_id(), "public_link": "0" * 64}
    before = region.headers(epoch=4, **ids)
    after = region.headers(epoch=5, **ids)
    value = {
        RevokedClaim.SUBJECT: ids["subject"],
        RevokedClaim.MEMBERSHIP: ids["membership_id"],
        RevokedClaim.SESSION: ids["session_id"],
        RevokedClaim.ORGANIZATION: region.organization_id,
        RevokedClaim.WORKSPACE: region.workspace_id,
        RevokedClaim.PUBLIC_LINK: ids["public_link"],
    }[claim]
    assert (await region.client.get(region.path("/variables"), headers=before)).status_code == 200

    revocation = Revocation(epoch=5, claim=claim, value=value)
    news = PollResponse(leases=[], cancels=[], epoch=5, revocations=[revocation], keys=[])
    await region.plane.services.revocations.apply(news)

    assert (await region.client.get(region.path("/variables"), headers=before)).status_code == 401
    assert (await region.client.get(region.path("/variables"), headers=after)).status_code == 200
    again = started_again(region)
    await again.load()
    assert again.epoch == 5
    assert [key.kid for key in again.keys] == [region.control.key.public.kid]


async def test_a_revocation_by_a_claim_of_a_newer_control_plane_ends_every_token_from_before(
    region: RunningDataPlane,
) -> None:
    before, after = region.headers(epoch=4), region.headers(epoch=5)
    news = PollResponse.model_validate_json(
        b'{"leases": [], "cancels": [], "epoch": 5, "keys": [], "of_tomorrow": 1,'
        b' "revocations": [{"epoch": 5, "claim": "device", "value": "x", "of_tomorrow": {}}]}'
    )
    await region.plane.services.revocations.apply(news)
    again = started_again(region)
    await again.load()
    claims = Claims(kind=TokenKind.DATA_PLANE, audience="eu1", subject=new_id(), expires_at=NOW + 600, epoch=4)

    assert (await region.client.get(region.path("/variables"), headers=before)).status_code == 401
    assert (await region.client.get(region.path("/variables"), headers=after)).status_code == 200
    assert again.is_revoked(claims)
    assert not again.is_revoked(replace(claims, epoch=5))


async def test_revocations_that_no_token_needs_any_more_are_forgotten(region: RunningDataPlane) -> None:
    parts, clock = region.plane.services.parts, FakeClock(datetime.now(UTC))
    revocations = Revocations(parts.database, parts.dataplane_id, clock)

    async def hear(epoch: int, value: str) -> None:
        gone = Revocation(epoch=epoch, claim=RevokedClaim.SESSION, value=value)
        await revocations.apply(PollResponse(leases=[], cancels=[], epoch=epoch, revocations=[gone], keys=[]))

    for epoch, value in enumerate(("a", "b", "c"), 1):
        await hear(epoch, value)
    clock.advance(seconds=KEPT_SECONDS)
    await hear(4, "a")  # revoked once more
    assert len(revocations) == 3
    clock.advance(seconds=1)
    await hear(5, "d")
    again = started_again(region)
    await again.load()
    claims = Claims(
        kind=TokenKind.DATA_PLANE, audience="eu1", subject=new_id(), session_id="a", expires_at=NOW + 600, epoch=3
    )

    assert len(revocations) == len(again) == 2
    assert revocations.is_revoked(claims)
    assert again.is_revoked(claims)
    assert KEPT_SECONDS > COOKIE_SECONDS


async def test_a_rotated_key_takes_over(region: RunningDataPlane) -> None:
    old = region.headers()
    fresh = SigningKey.generate()
    news = PollResponse(leases=[], cancels=[], epoch=0, revocations=[], keys=[fresh.public.text])
    await region.plane.services.revocations.apply(news)
    region.control.key = fresh

    assert (await region.client.get(region.path("/variables"), headers=old)).status_code == 401
    assert (await region.client.get(region.path("/variables"), headers=region.headers())).status_code == 200


async def test_an_organization_keeps_its_workspaces_under_racing_first_tokens(region: RunningDataPlane) -> None:
    statuses: list[int] = []

    async def ask(organization_id: str) -> None:
        token = region.control.data_token(organization_id, region.workspace_id)
        answer = await region.client.get(region.path("/variables"), headers={"authorization": f"Bearer {token}"})
        statuses.append(answer.status_code)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask, new_id())

    assert sorted(statuses) == [200] + [403] * 9


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
async def test_another_host_is_misdirected(region: RunningDataPlane, host: str) -> None:
    answer = await region.client.get(region.path("/variables"), headers={**region.headers(), "host": host})

    assert answer.status_code == 421


async def test_a_page_of_another_origin_may_not_write(region: RunningDataPlane) -> None:
    answer = await region.client.patch(
        region.path("/variables"),
        headers={**region.headers(), "origin": "http://evil.example"},
        json={"profile": None},
    )

    assert answer.status_code == 403
