"""Odd requests that are legal, or nearly, to every published route of both planes, over a raw connection.

Whatever comes, no plane fails, an error has the contract's body (1.2), and what means the same is answered the same.
"""

from __future__ import annotations

import gzip
import json
import re
import socket
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.contract.published_ground import Ground

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
NOWHERE = "00000000-0000-4000-8000-000000000000"
# They wait for news, or end what the next request needs.
LEFT_OUT = re.compile(r"/changes$|/log-stream$|/events$|-poll$|-upload$|-rotate$")
ACCEPTED = ("text/html, */*;q=0", "gar/bage;;;,,\xe9")
ODD_PAGES = (
    "limit=0", "limit=-1", "limit=1000000000", "limit=1e3", "limit=", "limit=1&limit=2", f"limit={10**40}",
    f"offset={10**30}", "offset=-1", "cursor=x", "cursor=%ff", f"cursor={'A' * 20_000}",
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b'"x"', b'{"a": 1e999}', b'{"a": NaN}', b"\xff\xfe", b'{"name": "\\ud800"}', b"[" * 5000,
    b"\xef\xbb\xbf{}",
)  # fmt: skip
TYPES = (
    "text/plain", "application/json; charset=utf-16", "multipart/form-data", "multipart/form-data; boundary=x",
    "application/x-www-form-urlencoded", "",
)  # fmt: skip
JSON = "Content-Type: application/json\r\n"


@dataclass
class Answer:
    """What came until the connection was closed."""

    status: int
    headers: dict[str, str]
    body: bytes

    def check(self) -> Answer:
        """No failure, and an error in the contract's words."""
        assert self.status < 500, (self.status, self.body[:400])
        if self.status >= 400 and self.body and "text/html" not in self.headers.get("content-type", ""):
            error = json.loads(self.body)
            assert set(error) == {"status_code", "code", "detail", "extra"}, error
            assert error["status_code"] == self.status, error
        return self


@dataclass
class Plane:
    """One plane, a credential that is good there, and its document."""

    origin: str
    token: str
    ids: dict[str, str]
    document: dict[str, Any]

    def ask(
        self, method: str, path: str, headers: str = "", body: bytes = b"", *, version: str = "1.1", close: bool = True
    ) -> Answer:
        address = urlsplit(self.origin)
        head = f"{method} {path} HTTP/{version}\r\nHost: {address.netloc}\r\nAuthorization: Bearer {self.token}\r\n"
        if close:
            head += "Connection: close\r\n"
        with socket.create_connection((address.hostname, address.port), timeout=240) as connection:
            connection.sendall(f"{head}{headers}\r\n".encode("latin-1") + body)
            raw = b"".join(iter(lambda: connection.recv(65536), b""))
        start, _, rest = raw.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
        line, *lines = start.decode("latin-1").split("\r\n")
        named = {name: value for name, _, value in (each.lower().partition(": ") for each in lines)}
        return Answer(int(line.split()[1]), named, rest)

    def operations(self, *methods: str) -> Generator[tuple[str, str, dict[str, Any]]]:
        """Method, address and document of each; reading finds what is there, anything else finds nothing."""
        for path, found in self.document["paths"].items():
            for method in methods:
                if method in found and not LEFT_OUT.search(path):
                    yield method.upper(), filled(path, self.ids if method == "get" else {}), found[method]


def filled(path: str, ids: dict[str, str]) -> str:
    """An address with these ids, and nobody's for others."""
    return re.sub(r"\{(\w+)\}", lambda one: ids.get(one[1], NOWHERE), path)


@pytest.fixture(scope="module", params=["control", "region"])
def plane(ground: Ground, request: pytest.FixtureRequest) -> Plane:
    origin, token = ground.platform.control_plane, ground.credentials["control"]
    if request.param == "region":
        origin = ground.platform.data_planes["eu1"]
        token = ground.ask("POST", "/workspaces/{workspace_id}/-issue-dataplane-token")["token"]
    document = httpx.get(f"{origin}/openapi.json", timeout=240, trust_env=False).json()
    return Plane(origin, token, ground.ids, document)


def test_what_means_the_same_is_answered_the_same(plane: Plane) -> None:
    """HEAD, HTTP/1.0, escapes that stand for what they need not, and what else is accepted."""
    for _, path, _ in plane.operations("get"):
        usual = plane.ask("GET", path).check().status
        head = plane.ask("HEAD", path)
        escaped = "/" + "/".join("".join(f"%{ord(sign):02X}" for sign in part) for part in path[1:].split("/"))
        others = [plane.ask("GET", path, version="1.0", close=False), plane.ask("GET", escaped)]
        others += [plane.ask("GET", path, f"Accept: {each}\r\n") for each in ACCEPTED]

        assert (head.status, head.body) == (usual, b""), path
        assert {each.check().status for each in others} == {usual}, path


def test_what_is_no_address_of_ours_is_refused(plane: Plane) -> None:
    """No redirect either: the client follows none."""
    for _, path, _ in plane.operations("get"):
        refused = [plane.ask("GET", path + end) for end in ("/", "%zz", "%ff%fe", "/..;/")]

        assert all(400 <= each.check().status < 500 for each in refused), path
        slashed = [plane.ask("GET", "/" + path[1:].replace("/", slash)) for slash in ("%2F", "%2f")]
        assert {each.check().status for each in slashed} == {404}, path


def test_methods_that_a_route_lacks_are_named(plane: Plane) -> None:
    for path, found in plane.document["paths"].items():
        there = filled(path, plane.ids)
        for method in ("OPTIONS", "TRACE", "PROPFIND", "PUT", "PATCH", "DELETE"):
            if method.lower() not in found:
                answer = plane.ask(method, there).check()

                assert answer.status == 405, (method, path)
                assert {each.upper() for each in found} <= set(re.findall(r"\w+", answer.headers["allow"].upper()))


def test_odd_pages_are_refused(plane: Plane) -> None:
    for _, path, operation in plane.operations("get"):
        known = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"}
        if plane.ask("GET", path).status != 200:
            continue
        for query in ODD_PAGES:
            if query.partition("=")[0] in known:
                assert plane.ask("GET", f"{path}?{query}").check().status == 400, (path, query[:40])


def test_a_body_is_the_same_however_it_comes(plane: Plane) -> None:
    """In pieces, asked for leave first, said twice to be JSON; compressed ones are refused."""
    packed = gzip.compress(b"{}")
    for method, path, _ in plane.operations("post", "put", "patch"):
        pieces = b"1\r\n{\r\n1;note=1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"
        usual = plane.ask(method, path, f"{JSON}Content-Length: 2\r\n", b"{}").check()
        others = [
            plane.ask(method, path, f"{JSON}Transfer-Encoding: chunked\r\n", pieces),
            plane.ask(method, path, f"{JSON}Expect: 100-continue\r\nContent-Length: 2\r\n", b"{}"),
            plane.ask(method, path, f"{JSON}{JSON}Content-Length: 2\r\n", b"{}"),
        ]
        length = f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n"

        assert all(each.check().status < 500 for each in others), path
        if usual.status in {400, 404}:  # what was done is not done again
            assert {each.status for each in others} == {usual.status}, path
        assert plane.ask(method, path, JSON + length, packed).check().status == 415, path


def test_broken_bodies_and_heads_are_refused(plane: Plane) -> None:
    for method, path, _ in plane.operations("post", "put", "patch"):
        for body in BODIES:
            plane.ask(method, path, f"{JSON}Content-Length: {len(body)}\r\n", body).check()
        for kind in TYPES:
            plane.ask(method, path, f"Content-Type: {kind}\r\nContent-Length: 2\r\n", b"{}").check()
        twice = plane.ask(method, path, f"{JSON}Content-Length: 2\r\nContent-Length: 2\r\n", b"{}")

        assert twice.check().status == 400, path
