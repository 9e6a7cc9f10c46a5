from __future__ import annotations

import base64
import hashlib
import html
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.fakes.identity_stage import OWNER, PASSWORD, Caller, IdentityStage, ok

from planes.domain.route_grants import CONTROL_PLANE_ROUTES

pytestmark = pytest.mark.anyio
VERIFIER = "v" * 64
CALLBACK = "http://127.0.0.1:53111/callback"


@pytest.fixture
async def ana(stage: IdentityStage) -> Caller:
    """The owner, with a password."""
    return await stage.first_owner(password=PASSWORD)


def fields_of(page: httpx.Response) -> dict[str, str]:
    """The hidden fields of a page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text)
    return {name: html.unescape(value) for name, value in found}


async def submit(stage: IdentityStage, path: str, page: httpx.Response, **fields: str) -> httpx.Response:
    """What a browser sends: hidden fields, typed fields, Origin, and the cookie that the client keeps."""
    headers = {"origin": "http://127.0.0.1:8400"}
    return await stage.client.post(path, data=fields_of(page) | fields, headers=headers)


async def start_device(stage: IdentityStage) -> dict[str, Any]:
    return ok(await stage.client.post("/auth/v1/sessions/-issue-device-code", headers={"user-agent": "dlthub-cli/9"}))


async def redeem(stage: IdentityStage, codes: dict[str, Any]) -> httpx.Response:
    stage.clock.advance(seconds=3)
    body = {"device_code": codes["device_code"]}
    return await stage.post("/auth/v1/sessions/-redeem-device-code", None, body)


async def start_authorization(stage: IdentityStage, **changes: str) -> httpx.Response:
    digest = hashlib.sha256(VERIFIER.encode()).digest()
    body = {
        "redirect_uri": CALLBACK, "state": "st&te",
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
    }  # fmt: skip
    return await stage.post("/auth/v1/sessions/-issue-authorization-url", None, body | changes)


async def test_typed_code_shows_who_asks_and_a_password_approves(stage: IdentityStage, ana: Caller) -> None:
    codes = await start_device(stage)
    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"].replace("-", " "))

    done = await submit(stage, "/device/-decide", asked, decision="approve", email=OWNER.upper(), password=PASSWORD)

    assert asked.status_code == 200
    assert "203.0.113.7" in asked.text
    assert "dlthub-cli/9" in asked.text
    assert "seconds ago" in asked.text
    assert done.status_code == 200
    assert ok(await redeem(stage, codes))["id"] == ana.user_id


async def test_refusing_needs_no_password(stage: IdentityStage, ana: Caller) -> None:
    codes = await start_device(stage)
    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])

    ok_page = await submit(stage, "/device/-decide", asked, decision="refuse")

    assert ok_page.status_code == 200
    assert (await redeem(stage, codes)).json()["code"] == "access_denied"


async def test_five_wrong_passwords_end_the_code(stage: IdentityStage, ana: Caller) -> None:
    codes = await start_device(stage)
    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])
    wrong = {"decision": "approve", "email": OWNER, "password": "wrong"}
    statuses = [(await submit(stage, "/device/-decide", asked, **wrong)).status_code for _ in range(5)]

    late = await submit(stage, "/device/-decide", asked, decision="approve", email=OWNER, password=PASSWORD)

    assert statuses == [400] * 4 + [404]
    assert late.status_code == 404
    assert (await redeem(stage, codes)).status_code == 400


async def test_wrong_passwords_are_throttled_over_many_codes(stage: IdentityStage, ana: Caller) -> None:
    statuses: list[int] = []
    for _ in range(3):
        codes = await start_device(stage)
        asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])
        for _ in range(4):
            wrong = {"decision": "approve", "email": OWNER, "password": "wrong"}
            statuses.append((await submit(stage, "/device/-decide", asked, **wrong)).status_code)

    assert statuses == [400] * 10 + [429] * 2


async def test_five_mistyped_codes_from_one_address(stage: IdentityStage) -> None:
    form = await stage.get("/device")
    statuses = [(await submit(stage, "/device", form, code="BBBB-BBBB")).status_code for _ in range(6)]

    assert statuses == [400] * 5 + [429]


async def test_one_address_begins_no_more_sign_ins_than_a_person_would(stage: IdentityStage) -> None:
    devices = [(await stage.post("/auth/v1/sessions/-issue-device-code")).status_code for _ in range(61)]
    loopback = (await start_authorization(stage)).status_code
    stage.clock.advance(minutes=1)

    assert devices == [200] * 60 + [429]
    assert loopback == 429
    assert (await start_authorization(stage)).status_code == 200


async def test_forms_from_elsewhere_are_refused(stage: IdentityStage, ana: Caller) -> None:
    codes = await start_device(stage)
    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])
    fields = fields_of(asked) | {"decision": "approve", "email": OWNER, "password": PASSWORD}
    cookies = dict(stage.client.cookies)
    stage.client.cookies.clear()
    no_cookie = await stage.client.post("/device/-decide", data=fields)
    other_cookie = await stage.client.post(
        "/device/-decide", data=fields, headers={"cookie": f"planes_form={'x' * 43}"}
    )
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    no_mark = await stage.client.post("/device/-decide", data=fields | {"csrf": "x"}, headers=cookie)
    foreign = await stage.client.post(
        "/device/-decide", data=fields, headers=cookie | {"origin": "https://evil.example"}
    )
    opaque = await stage.client.post("/device/-decide", data=fields, headers=cookie | {"origin": "null"})

    assert [answer.status_code for answer in (no_cookie, other_cookie, no_mark, foreign, opaque)] == [403] * 5
    assert (await redeem(stage, codes)).status_code == 403


async def test_every_form_needs_the_mark_of_its_page(stage: IdentityStage) -> None:
    routes = [route.removeprefix("POST ") for route in CONTROL_PLANE_ROUTES if route.startswith("POST /")]
    forms = [path for path in routes if not path.startswith(("/api/", "/auth/", "/link/", "/own/"))]
    mark = fields_of(await stage.get("/device"))["csrf"]  # and the cookie that it belongs to
    forged = {path: (await stage.client.post(path, data={"csrf": mark[::-1]})).status_code for path in forms}
    stage.client.cookies.clear()
    bare = {path: (await stage.client.post(path, data={"csrf": mark})).status_code for path in forms}

    assert len(forms) == 8
    assert forged == bare == dict.fromkeys(forms, 403)


async def test_pages_are_never_framed_kept_or_scripted(stage: IdentityStage) -> None:
    url = ok(await start_authorization(stage))["authorization_url"]
    for page in (await stage.get("/device"), await stage.client.get(url), await stage.get("/sign-up")):
        policy = page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "script-src" not in policy
        assert page.headers["x-frame-options"] == "DENY"
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        assert not re.search(r'(src|href)="', page.text)
        assert '<html lang="en">' in page.text
        style = re.search(r"<style>(.*?)</style>", page.text, re.DOTALL)
        assert style is not None
        digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy


async def test_hostile_client_name_is_shown_inert(stage: IdentityStage) -> None:
    headers = {"user-agent": "<script>alert(1)</script>"}
    codes = ok(await stage.client.post("/auth/v1/sessions/-issue-device-code", headers=headers))

    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])

    assert "<script" not in asked.text
    assert "&lt;script&gt;" in asked.text


async def test_loopback_sign_in_with_pkce(stage: IdentityStage, ana: Caller) -> None:
    url = ok(await start_authorization(stage))["authorization_url"]
    page = await stage.client.get(url)
    wrong = await submit(stage, "/authorize", page, decision="approve", email=OWNER, password="wrong")
    sent = await submit(stage, "/authorize", page, decision="approve", email=OWNER, password=PASSWORD)
    target = urlsplit(sent.headers["location"])
    answer = parse_qs(target.query)
    body = {"code": answer["code"][0], "code_verifier": VERIFIER}

    session = ok(await stage.post("/auth/v1/sessions/-redeem-authorization-code", None, body))

    assert url.startswith("http://127.0.0.1:8400/authorize?")
    assert "form-action 'self' http://127.0.0.1:53111;" in page.headers["content-security-policy"]
    assert wrong.status_code == 400
    assert (sent.status_code, sent.headers["referrer-policy"]) == (303, "no-referrer")
    assert (target.netloc, target.path, answer["state"]) == ("127.0.0.1:53111", "/callback", ["st&te"])
    assert session["id"] == ana.user_id
    again = await stage.post("/auth/v1/sessions/-redeem-authorization-code", None, body)
    assert again.status_code == 400
    assert (await stage.client.get(url)).status_code == 404


@pytest.mark.parametrize(("wait", "verifier"), [(0, "w" * 64), (60, VERIFIER)])
async def test_wrong_verifier_or_late_code_is_refused(
    stage: IdentityStage, ana: Caller, wait: int, verifier: str
) -> None:
    page = await stage.client.get(ok(await start_authorization(stage))["authorization_url"])
    sent = await submit(stage, "/authorize", page, decision="approve", email=OWNER, password=PASSWORD)
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    stage.clock.advance(seconds=wait)
    path = "/auth/v1/sessions/-redeem-authorization-code"

    first = await stage.post(path, None, {"code": code, "code_verifier": verifier})
    right = await stage.post(path, None, {"code": code, "code_verifier": VERIFIER})

    assert (first.status_code, right.status_code) == (400, 400)


async def test_refusing_tells_the_client(stage: IdentityStage) -> None:
    page = await stage.client.get(ok(await start_authorization(stage))["authorization_url"])

    sent = await submit(stage, "/authorize", page, decision="refuse")

    assert sent.status_code == 303
    assert parse_qs(urlsplit(sent.headers["location"]).query) == {"error": ["access_denied"], "state": ["st&te"]}


@pytest.mark.parametrize(
    "redirect_uri",
    ["https://127.0.0.1:1/x", "http://evil.example:1/x", "http://127.0.0.1/x", "http://127.0.0.1.evil.example:1/",
     "http://user@127.0.0.1:1/", "http://127.0.0.1:1/#x", "http://127.0.0.1:1/\r\nx: y", "javascript:alert(1)",
     "http://[::1", "http://127.0.0.1:99999/", "http://evil.example\\@127.0.0.1:1/"],
)  # fmt: skip
async def test_redirects_that_leave_the_machine_are_refused(stage: IdentityStage, redirect_uri: str) -> None:
    assert (await start_authorization(stage, redirect_uri=redirect_uri)).status_code == 400


@pytest.mark.parametrize("redirect_uri", ["http://localhost:1/x", "http://[::1]:65535/cb?x=1", "http://127.0.0.1:8/"])
async def test_any_loopback_port_is_fine(stage: IdentityStage, redirect_uri: str) -> None:
    assert (await start_authorization(stage, redirect_uri=redirect_uri)).status_code == 200


async def test_challenge_must_be_a_whole_digest(stage: IdentityStage) -> None:
    assert (await start_authorization(stage, code_challenge="short")).status_code == 400


async def test_sign_up_link_sets_a_password_once(stage: IdentityStage, ana: Caller) -> None:
    added = ok(await stage.post("/own/v1/users", ana, {"email": "ben@orchard.example"}))
    page = await stage.client.get(added["sign_up_url"])
    differs = await submit(stage, "/sign-up", page, password="long enough now", repeated="long enough new")
    short = await submit(stage, "/sign-up", page, password="short", repeated="short")
    done = await submit(stage, "/sign-up", page, password="long enough now", repeated="long enough now")
    codes = await start_device(stage)
    asked = await submit(stage, "/device", await stage.get("/device"), code=codes["user_code"])
    credentials = {"email": "ben@orchard.example", "password": "long enough now"}
    approved = await submit(stage, "/device/-decide", asked, decision="approve", **credentials)

    assert "ben@orchard.example" in page.text
    assert [answer.status_code for answer in (differs, short, done, approved)] == [400, 400, 200, 200]
    assert (await stage.client.get(added["sign_up_url"])).status_code == 404
    assert ok(await redeem(stage, codes))["email"] == "ben@orchard.example"


async def test_another_link_gives_a_user_a_new_password(stage: IdentityStage, owner: Caller) -> None:
    path = f"/own/v1/users/{owner.user_id}/-issue-link"
    page = await stage.client.get(ok(await stage.post(path, owner))["sign_up_url"])
    await submit(stage, "/sign-up", page, password=PASSWORD, repeated=PASSWORD)
    (user,) = ok(await stage.get("/own/v1/users", owner))["items"]

    assert user["has_password"]
    assert user["sign_up_url"] is None
    assert (await stage.post("/own/v1/users/x/-issue-link", owner)).status_code == 404


async def test_rejected_refresh_wakes_no_poll(stage: IdentityStage) -> None:
    before = stage.parts.news.seen("eu1")

    await stage.post("/auth/v1/sessions/-refresh", None, {"refresh_token": "nonsense"})

    assert stage.parts.news.seen("eu1") == before


async def test_codes_in_web_links_are_dropped_at_once(stage: IdentityStage) -> None:
    dropped = await stage.client.get("/w/abc/jobs/x?swap=secret")

    assert (dropped.status_code, dropped.headers["location"]) == (303, "/w/abc/jobs/x")
    assert (await stage.client.get("/w/abc/jobs/x")).status_code == 401


async def test_foreign_host_is_misdirected(stage: IdentityStage) -> None:
    answer = await stage.client.get("/device", headers={"host": "evil.example"})

    assert answer.status_code == 421


@pytest.mark.parametrize(
    "value", ['"aaaaaaaaaaaaaaaaaaaaaaaa\\015\\012x: y"', '"\\001\\002aaaaaaaaaaaaaaaaaaaaaaaaaaaa"', "é" * 30]
)
async def test_a_cookie_that_is_not_ours_is_replaced(stage: IdentityStage, value: str) -> None:
    page = await stage.client.get("/device", headers={b"cookie": f"planes_form={value}".encode("latin-1")})

    assert page.status_code == 200, page.text
    assert re.match(r"planes_form=[0-9a-f]{64};", page.headers["set-cookie"])
