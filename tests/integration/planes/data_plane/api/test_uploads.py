"""Uploads over a real server: what is stored, what is refused, and that a refusal leaves nothing."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.archives import REQUIREMENTS, content_hash, end, listed, member, pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.disks import small_tmpfs

from planes.domain.access import Grant
from planes.domain.identifiers import new_id
from planes.storage.data.tables import deployments, spent_uploads
from planes.wire.link import PollResponse, Revocation, RevokedClaim

pytestmark = pytest.mark.anyio
FILES = {"jobs.py": b"print('hello')\n", "pkg/run.sh": b"#!/bin/sh\n", "pkg/\u00e4.txt": b"\xc3\xa4"}
LINKS = {"pkg/link": "../jobs.py"}
TOO_LARGE = {"status_code": 413, "detail": "Request Entity Too Large"}


def blobs(region: RunningDataPlane) -> list[Path]:
    return [path for path in (region.folder / "blobs").rglob("*") if path.is_file()]


def incoming(region: RunningDataPlane) -> list[Path]:
    return list((region.folder / "incoming").iterdir())


async def rows(region: RunningDataPlane) -> int:
    async with region.plane.services.parts.database.reading() as connection:
        return len((await connection.execute(deployments.select())).all())


async def test_an_uploaded_deployment_gets_the_version_of_the_control_plane(region: RunningDataPlane) -> None:
    answer = await region.upload_deployment(pack(FILES, LINKS))

    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["version"] == 1
    assert body["content_hash"] == content_hash(listed(FILES, LINKS))
    assert body["file_count"] == 4
    assert body["size_bytes"] == sum(map(len, FILES.values()))
    assert body["requirements_size_bytes"] == len(REQUIREMENTS)
    assert body["workspace_id"] == region.workspace_id


async def test_the_archive_is_stored_by_organization_and_its_own_hash(region: RunningDataPlane) -> None:
    archive = pack(FILES)
    await region.upload_deployment(archive)

    (blob,) = blobs(region)
    assert blob.name == hashlib.sha256(archive).hexdigest()
    assert region.organization_id in blob.parts
    assert blob.read_bytes() == archive
    assert incoming(region) == []


async def test_a_second_version_counts_on(region: RunningDataPlane) -> None:
    await region.upload_deployment(pack(FILES))
    answer = await region.upload_deployment(pack({**FILES, "more.py": b""}))

    assert answer.json()["version"] == 2


async def test_files_are_listed_without_contents(region: RunningDataPlane) -> None:
    uploaded = (await region.upload_deployment(pack(FILES, LINKS))).json()

    answer = await region.client.get(region.path(f"/deployments/{uploaded['id']}/files"), headers=region.headers())

    assert answer.status_code == 200
    assert answer.json()["engine_version"] == 1
    found = {item["relative_path"]: item for item in answer.json()["files"]}
    for item in listed(FILES, LINKS):
        assert found[item["relative_path"]]["sha3_256"] == item["sha3_256"]
        assert found[item["relative_path"]]["size_bytes"] == item["size_in_bytes"]
        assert found[item["relative_path"]].get("linkname") == item.get("linkname")


async def test_archives_of_retired_versions_go_and_come_back_with_the_same_code(region: RunningDataPlane) -> None:
    archive = pack({"a.py": b"print(1)"})
    first = (await region.upload_deployment(archive)).json()["id"]
    second = (await region.upload_deployment(archive)).json()["id"]
    tree = await region.tree_of(first)

    def blobs() -> list[Path]:
        return [path for path in region.files_on_disk() if "blobs" in path.parts]

    assert len(blobs()) == 1
    region.control.retired = [first]
    await region.upload_deployment(pack({"b.py": b"print(2)"}))
    assert len(blobs()) == 2

    region.control.retired = [first, second]
    await region.upload_deployment(pack({"c.py": b"print(3)"}))

    assert (len(blobs()), tree.exists()) == (2, False)
    listed = await region.client.get(region.path(f"/deployments/{first}/files"), headers=region.headers(Grant.READ))
    assert [file["relative_path"] for file in listed.json()["files"]] == ["a.py"]
    again = (await region.upload_deployment(archive)).json()["id"]
    assert (await region.tree_of(again)).joinpath("a.py").read_bytes() == b"print(1)"


async def test_files_of_an_unknown_version_are_not_found(region: RunningDataPlane) -> None:
    for kind in ("deployments", "configurations"):
        answer = await region.client.get(region.path(f"/{kind}/{new_id()}/files"), headers=region.headers())

        assert answer.status_code == 404


async def test_an_upload_token_works_once_under_fifty_racing_posts(region: RunningDataPlane) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id)
    statuses: Counter[int] = Counter()

    async def post() -> None:
        answer = await region.upload_deployment(pack(FILES), upload_id=upload_id, token=token)
        statuses[answer.status_code] += 1

    async with anyio.create_task_group() as group:
        for _ in range(50):
            group.start_soon(post)

    assert statuses == {200: 1, 401: 49}
    assert len(region.control.versions) == 1


async def test_a_token_stays_spent_when_its_upload_fails(region: RunningDataPlane) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id)

    first = await region.upload_deployment(b"no archive", upload_id=upload_id, token=token)
    second = await region.upload_deployment(pack(FILES), upload_id=upload_id, token=token)

    assert (first.status_code, second.status_code) == (400, 401)
    assert second.json()["code"] == "upload_token_spent"


async def test_an_id_that_is_taken_is_a_conflict_and_keeps_its_version(region: RunningDataPlane) -> None:
    upload_id = new_id()
    archive = pack(FILES)
    await region.upload_deployment(archive, upload_id=upload_id)

    again = await region.upload_deployment(archive, upload_id=upload_id)

    assert again.status_code == 409
    assert len(blobs(region)) == 1
    assert await rows(region) == 1


@pytest.mark.parametrize(
    ("status", "answered"), [(500, 503), (403, 403), (409, 409), pytest.param(401, 503, id="clocks differ")]
)
async def test_a_refused_write_back_leaves_nothing(region: RunningDataPlane, status: int, answered: int) -> None:
    """A region that is not recognised is not who uploads: 401 would send them to sign in again."""
    region.control.answers_with = status
    upload_id = new_id()

    answer = await region.upload_deployment(pack(FILES), upload_id=upload_id)

    assert answer.status_code == answered
    assert blobs(region) == []
    assert incoming(region) == []
    assert await rows(region) == 0


@pytest.mark.parametrize("kind", ["deployment", "configuration"])
async def test_a_revocation_after_the_last_byte_leaves_nothing(
    region: RunningDataPlane, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the archive was being verified and put in its place."""
    store = region.plane.services.parts.blobs
    put = store.put

    async def put_while_revoked(key: str, content: bytes | Path) -> None:
        await put(key, content)
        revocation = Revocation(epoch=99, claim=RevokedClaim.WORKSPACE, value=region.workspace_id)
        news = PollResponse(leases=[], cancels=[], epoch=99, revocations=[revocation], keys=[])
        await region.plane.services.revocations.apply(news)

    monkeypatch.setattr(store, "put", put_while_revoked)
    upload = region.upload_deployment if kind == "deployment" else region.upload_configuration
    answer = await upload(pack(FILES if kind == "deployment" else {"prod.config.toml": b"a = 1\n"}))

    assert answer.status_code == 401, answer.text
    assert (blobs(region), incoming(region), await rows(region)) == ([], [], 0)
    assert region.control.versions == {}


async def test_a_failed_write_back_keeps_the_archive_of_another_version(region: RunningDataPlane) -> None:
    archive = pack(FILES)  # the same bytes twice: packing again would put another time into them
    await region.upload_deployment(archive)
    region.control.answers_with = 500

    answer = await region.upload_deployment(archive)

    assert answer.status_code == 503
    assert len(blobs(region)) == 1
    assert await rows(region) == 1


async def test_an_unanswered_write_back_is_invisible(region: RunningDataPlane) -> None:
    region.control.drops = True
    upload_id = new_id()

    answer = await region.upload_deployment(pack(FILES), upload_id=upload_id)
    listed_files = await region.client.get(region.path(f"/deployments/{upload_id}/files"), headers=region.headers())

    assert answer.status_code == 503
    assert listed_files.status_code == 404


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({"file": ("a", b"x")}, "requirements_file"),
        ({"requirements_file": ("a", b"x")}, "file"),
        ({"file": ("a", b"x"), "requirements_file": ("a", b"x"), "extra": ("a", b"x")}, "body"),
        ({"file": (None, b"x"), "requirements_file": ("a", b"x")}, "file"),
    ],
    ids=["no requirements", "no archive", "one too many", "no file"],
)
async def test_a_form_with_other_parts_is_refused(region: RunningDataPlane, parts: dict[str, Any], key: str) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id)

    answer = await region.client.post(
        region.path(f"/deployments/{upload_id}/-upload"), files=parts, headers={"authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 400
    assert answer.json()["extra"][0]["key"] == key


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\nabc"),
        ("multipart/form-data; boundary=x", b"garbage" * 100),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"H" * 100_000 + b": x\r\n\r\n"),
    ],
    ids=["json", "no boundary", "cut off", "garbage", "empty", "huge header"],
)
async def test_a_broken_form_is_refused(region: RunningDataPlane, content_type: str, body: bytes) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "configuration", upload_id)

    answer = await region.client.post(
        region.path(f"/configurations/{upload_id}/-upload"),
        content=body,
        headers={"authorization": f"Bearer {token}", "content-type": content_type},
    )

    assert answer.status_code in {400, 413}
    assert incoming(region) == []


async def test_the_archive_must_keep_the_rules(region: RunningDataPlane) -> None:
    answer = await region.upload_deployment(end(member(b"files/../\x1bx", b"x")))

    assert answer.status_code == 400
    assert answer.json()["code"] == "archive_refused"
    assert answer.json()["detail"] == (
        "The archive was refused: a name contains a control character, U+001B, which could hide what it is "
        "(files/../\\x1bx). Rename it, or leave it out with .gitignore."
    )
    assert blobs(region) == []
    assert await rows(region) == 0


@pytest.mark.parametrize("requirements", [b"", b"[]", b"{}", b"\xff", b'{"engine_version": 2}', b"[" * 100_000])
async def test_requirements_must_be_what_the_client_writes(region: RunningDataPlane, requirements: bytes) -> None:
    answer = await region.upload_deployment(pack(FILES), requirements)

    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == "requirements_refused"
    assert blobs(region) == []


async def test_requirements_over_their_limit_are_too_large(region: RunningDataPlane) -> None:
    answer = await region.upload_deployment(pack(FILES), b" " * (1024 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json() == TOO_LARGE


async def test_an_archive_over_the_limit_is_too_large(small_region: RunningDataPlane) -> None:
    answer = await small_region.upload_deployment(os.urandom(1024 * 1024 + 1))

    assert answer.status_code == 413
    assert answer.json() == TOO_LARGE
    assert incoming(small_region) == []


async def test_a_body_far_over_the_limit_is_refused_by_its_declared_length(small_region: RunningDataPlane) -> None:
    answer = await small_region.upload_deployment(os.urandom(8 * 1024 * 1024))

    assert answer.status_code == 413
    assert answer.json() == TOO_LARGE


async def test_an_archive_that_unpacks_to_too_much_is_too_large(small_region: RunningDataPlane) -> None:
    answer = await small_region.upload_deployment(pack({"a": b"x" * 3_000_000}))

    assert answer.status_code == 413
    assert answer.json() == TOO_LARGE
    assert blobs(small_region) == []


async def test_a_connection_that_ends_early_leaves_nothing(region: RunningDataPlane) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id)
    port = int(str(region.client.base_url).rstrip("/").rpartition(":")[2])
    head = (
        f"POST {region.path(f'/deployments/{upload_id}/-upload')} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        "Content-Length: 5000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
    )
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        await stream.send(head.encode() + b"x" * 1_000_000)

    with anyio.fail_after(240):
        while not await spent(region) or incoming(region):
            await anyio.sleep(0.02)
    assert blobs(region) == []


async def spent(region: RunningDataPlane) -> int:
    async with region.plane.services.parts.database.reading() as connection:
        return len((await connection.execute(spent_uploads.select())).all())


async def test_a_full_disk_takes_no_upload_and_recovers() -> None:
    with small_tmpfs(6) as disk:
        async with FakeControlPlane().serving() as control, running_data_plane(disk / "eu1", control) as region:
            refused = await region.upload_deployment(pack({"a": os.urandom(8_000_000)}))
            taken = await region.upload_deployment(pack(FILES))

            assert refused.status_code == 507
            assert taken.status_code == 200
            assert len(blobs(region)) == 1
            assert await rows(region) == 1
            assert incoming(region) == []


async def test_a_configuration_is_stored_sealed_and_names_its_profiles(region: RunningDataPlane) -> None:
    secret = "tok" + os.urandom(12).hex()
    files = {
        "config.toml": b"[runtime]\nlog_level = 'INFO'\n",
        "prod.secrets.toml": f"[sources]\napi_key = '{secret}'\n".encode(),
        "access.config.toml": b"",
    }

    answer = await region.upload_configuration(pack(files))

    assert answer.status_code == 200, answer.text
    assert answer.json()["profiles"] == ["access", "prod"]
    assert answer.json()["content_hash"] == content_hash(listed(files))
    assert await region.plane.services.configurations.files_of(answer.json()["id"]) == files
    for path in region.files_on_disk():
        assert secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    ("files", "phrase"),
    [
        ({"config.toml": b"a = 1\nb = \nkey = 's3cret'\n"}, "config.toml is not valid TOML: line 2."),
        ({"config.toml": b"a = 1\na = 's3cret'\n"}, "config.toml is not valid TOML: line 2."),
        ({"config.toml": b"a = 1\n\xff\n"}, "line 2"),
        ({"config.toml": b"a = 's3cret"}, "config.toml is not valid TOML"),
        ({"config.toml": b"\xef\xbb\xbfa = 1\r\n"}, "it begins with a byte order mark"),
        ({"config.toml": "a = 1\r\n".encode("utf-16")}, "it begins with a byte order mark"),
        ({"config.toml": b"a = " + b"[" * 90_000}, "config.toml is not valid TOML"),
        ({"config.toml": b"key = 's3cret'\na = " + b"1" * 5_000}, "not valid TOML: a number in it is too long"),
        ({"config.toml": b"key = 's3cret'\n" + b"a." * 20_000 + b"a = 1\n"}, "a key in it has more than 64 parts"),
        ({"config.toml": b"key = 's3cret'\n" + b"[[a]]\n" * 50_000}, "more than 100,000 names, values and lines"),
        (
            {"prod.secrets.toml": "".join(f"key_{number} = 's3cret-{number}'\n" for number in range(2_001)).encode()},
            "The secrets of prod.secrets.toml are too many or too long to be masked in a log",
        ),
        ({f"p{number}.config.toml": b"" for number in range(201)}, "200 profiles at most"),
        ({"jobs.py": b""}, "holds only files named"),
        ({"sub/config.toml": b""}, "holds only files named"),
        ({"dev.config.toml": b""}, "stay on the developer's machine"),
        ({"tests.secrets.toml": b""}, "stay on the developer's machine"),
    ],
)
async def test_a_broken_configuration_is_refused_without_its_text(
    region: RunningDataPlane, files: dict[str, bytes], phrase: str
) -> None:
    answer = await region.upload_configuration(pack(files))

    assert answer.status_code == 400
    assert phrase in answer.json()["detail"]
    assert "s3cret" not in answer.text
    assert blobs(region) == []


async def test_a_configuration_may_not_hold_a_link(region: RunningDataPlane) -> None:
    answer = await region.upload_configuration(pack({"config.toml": b""}, {"prod.config.toml": "config.toml"}))

    assert answer.status_code == 400


async def test_an_empty_configuration_is_a_version(region: RunningDataPlane) -> None:
    answer = await region.upload_configuration(pack({}))

    assert answer.status_code == 200
    assert answer.json()["profiles"] == []


async def test_an_upload_says_in_the_documents_what_it_takes(region: RunningDataPlane) -> None:
    document = (await region.client.get("/openapi.json")).json()

    operation = document["paths"]["/api/v1/workspaces/{workspace_id}/deployments/{deployment_id}/-upload"]["post"]
    schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["required"]) == {"file", "requirements_file"}
    assert "422" not in str(document["paths"])


async def test_the_control_plane_is_told_names_and_counts_only(region: RunningDataPlane) -> None:
    await region.upload_deployment(pack({"mark-in-a-name.py": b"mark-in-code"}))
    await region.upload_configuration(pack({"prod.config.toml": b"x = 'mark-in-toml'"}))

    assert len(region.control.bodies) == 2
    assert b"mark" not in b"".join(region.control.bodies)


async def test_who_lists_files_needs_the_grant(region: RunningDataPlane) -> None:
    uploaded = (await region.upload_deployment(pack(FILES))).json()

    answer = await region.client.get(
        region.path(f"/deployments/{uploaded['id']}/files"), headers=region.headers(Grant.VARIABLES_READ)
    )

    assert answer.status_code == 403


async def test_a_path_that_is_almost_right_is_not_found_and_not_redirected(region: RunningDataPlane) -> None:
    answer = await region.client.get(region.path("/variables/"), headers=region.headers())

    assert answer.status_code == 404
