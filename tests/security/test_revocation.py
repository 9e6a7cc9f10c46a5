"""Taking a right away is felt in the region within two seconds, although its tokens live ten minutes (Design: 5)."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.acceptance.platforms import PlatformProcess, serving

pytestmark = pytest.mark.acceptance
FELT_SECONDS = 2.0


@dataclass
class Place:
    """A workspace in `eu1` of the owner's organization."""

    platform: PlatformProcess
    owner: str
    organization_id: str
    workspace_id: str

    def ask(self, method: str, path: str, token: str, **rest: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.request(
            method, self.platform.control_plane + path, headers=headers, timeout=240, trust_env=False, **rest
        )
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def region_token(self, token: str) -> str:
        return self.ask("POST", f"/api/v1/workspaces/{self.workspace_id}/-issue-dataplane-token", token)["token"]

    def region_status(self, region_token: str) -> int:
        path = f"/logs/v1/workspaces/{self.workspace_id}/job-runs/{self.workspace_id}/logs"
        headers = {"authorization": f"Bearer {region_token}"}
        url = self.platform.data_planes["eu1"] + path
        return httpx.get(url, headers=headers, timeout=240, trust_env=False).status_code

    def seconds_until_refused(self, region_token: str, revoke: Callable[[], Any]) -> float:
        """Less what ten of these requests take: on a busy machine they are slow themselves."""
        begun = time.monotonic()
        for _ in range(10):
            assert self.region_status(region_token) == 404  # let in: there is no such log
        usual = time.monotonic() - begun
        revoke()
        begun = time.monotonic()
        while self.region_status(region_token) != 401:
            assert time.monotonic() - begun < 60, "the region goes on taking the token"
        return time.monotonic() - begun - usual


def _check_felt(attempt: Callable[[], float]) -> None:
    """At the first try, or, as other work may have held that one up, at most of five."""
    took = [attempt()]
    while took[0] >= FELT_SECONDS and len(took) < 5:
        took.append(attempt())
    assert median(took) < FELT_SECONDS, took


def _sign_in(platform: PlatformProcess, email: str) -> dict[str, str]:
    url = f"{platform.control_plane}/auth/v1/sessions"
    codes = httpx.post(f"{url}/-issue-device-code", trust_env=False, timeout=240).json()
    platform.admin("approve", codes["user_code"], "--user", email)
    body = {"device_code": codes["device_code"]}
    return httpx.post(f"{url}/-redeem-device-code", json=body, trust_env=False, timeout=240).json()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Generator[Place]:
    with serving(tmp_path_factory.mktemp("platform") / "home") as platform:
        for email in ("owner@example.org", "member@example.org"):
            platform.admin("user", "add", email, "--password-stdin", stdin="long enough for all\n")
        organization = platform.admin("org", "create", "orchard", "--region", "eu1", "--owner", "owner@example.org")
        owner = _sign_in(platform, "owner@example.org")["jwt"]
        place = Place(platform, owner, organization["id"], "")
        body = {"name": "fruit", "description": None}
        place.workspace_id = place.ask(
            "POST", f"/api/v1/organizations/{organization['id']}/workspaces", owner, json=body
        )["id"]
        yield place


def _join(place: Place, role: str = "developer") -> str:
    body = {"email": "member@example.org", "role": role}
    return place.ask("POST", f"/own/v1/workspaces/{place.workspace_id}/members", place.owner, json=body)["id"]


def test_removed_member_is_out_of_the_region(place: Place) -> None:
    def attempt() -> float:
        member_id = _join(place)
        token = place.region_token(_sign_in(place.platform, "member@example.org")["jwt"])
        members = f"/own/v1/workspaces/{place.workspace_id}/members/{member_id}"
        return place.seconds_until_refused(token, lambda: place.ask("DELETE", members, place.owner))

    _check_felt(attempt)
    assert place.region_status(place.region_token(place.owner)) == 404


def test_lower_role_ends_the_tokens_of_the_higher_one(place: Place) -> None:
    def attempt() -> float:
        member_id = _join(place)
        session = _sign_in(place.platform, "member@example.org")["jwt"]
        members = f"/own/v1/workspaces/{place.workspace_id}/members/{member_id}"
        higher = place.region_token(session)
        took = place.seconds_until_refused(
            higher, lambda: place.ask("PATCH", members, place.owner, json={"role": "viewer"})
        )

        assert place.region_status(place.region_token(session)) == 404
        place.ask("DELETE", members, place.owner)
        return took

    _check_felt(attempt)


@pytest.mark.parametrize("kind", ["deployment", "configuration"])
def test_removed_member_ends_no_upload_that_they_have_begun(place: Place, kind: str) -> None:
    """Its token opened the request before; nothing of it is stored."""
    _check_felt(lambda: _seconds_until_an_upload_is_refused(place, kind))

    assert place.ask("GET", f"/api/v1/workspaces/{place.workspace_id}/{kind}s", place.owner)["items"] == []


def _seconds_until_an_upload_is_refused(place: Place, kind: str) -> float:
    member_id = _join(place)
    session = _sign_in(place.platform, "member@example.org")["jwt"]
    ticket = place.ask("POST", f"/api/v1/workspaces/{place.workspace_id}/{kind}s/-issue-upload", session)
    members = f"/own/v1/workspaces/{place.workspace_id}/members/{member_id}"
    address = urlsplit(ticket["upload_url"])
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {ticket['upload_token']}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n--b\r\n"
        'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    with socket.create_connection((address.hostname, address.port), timeout=240) as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.recv(1)  # it waits for the rest
        connection.settimeout(240)
        place.ask("DELETE", members, place.owner)
        begun = time.monotonic()
        answer = connection.recv(65536)
        took = time.monotonic() - begun

    assert answer.startswith(b"HTTP/1.1 401 ")
    return took


def test_signed_out_session_hears_no_change_any_more(place: Place) -> None:
    """An open stream of the control plane ends by itself."""

    def attempt() -> float:
        session = _sign_in(place.platform, "owner@example.org")
        url, headers = f"{place.platform.control_plane}/own/v1/changes", {"authorization": f"Bearer {session['jwt']}"}
        body = {"refresh_token": session["refresh_token"]}
        with httpx.stream("GET", url, headers=headers, timeout=240, trust_env=False) as stream:
            assert stream.status_code == 200
            place.ask("POST", "/auth/v1/sessions/-revoke", session["jwt"], json=body)
            begun = time.monotonic()
            with contextlib.suppress(httpx.RemoteProtocolError):
                stream.read()
            return time.monotonic() - begun

    _check_felt(attempt)


def test_signed_out_session_is_out_of_the_region(place: Place) -> None:
    def attempt() -> float:
        session = _sign_in(place.platform, "owner@example.org")
        token = place.region_token(session["jwt"])
        body = {"refresh_token": session["refresh_token"]}
        return place.seconds_until_refused(
            token, lambda: place.ask("POST", "/auth/v1/sessions/-revoke", session["jwt"], json=body)
        )

    _check_felt(attempt)


def test_revoked_key_is_out_of_the_region(place: Place) -> None:
    def attempt() -> float:
        key = place.ask("POST", "/own/v1/api-keys", place.owner, json={"name": "key"})
        token = place.region_token(key["api_key"])
        return place.seconds_until_refused(
            token, lambda: place.ask("DELETE", f"/own/v1/api-keys/{key['id']}", place.owner)
        )

    _check_felt(attempt)


@dataclass
class Browsed:
    """A browser that was signed in with a password, with a cookie for each plane's pages of the workspace."""

    place: Place
    http: httpx.Client

    @property
    def addresses(self) -> tuple[str, str]:
        path = f"/w/{self.place.workspace_id}"
        return (
            f"{self.place.platform.control_plane}{path}",
            f"{self.place.platform.data_planes['eu1']}{path}/pipelines/x",
        )

    def statuses(self) -> tuple[int, int]:
        here, there = (self.http.get(address).status_code for address in self.addresses)
        return here, there

    def seconds_until_refused(self, revoke: Callable[[], Any], *, here: int = 404) -> float:
        """`here` is what the control plane answers: to a session that goes on there is no such workspace any more."""
        assert self.statuses() == (200, 200)
        begun = time.monotonic()
        for _ in range(5):
            self.statuses()
        usual = time.monotonic() - begun
        revoke()
        begun = time.monotonic()
        while self.statuses() != (here, 401):
            assert time.monotonic() - begun < 60, f"the cookies still open pages: {self.statuses()}"
        return time.monotonic() - begun - usual


@contextmanager
def _browsing(place: Place, email: str) -> Generator[Browsed]:
    with httpx.Client(follow_redirects=True, timeout=240, trust_env=False) as http:
        page = http.get(f"{place.platform.control_plane}/w/{place.workspace_id}")
        form = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page.text))
        sent = {**form, "email": email, "password": "long enough for all"}
        origin = {"origin": place.platform.control_plane}
        done = http.post(f"{place.platform.control_plane}/w/-sign-in", data=sent, headers=origin)
        assert done.status_code == 200, done.text
        there = http.get(f"{place.platform.control_plane}/w/{place.workspace_id}/pipelines/x/-telemetry")
        assert str(there.url) == f"{place.platform.data_planes['eu1']}/w/{place.workspace_id}/pipelines/x"
        yield Browsed(place, http)


def test_removed_member_sees_no_page_of_either_plane_any_more(place: Place) -> None:
    def attempt() -> float:
        member_id = _join(place)
        members = f"/own/v1/workspaces/{place.workspace_id}/members/{member_id}"
        with _browsing(place, "member@example.org") as browsed, _browsing(place, "owner@example.org") as other:
            took = browsed.seconds_until_refused(lambda: place.ask("DELETE", members, place.owner))

            assert other.statuses() == (200, 200)
        return took

    _check_felt(attempt)


def test_lower_role_ends_the_regions_cookie_of_the_higher_one(place: Place) -> None:
    def attempt() -> float:
        member_id = _join(place)
        members = f"/own/v1/workspaces/{place.workspace_id}/members/{member_id}"
        with _browsing(place, "member@example.org") as browsed:
            took = browsed.seconds_until_refused(
                lambda: place.ask("PATCH", members, place.owner, json={"role": "viewer"}), here=200
            )
            again = browsed.http.get(f"{browsed.addresses[0]}/pipelines/x/-telemetry")

            assert again.status_code == 200, "the new role opens it anew"
        place.ask("DELETE", members, place.owner)
        return took

    _check_felt(attempt)


def test_session_that_is_ended_opens_no_page_of_either_plane_any_more(place: Place) -> None:
    """Ended from a terminal, by its id."""

    def attempt() -> float:
        with _browsing(place, "owner@example.org") as browsed, _browsing(place, "owner@example.org") as other:
            listed = place.ask("GET", "/own/v1/sessions", place.owner)["items"]
            browsers = sorted((each["created_at"], each["id"]) for each in listed if each["method"] == "browser")
            (_, ended), _ = browsers[-2:]
            took = browsed.seconds_until_refused(
                lambda: place.ask("DELETE", f"/own/v1/sessions/{ended}", place.owner), here=401
            )

            assert other.statuses() == (200, 200)
        return took

    _check_felt(attempt)


def test_one_persons_cookies_are_no_others(place: Place) -> None:
    """A member of nothing has a session, but no workspace; and nobody without one is let in."""
    with _browsing(place, "owner@example.org") as browsed, httpx.Client(trust_env=False, timeout=240) as stranger:
        assert [stranger.get(address).status_code for address in browsed.addresses] == [401, 401]
        for cookie in browsed.http.cookies.jar:
            crossed = {"cookie": f"planes_session={cookie.value}; planes_pages={cookie.value}"}
            statuses = [stranger.get(address, headers=crossed).status_code for address in browsed.addresses]
            assert statuses in ([200, 401], [401, 200], [401, 401]), "no cookie of one plane opens the other's pages"
