"""Webhooks: who may call, what is taken once, what is sealed, and what the run of a call gets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.integration.planes.data_plane.region_fixtures import database, folder
from tests.integration.planes.data_plane.running_region import RunningRegion, running_region

from planes.domain.identifiers import new_id
from planes.domain.webhooks import MOST_BODY_BYTES, MOST_CALLS_A_MINUTE

__all__ = ["database", "folder"]
pytestmark = pytest.mark.anyio
LATER = {"run_id": None, "status": "skipped_concurrency_limit", "is_final": False}
NEVER = {"run_id": None, "status": "trigger_gone", "is_final": True}
READS = """
import json, os
body = open(os.environ["DLTHUB_TUI_WEBHOOK_BODY"], "rb").read()
headers = json.load(open(os.environ["DLTHUB_TUI_WEBHOOK_HEADERS"]))
print("got", json.loads(body)["order"], sorted(headers))
"""


@pytest.fixture
async def control(anyio_backend: str) -> AsyncGenerator[LeasingControlPlane]:
    async with LeasingControlPlane().serving() as serving:
        yield serving


@pytest.fixture
async def place(folder: Path, control: LeasingControlPlane) -> AsyncGenerator[RunningRegion]:
    async with running_region(folder / "eu1", control) as running:
        yield running


@pytest.fixture
async def each_place(
    folder: Path, control: LeasingControlPlane, database: dict[str, str]
) -> AsyncGenerator[RunningRegion]:
    """The same on SQLite and on Postgres."""
    async with running_region(folder / "eu1", control, None, **database) as running:
        yield running


async def ask(place: RunningRegion, method: str, rest: str = "", body: Any = None, **claims: Any) -> httpx.Response:
    region = place.region
    path = f"/own/v1/workspaces/{region.workspace_id}/webhooks{rest}"
    headers = region.headers(**{"role": "owner", **claims})
    return await region.client.request(method, path, json=body, headers=headers)


async def add(place: RunningRegion) -> dict[str, Any]:
    answer = await ask(place, "POST", body={"job_id": new_id()})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def call(place: RunningRegion, hook: dict[str, Any], body: bytes, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await place.region.client.post(f"/webhooks/{hook['id']}", content=body, headers=named)


def bearer(hook: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {hook['secret']}"}


def standard(hook: dict[str, Any], body: bytes, at: int, call_id: str = "msg_1") -> dict[str, str]:
    key = base64.b64decode(hook["secret"].removeprefix("whsec_"))
    made = base64.b64encode(hmac.digest(key, f"{call_id}.{at}.".encode() + body, "sha256")).decode()
    return {"webhook_id": call_id, "webhook_timestamp": str(at), "webhook_signature": f"v1,c29tZQ== v1,{made}"}


def github(hook: dict[str, Any], body: bytes) -> dict[str, str]:
    made = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
    return {"x_hub_signature_256": f"sha256={made}"}


def now(place: RunningRegion) -> int:
    return int(place.region.plane.services.parts.clock.now().timestamp())


async def calls(place: RunningRegion, hook: dict[str, Any]) -> list[dict[str, Any]]:
    return (await ask(place, "GET", f"/{hook['id']}/calls")).json()["items"]


async def until(place: RunningRegion, hook: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    with anyio.fail_after(240):
        while True:
            for found in await calls(place, hook):
                if wanted.items() <= found.items():
                    return found
            await anyio.sleep(0.02)


async def test_the_secret_is_answered_once_and_again_only_by_rotating(place: RunningRegion) -> None:
    hook = await add(place)
    listed = (await ask(place, "GET")).json()["items"]
    again = await ask(place, "POST", f"/{hook['id']}/-rotate", {"keep_old_seconds": 60})
    once_more = await ask(place, "POST", f"/{hook['id']}/-rotate", {})

    assert hook["secret"].startswith("whsec_")
    assert hook["url"].endswith(f"/webhooks/{hook['id']}")
    assert "secret" not in listed[0]
    assert (await call(place, hook, b"{}", **bearer(hook))).status_code == 401
    assert (await call(place, hook, b"{}", **bearer(again.json()))).status_code == 401
    assert (await call(place, hook, b"{}", **bearer(once_more.json()))).status_code == 202
    assert (await ask(place, "DELETE", f"/{hook['id']}")).status_code == 204
    assert (await call(place, hook, b"{}", **bearer(once_more.json()))).status_code == 404


async def test_the_old_secret_is_good_beside_the_new_one_for_as_long_as_was_said(place: RunningRegion) -> None:
    hook = await add(place)
    await ask(place, "POST", f"/{hook['id']}/-rotate", {"keep_old_seconds": 60})

    assert (await call(place, hook, b"{}", **bearer(hook))).status_code == 202


async def test_who_has_no_secret_is_refused_before_anything_is_kept(place: RunningRegion) -> None:
    hook, body, at = await add(place), b'{"order": 7}', now(place)
    other = {**hook, "secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}
    changed = standard(hook, body, at)
    wrong: list[dict[str, str]] = [
        {}, {"authorization": "Bearer none"}, {"authorization": f"Basic {hook['secret']}"}, bearer(other),
        standard(other, body, at), standard(hook, body, at - 301), standard(hook, body, at + 400),
        standard(hook, b"other", at), {**changed, "webhook_id": "msg_2"}, {**changed, "webhook_timestamp": "soon"},
        {**changed, "webhook_signature": "v1,"}, github(other, body), {"x_hub_signature_256": "sha256="},
    ]  # fmt: skip
    statuses = [(await call(place, hook, body, **headers)).status_code for headers in wrong]
    assert statuses == [401] * len(wrong)
    assert (await call(place, {"id": new_id()}, body, **bearer(hook))).status_code == 404
    assert await calls(place, hook) == []


async def test_who_has_signed_is_told_what_else_is_wrong_and_nobody_else_is(place: RunningRegion) -> None:
    hook, body, at = await add(place), b'{"order": 7}', now(place)
    other = {**hook, "secret": "whsec_" + base64.b64encode(b"x" * 32).decode()}
    late, early, thousands = at - 4000, at + 4000, at * 1000
    told = {
        "s behind this region's clock, and 300 are allowed: sign each try anew": standard(hook, body, late),
        "s ahead of this region's clock": standard(hook, body, early),
        "no number of seconds since 1970": standard(hook, body, thousands),
        "webhook-id is missing or holds a dot": standard(hook, body, at, "msg.1"),
    }
    for words, headers in told.items():
        answer = await call(place, hook, body, **headers)
        assert answer.status_code == 401
        assert "The call is signed, but its webhook-" in answer.json()["detail"]
        assert words in answer.json()["detail"]
    stranger = await call(place, hook, body, **standard(other, body, late))
    changed = await call(place, hook, b"other", **standard(hook, body, late))
    assert {each.json()["detail"] for each in (stranger, changed)} == {
        "The call shows no secret of this address and is not signed by it."
    }


async def test_a_call_is_taken_once_and_its_body_is_sealed(place: RunningRegion, control: LeasingControlPlane) -> None:
    mark = "orders-of-mrs-plum-5471"
    body = json.dumps({"order": mark}).encode()
    hook, at = await add(place), now(place)
    first = await call(place, hook, body, **standard(hook, body, at))
    repeated = await call(place, hook, body, **standard(hook, body, at))
    of_github = [await call(place, hook, body, **github(hook, body)) for _ in range(2)]
    started = await until(place, hook, state="started", id=first.json()["id"])

    assert (first.status_code, first.json()["is_repeated"]) == (202, False)
    assert repeated.json() == {"id": first.json()["id"], "is_repeated": True}
    assert [each.json()["is_repeated"] for each in of_github] == [False, True]
    assert started["run_id"] is not None
    with anyio.fail_after(240):
        while len(control.webhook_calls) < 2:
            await anyio.sleep(0.02)
    asked = [each.model_dump(mode="json") for each in control.webhook_calls]
    assert {frozenset(each) for each in asked} == {frozenset({"workspace_id", "job_id", "trigger", "call_id"})}
    assert {each["trigger"] for each in asked} == {"webhook:orders"}
    stored = b"".join(path.read_bytes() for path in place.region.folder.rglob("*") if path.is_file())
    assert mark.encode() not in stored
    assert base64.b64encode(mark.encode())[:20] not in stored
    assert hook["secret"].encode() not in stored


async def test_a_signed_call_that_somebody_saw_starts_nothing_under_another_id(each_place: RunningRegion) -> None:
    """Of GitHub's kind only the body is signed."""
    hook, at = await add(each_place), now(each_place)
    body, other = b'{"ref": "main"}', b'{"ref": "next"}'
    seen = await call(each_place, hook, body, x_github_delivery="a", **github(hook, body))
    names = ("x_github_delivery", "webhook_id", "idempotency_key")
    replayed = [await call(each_place, hook, body, **{name: "b"}, **github(hook, body)) for name in names]
    new = await call(each_place, hook, other, x_github_delivery="a", **github(hook, other))
    timed = [
        await call(each_place, hook, body, idempotency_key=key, **standard(hook, body, at))
        for key in ("first", "second")
    ]
    shown = [await call(each_place, hook, body, x_github_delivery=key, **bearer(hook)) for key in ("c", "d", "d")]

    assert (seen.status_code, seen.json()["is_repeated"]) == (202, False)
    assert [each.json() for each in replayed] == [{"id": seen.json()["id"], "is_repeated": True}] * 3
    assert not new.json()["is_repeated"]
    assert [each.json()["is_repeated"] for each in timed] == [False, True]
    assert [each.json()["is_repeated"] for each in shown] == [False, False, True]


async def test_parts_of_a_signed_body_are_no_id_and_no_time(place: RunningRegion) -> None:
    """What is signed is `ID.TIMESTAMP.BODY`: by moving the dots one call would be another, and start again."""
    hook, at = await add(place), now(place)
    body = f"{at}.the rest".encode()
    honest = standard(hook, body, at, "msg_1")
    moved = {**honest, "webhook_id": f"msg_1.{at}"}

    assert (await call(place, hook, body, **honest)).status_code == 202
    assert (await call(place, hook, b"the rest", **moved)).status_code == 401
    assert len(await calls(place, hook)) == 1


async def test_a_body_that_comes_slowly_does_not_keep_an_old_secret_good(place: RunningRegion) -> None:
    hook = await add(place)

    async def body() -> AsyncGenerator[bytes]:
        yield b"{"
        await ask(place, "POST", f"/{hook['id']}/-rotate", {})
        yield b"}"

    answer = await place.region.client.post(f"/webhooks/{hook['id']}", content=body(), headers=bearer(hook))

    assert answer.status_code == 401, answer.text
    assert await calls(place, hook) == []


async def test_calls_wait_in_their_order_until_there_is_a_run_or_never_will_be(
    each_place: RunningRegion, control: LeasingControlPlane
) -> None:
    control.webhook_answers = [LATER, LATER]
    hook = await add(each_place)
    ids = [
        (await call(each_place, hook, b"{}", **standard(hook, b"{}", now(each_place), f"msg_{number}"))).json()["id"]
        for number in range(3)
    ]
    await until(each_place, hook, id=ids[2], state="started")
    control.webhook_answers = [NEVER]
    refused = (await call(each_place, hook, b"{}", **bearer(hook))).json()["id"]
    ended = await until(each_place, hook, id=refused, state="refused")

    assert [str(each.call_id) for each in control.webhook_calls][:5] == [ids[0], ids[0], ids[0], ids[1], ids[2]]
    assert ended["outcome"] == "trigger_gone"


async def test_calls_outlive_a_control_plane_that_is_away(place: RunningRegion, control: LeasingControlPlane) -> None:
    hook = await add(place)
    control.stands_in = [(404, "<html>"), (401, '{"code": "call_not_authenticated", "detail": "clocks differ"}')]
    control.is_away = True
    taken = await call(place, hook, b"{}", **bearer(hook))
    await until(place, hook, outcome="control_plane_unreachable")
    control.is_away = False

    assert taken.status_code == 202
    await until(place, hook, state="started")


async def test_size_and_rate_are_bounded(place: RunningRegion) -> None:
    hook = await add(place)
    large = [await call(place, hook, b"x" * size, **bearer(hook)) for size in (MOST_BODY_BYTES + 1, 6 * 1024**2)]
    answers = [await call(place, hook, b"{}", **bearer(hook)) for _ in range(MOST_CALLS_A_MINUTE + 1)]

    assert [(answer.status_code, answer.json()["detail"]) for answer in large] == [
        (413, f"A call has at most {MOST_BODY_BYTES} bytes.")
    ] * 2
    assert [answer.status_code for answer in answers] == [202] * MOST_CALLS_A_MINUTE + [429]


async def test_only_owners_make_webhooks_and_viewers_see_none(place: RunningRegion) -> None:
    hook = await add(place)

    for role in ("developer", "viewer"):
        claims = {"role": role, "grants": ("ws:read",)}
        assert (await ask(place, "POST", body={"job_id": new_id()}, **claims)).status_code == 403
        assert (await ask(place, "POST", f"/{hook['id']}/-rotate", {}, **claims)).status_code == 403
        assert (await ask(place, "DELETE", f"/{hook['id']}", **claims)).status_code == 403
        assert (await ask(place, "GET", **claims)).status_code == (200 if role == "developer" else 403)
    assert (await ask(place, "POST", body={"job_id": new_id(), "trigger": "webhook:none"})).status_code == 400


async def test_the_run_of_a_call_gets_what_was_sent_and_a_run_of_a_forgotten_call_says_so(
    place: RunningRegion,
) -> None:
    hook, body = await add(place), b'{"order": 4711}'
    sent = {"content_type": "application/json", "x_shop": "plum", "cookie": "a=b", "x_auth_token": "hidden-token-1"}
    taken = await call(place, hook, body, **bearer(hook), **sent)
    lease, outcome = await place.run(READS, trigger="webhook:orders", webhook_call_id=taken.json()["id"])
    forgotten, failed = await place.run(READS, trigger="webhook:orders", webhook_call_id=new_id())

    (line,) = [each for each in await place.lines(lease) if each.startswith("got")]
    assert (outcome, failed) == ("completed", "failed")
    assert line.startswith("got 4711 ['content-type',")
    assert "x-shop" in line
    assert "cookie" not in line
    assert "auth" not in line
    assert "no longer kept" in " ".join(await place.lines(forgotten, None))
    assert not (place.run_folder(lease) / "work").exists()
