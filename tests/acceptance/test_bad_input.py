"""Bad input over HTTP: each is refused with the contract's status, words that help, and nothing half-written."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.acceptance.installations import Installation, Person
from tests.fakes.archives import REQUIREMENTS, end, header, listed, member, pack
from tests.fakes.workspaces import definition

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

NOWHERE = "00000000-0000-4000-8000-000000000000"
ONE = listed({"a.py": b"x"})
GOOD = pack({"a.py": b"x"})


class Place:
    """A workspace in eu1 that nothing was deployed to, and its owner."""

    def __init__(self, person: Person, home: Path) -> None:
        self.person = person
        assert person.get("/me").status_code == 200, "which makes the personal organization, without a region"
        self.workspace = person.make_workspace(person.make_organization("orchard", "eu1")["id"], "works")
        self.region = home / "data" / "eu1"

    def path(self, rest: str) -> str:
        return f"/workspaces/{self.workspace['id']}{rest}"

    def issue(self, kind: str = "deployments") -> dict[str, Any]:
        answer = self.person.post(self.path(f"/{kind}/-issue-upload"))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upload(self, archive: Any, kind: str = "deployments", issued: dict[str, Any] | None = None) -> httpx.Response:
        issued = issued or self.issue(kind)
        files = {"file": ("workspace.tar.gz", archive, "application/x-tar")}
        if kind == "deployments":
            files["requirements_file"] = ("requirements.json", REQUIREMENTS, "application/json")
        headers = {"Authorization": f"Bearer {issued['upload_token']}"}
        return httpx.post(issued["upload_url"], files=files, headers=headers, timeout=240)

    def deploy(self, *jobs: dict[str, Any], **rest: Any) -> httpx.Response:
        body = {"job_definition_engine_version": 2, "job_definition_hash": "x", "jobs": list(jobs),
                "deployment_module": "__deployment__", "dry_run": False, **rest}  # fmt: skip
        return self.person.post(self.path("/-deploy"), body)

    def stored(self) -> tuple[set[str], list[int]]:
        """Files of the region but its database's, and how many versions and jobs there are."""
        files = {str(file) for file in self.region.rglob("*") if file.is_file() and "region.db" not in file.name}
        totals = [self.person.get(self.path(f"/{what}")).json()["total"] for what in ("deployments", "configurations")]
        return files, [*totals, self.person.get(self.path("/jobs")).json()["total"]]


@pytest.fixture(scope="module")
def place(installation: Installation) -> Place:
    return Place(installation.owner, installation.platform.home)


@pytest.fixture(autouse=True)
def nothing_is_written(request: pytest.FixtureRequest, place: Place) -> Iterator[None]:
    """Every test here leaves the region, its versions and its jobs as they were, unless it says `writes`."""
    before = place.stored()
    yield
    if "writes" not in request.fixturenames:
        assert place.stored() == before


@pytest.fixture
def writes() -> None:
    """For tests that also do what is right."""


def assert_refused(answer: httpx.Response, status: int, code: str, *words: str) -> None:
    body = answer.json()
    assert (answer.status_code, body["status_code"], body["code"]) == (status, status, code), answer.text
    for word in words:
        assert word in body["detail"] or word in str(body["extra"]), answer.text


ARCHIVES = {
    "truncated": (GOOD[: len(GOOD) // 2], "truncated"),
    "empty": (b"", "empty"),
    "not an archive": (b"PK\x03\x04 a zip file", "gzip"),
    "wrong digest": (end(member(b"files/a.py", b"y"), ONE), "another digest"),
    "wrong size": (end(member(b"files/a.py", b"xx"), ONE), "another size"),
    "file that the manifest lacks": (end(member(b"files/a.py", b"x") + member(b"files/b.py"), ONE), "exactly"),
    "file that is not there": (end(b"", ONE), "not there"),
    "no manifest": (end(member(b"files/a.py", b"x"), with_manifest=False), "manifest"),
    "manifest of another kind": (end(member(b"files/a.py", b"x") + member(b"manifest.yaml", b"- 1")), "manifest"),
    "dot-dot": (end(member(b"files/../a.py", b"x"), ONE), "'..'"),
    "absolute": (end(member(b"/etc/cron.d/a", b"x"), ONE), "outside files/"),
    "absolute below files": (end(member(b"files//etc/a", b"x"), ONE), "absolute"),
    "link out": (end(member(b"files/a.py", kind=b"2", link=b"../../../etc/passwd"), ONE), "leads out"),
    "hard link": (end(member(b"files/a.py", kind=b"1", link=b"/etc/passwd"), ONE), "hard link"),
    "device": (end(member(b"files/a.py", kind=b"3"), ONE), "character device"),
    "named pipe": (end(member(b"files/a.py", kind=b"6"), ONE), "named pipe"),
}  # fmt: skip


def assert_archive_refused(place: Place, archive: bytes, word: str) -> None:
    issued = place.issue()
    answer = place.upload(archive, issued=issued)
    version = place.person.get(place.path(f"/deployments/{issued['deployment_id']}"))
    files = place.person.in_region(
        "GET", place.workspace, f"/api/v1{place.path('/deployments')}/{issued['deployment_id']}/files"
    )

    assert_refused(answer, 400, "archive_refused", word)
    assert (version.status_code, files.status_code) == (404, 404)


@pytest.mark.parametrize("name", ARCHIVES)
def test_hostile_archive(place: Place, name: str) -> None:
    assert_archive_refused(place, *ARCHIVES[name])


def test_zip_bomb(place: Place) -> None:
    assert_archive_refused(place, end(header(b"files/a.py", 200_000_000) + bytes(200_000_000), ONE), "times its size")


def test_too_large_is_413_in_the_words_that_clients_know(place: Place) -> None:
    issued = place.issue()
    address = httpx.URL(issued["upload_url"])
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc.decode()}\r\nContent-Length: {2**33}\r\n"
        f"Authorization: Bearer {issued['upload_token']}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    with socket.create_connection((address.host, address.port), timeout=240) as connection:
        connection.sendall(head.encode())
        early = connection.makefile("rb").readline()
    sent = place.upload(bytes(9 * 1024 * 1024), "configurations")
    unpacked = place.upload(end(header(b"files/a", 3 * 1024**3) + bytes(512), []))

    assert early.split()[1] == b"413", "it is not read first"
    for each in (sent, unpacked):
        assert each.status_code == 413
        assert each.json() == {"status_code": 413, "detail": "Request Entity Too Large"}


def test_body_that_is_no_upload(place: Place) -> None:
    issued = place.issue()
    headers = {"Authorization": f"Bearer {issued['upload_token']}"}
    answer = httpx.post(issued["upload_url"], content=b"{}", headers=headers, timeout=240)

    assert_refused(answer, 400, "invalid_request", "multipart/form-data")


@pytest.mark.usefixtures("writes")
def test_upload_token_works_once_and_for_its_id_only(place: Place) -> None:
    issued, other = place.issue(), place.issue()
    mixed = place.upload(GOOD, issued={**other, "upload_token": issued["upload_token"]})
    first = place.upload(GOOD, issued=other)
    again = place.upload(GOOD, issued=other)
    failed = place.issue()
    spent = place.upload(GOOD[:50], issued=failed), place.upload(GOOD, issued=failed)

    assert mixed.status_code in (401, 403, 404)
    assert first.status_code == 200, first.text
    assert again.status_code == 401, again.text
    assert [each.status_code for each in spent] == [400, 401], "a failed upload stays spent"


@pytest.mark.parametrize("trigger", ["nonsense", "schedule:at noon", "job.success:elsewhere", "every:soon", ""])
def test_unknown_trigger(place: Place, trigger: str) -> None:
    answer = place.person.post(place.path("/job-runs"), {"job_id": NOWHERE, "trigger": trigger})

    assert answer.status_code == 400, answer.text
    assert "trigger" in answer.text


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no entry point": ({"engine_version": 2, "job_ref": "jobs.a", "triggers": [], "execute": {}}, "entry_point"),
    "wrong type": (definition("a", "b", triggers="every:1h"), "triggers"),
    "unknown enum value": (definition("a", "b", incremental_mode="sometimes"), "incremental_mode"),
    "bad schedule": (definition("a", "b", triggers=["schedule:61 * * * *"]), "cron"),
    "two schedules": (definition("a", "b", triggers=["every:1h", "schedule:0 3 * * *"]), "schedule"),
    "unknown upstream": (definition("a", "b", triggers=["job.success:jobs.x.y"]), "jobs.x.y"),
    "itself as upstream": (definition("a", "b", triggers=["job.success:jobs.a.b"]), "jobs.a.b"),
    "profile of a laptop": (definition("a", "b", require={"profile": "dev"}), "dev"),
    "hidden character": (definition("a", "b", description="in\u202enocent"), "description"),
    "secret": (definition("a", "b", description="postgres://ada:hunter2hunter2@db.example/x"), "description"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_definition(place: Place, name: str) -> None:
    job, word = BROKEN[name]
    answer = place.deploy(definition("good", "one"), job)

    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] in ("invalid_job_definition", "secret_in_definition")
    assert word in str(answer.json()["extra"]), answer.text
    assert "hunter2" not in answer.text


def test_deploy_before_anything_was_uploaded(place: Place, installation: Installation) -> None:
    empty = Place(installation.add_person("early@example.org"), installation.platform.home)
    answer = empty.deploy(definition("a", "b"))

    assert_refused(answer, 409, "nothing_uploaded", "uploaded")
    assert place.workspace["id"] != empty.workspace["id"]


@pytest.mark.usefixtures("writes")
def test_deploy_while_another_is_in_flight(place: Place) -> None:
    assert place.upload(GOOD).status_code == 200
    assert place.upload(pack({"prod.config.toml": b""}), "configurations").status_code == 200
    jobs = [definition("many", f"job_{number}") for number in range(300)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: place.deploy(*jobs), range(4)))
    refused = [answer for answer in answers if answer.status_code != 200]
    after = place.deploy(*jobs)

    assert len(refused) in (1, 2, 3)
    for answer in refused:
        assert_refused(answer, 409, "deploy_in_flight", "in flight")
    assert place.person.get(place.path("/jobs")).json()["total"] == 300
    assert after.status_code == 200, after.text


def test_profile_without_configuration(place: Place) -> None:
    jobs = place.person.get(place.path("/jobs"), limit=1).json()["items"]
    asked = [
        place.deploy(definition("a", "b", require={"profile": "moon"})),
        place.person.post(place.path("/jobs/-trigger"), {"job_ids": [jobs[0]["id"]], "profile": "moon"}),
        place.person.post(place.path("/jobs/-trigger"), {"job_ids": [jobs[0]["id"]], "profile": "dev"}),
    ]

    for answer in asked:
        assert answer.status_code == 400, answer.text
        assert "profile" in answer.text


def test_region_is_chosen_once(place: Place) -> None:
    organization = place.workspace["organization_id"]
    path = f"/organizations/{organization}/-set-region"
    changed, same = place.person.post(path, {"dataplane_id": "us1"}), place.person.post(path, {"dataplane_id": "eu1"})
    personal = next(one for one in place.person.get("/organizations").json()["items"] if one["dataplane_id"] is None)
    unknown = place.person.post(f"/organizations/{personal['id']}/-set-region", {"dataplane_id": "mars"})

    assert (changed.status_code, same.status_code) == (409, 409), changed.text + same.text
    assert unknown.status_code == 400, unknown.text
    assert place.person.get(f"/organizations/{organization}").json()["dataplane_id"] == "eu1"
    assert place.person.get(f"/organizations/{personal['id']}").json()["dataplane_id"] is None


def test_workspace_needs_a_region(place: Place) -> None:
    personal = next(one for one in place.person.get("/organizations").json()["items"] if one["dataplane_id"] is None)
    path = f"/organizations/{personal['id']}/workspaces"
    answer = place.person.post(path, {"name": "early", "description": None})

    assert_refused(answer, 409, "organization_region_required", "region")
    assert place.person.get(path).json()["total"] == 0


@pytest.mark.parametrize(
    "credential",
    [None, "Bearer", "Basic YTpi", "Bearer dlt_u_wrong", "Bearer dlt_sa_wrong", "Bearer a.b.c"],
)
def test_wrong_credential(place: Place, credential: str | None) -> None:
    headers = {"Authorization": credential} if credential else {}
    url = place.person.platform.control_plane
    region = place.workspace["dataplane_url"]
    paths = (
        f"{url}/api/v1/organizations",
        f"{url}/api/v1{place.path('')}",
        f"{region}/api/v1{place.path('/variables')}",
    )

    for path in paths:
        answer = httpx.get(path, headers=headers, timeout=240)
        assert (answer.status_code, answer.json()["status_code"]) == (401, 401), path
        assert answer.headers["www-authenticate"] == "Bearer"


def test_token_for_the_other_region(place: Place) -> None:
    token = place.person.region_token(place.workspace["id"])
    url = place.person.platform.data_planes["us1"]
    answer = httpx.get(
        f"{url}/api/v1{place.path('/variables')}", headers={"Authorization": f"Bearer {token}"}, timeout=240
    )

    assert answer.status_code == 401, answer.text


def test_variables_that_cannot_be_set(place: Place) -> None:
    value = "do-not-repeat-this-value"
    upserts = (
        {"name": "PATH", "type": "plain", "value": value},
        {"name": "", "type": "plain", "value": value},
        {"name": "A=B", "type": "plain", "value": value},
        {"name": "A", "type": "odd", "value": value},
        {"name": "A", "type": "secret", "value": ""},
        {"name": "A", "type": "plain", "value": {"x": value}},
    )
    path = f"/api/v1{place.path('/variables')}"

    for upsert in upserts:
        good = {"name": "GOOD", "type": "plain", "value": "x"}
        answer = place.person.in_region(
            "PATCH", place.workspace, path, json={"profile": None, "upserts": [good, upsert]}
        )
        assert answer.status_code == 400, answer.text
        assert value not in answer.text
    left = place.person.in_region("GET", place.workspace, path).json()
    assert "GOOD" not in str(left), "all or nothing"


@pytest.mark.parametrize(
    "path",
    [
        *("/workspaces/not-an-id", "/workspaces/%00", f"/workspaces/{NOWHERE}", "/nothing", "/organizations?limit=0"),
        *("/organizations?limit=1001", "/organizations?offset=-1", "/organizations?offset=10001"),
        *("/organizations?sort=name", "/organizations?order=asc", "/organizations?sort=nothing&order=asc"),
        *("/organizations?cursor=nonsense", "/organizations?offset=1&cursor=x", "/organizations?limit=many"),
    ],
)
def test_odd_questions(place: Place, path: str) -> None:
    answer = place.person.get(path)

    assert answer.status_code == (400 if "?" in path or "%00" in path else 404), answer.text
    assert answer.json()["status_code"] == answer.status_code


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"jobs": 1}', b"\xff\xfe", b"[" * 100_000])
def test_odd_bodies(place: Place, body: bytes) -> None:
    url = f"{place.person.platform.control_plane}/api/v1{place.path('/-deploy')}"
    headers = {"Authorization": f"Bearer {place.person.key}", "Content-Type": "application/json"}
    answer = httpx.post(url, content=body, headers=headers, timeout=240)

    assert answer.status_code == 400, answer.text
    assert answer.json()["status_code"] == 400


def test_foreign_host_and_origin(place: Place) -> None:
    for url in (place.person.platform.control_plane, place.workspace["dataplane_url"]):
        host = httpx.get(f"{url}/openapi.json", headers={"Host": "evil.example"}, timeout=240)
        origin = httpx.post(
            f"{url}/auth/v1/sessions/-issue-device-code", headers={"Origin": "http://evil.example"}, timeout=240
        )
        assert host.status_code == 421, url
        assert origin.status_code == 403, url
