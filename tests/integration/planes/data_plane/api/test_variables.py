"""Variables over a real server: scopes, secrets, atomic changes, and what an owner is told."""

from __future__ import annotations

import os
from typing import Any

import anyio
import httpx
import pytest
from tests.fakes.data_plane import RunningDataPlane

from planes.domain.identifiers import new_id
from planes.storage.data import variables as rows
from planes.storage.data.tables import variables as table
from planes.storage.vault import CannotOpen

pytestmark = pytest.mark.anyio


def plain(name: str, value: str) -> dict[str, str]:
    return {"name": name, "type": "plain", "value": value}


def secret(name: str, value: str) -> dict[str, str]:
    return {"name": name, "type": "secret", "value": value}


async def change(region: RunningDataPlane, profile: str | None = None, **body: Any) -> httpx.Response:
    return await region.client.patch(
        region.path("/variables"), headers=region.headers(), json={"profile": profile, **body}
    )


async def scopes(region: RunningDataPlane, **query: Any) -> list[dict[str, Any]]:
    answer = await region.client.get(region.path("/variables"), headers=region.headers(), params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["scopes"]


async def test_a_plain_variable_comes_back_and_a_secret_does_not(region: RunningDataPlane) -> None:
    member = new_id()
    answer = await region.client.patch(
        region.path("/variables"),
        headers=region.headers(membership_id=member),
        json={"profile": None, "upserts": [plain("A", ""), secret("API__TOKEN", "s3cret-value")]},
    )

    assert answer.json() == {
        "results": [{"name": "A", "status": "upserted"}, {"name": "API__TOKEN", "status": "upserted"}]
    }
    (scope,) = await scopes(region)
    assert scope["profile"] is None
    assert [(each["name"], each["type"], each["value"]) for each in scope["variables"]] == [
        ("A", "plain", ""), ("API__TOKEN", "secret", None),
    ]  # fmt: skip
    assert scope["variables"][0]["created_by"] == scope["variables"][0]["updated_by"] == member


async def test_the_workspaces_own_scope_comes_first(region: RunningDataPlane) -> None:
    await change(region, "prod", upserts=[plain("A", "1")])
    await change(region, "access", upserts=[plain("A", "2")])
    await change(region, upserts=[plain("Z", "3")])

    assert [scope["profile"] for scope in await scopes(region)] == [None, "access", "prod"]
    assert [scope["profile"] for scope in await scopes(region, scope_profile="prod")] == ["prod"]
    assert [scope["profile"] for scope in await scopes(region, is_workspace_scope=True)] == [None]
    assert await scopes(region, scope_profile="unknown") == []


async def test_both_filters_at_once_are_refused(region: RunningDataPlane) -> None:
    answer = await region.client.get(
        region.path("/variables"),
        headers=region.headers(),
        params={"scope_profile": "prod", "is_workspace_scope": True},
    )

    assert answer.status_code == 400


async def test_deleting_says_what_was_there(region: RunningDataPlane) -> None:
    await change(region, upserts=[plain("A", "1")])

    answer = await change(region, deletes=["A", "B"])

    assert answer.json() == {"results": [{"name": "A", "status": "removed"}, {"name": "B", "status": "not_found"}]}
    assert await scopes(region) == []


async def test_an_update_keeps_who_created_it(region: RunningDataPlane) -> None:
    first, second = new_id(), new_id()
    for member, value in ((first, "1"), (second, "2")):
        await region.client.patch(
            region.path("/variables"),
            headers=region.headers(membership_id=member),
            json={"profile": None, "upserts": [plain("A", value)]},
        )

    (scope,) = await scopes(region)
    (variable,) = scope["variables"]
    assert (variable["value"], variable["created_by"], variable["updated_by"]) == ("2", first, second)


async def test_a_variable_changes_its_kind(region: RunningDataPlane) -> None:
    await change(region, upserts=[secret("A", "hidden")])
    await change(region, upserts=[plain("A", "shown")])

    (scope,) = await scopes(region)
    assert scope["variables"][0]["value"] == "shown"


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "PORT", "PYTHONHOME", "PYTHONPATH", "PYTHONUNBUFFERED", "WORKSPACE__PROFILE", "RUNTIME__RUN_ID",
        "RUNTIME__AUTH_TOKEN", "RUNTIME__API_BASE_URL", "RUNTIME__DATAPLANE_BASE_URL", "RUNTIME__ORGANIZATION_ID",
        "RUNTIME__WORKSPACE_ID", "DASHBOARD__SYNC_FROM_RUNTIME", "SEND__ARTIFACTS__BUCKET_URL", "SYNC__ARTIFACTS__X",
        "DESTINATION__PLAYGROUND__X", "RUNTIME__DLTHUB_DSN", "1A", "A B", "A=B", "", "\u00c4", "A\n", "A" * 201,
    ],
)  # fmt: skip
async def test_some_names_may_not_be_set(region: RunningDataPlane, name: str) -> None:
    answer = await change(region, upserts=[plain("GOOD", "1"), secret(name, "s3cret-value")])

    assert answer.status_code == 400
    assert "upserts.1" in answer.json()["extra"][0]["key"]
    assert "s3cret" not in answer.text
    assert await scopes(region) == []


async def test_the_platforms_own_api_key_may_be_set(region: RunningDataPlane) -> None:
    answer = await change(region, upserts=[secret("RUNTIME__API_KEY", "s3cret-value")])

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"upserts": [{"name": "A", "type": "secret", "value": ""}]},
        {"upserts": [{"name": "A", "type": "other", "value": "s3cret"}]},
        {"upserts": [{"name": "A", "type": "secret", "value": {"s3cret": 1}}]},
        {"upserts": [{"name": "A", "type": "secret", "value": "s3cret\0"}]},
        {"upserts": [{"name": "A", "type": "secret", "value": "s3cret" * 10_000}]},
        {"upserts": [{"name": "A", "type": "secret", "value": "\n".join(f"N{n}=s3cret-{n}" for n in range(2_000))}]},
        {"upserts": [{"name": "A", "type": "plain", "value": "s3cret"}, {"name": "A", "type": "plain", "value": "b"}]},
        {"upserts": [{"name": "A", "type": "plain", "value": "s3cret"}], "deletes": ["A"]},
        {"deletes": ["A", "A"]},
        {"profile": "a/b"},
        {"profile": 3},
        {"upserts": "s3cret"},
    ],
)
async def test_a_change_that_breaks_a_rule_changes_nothing(region: RunningDataPlane, body: dict[str, Any]) -> None:
    answer = await region.client.patch(
        region.path("/variables"), headers=region.headers(), json={"profile": None, **body}
    )

    assert answer.status_code == 400
    assert answer.json()["extra"]
    assert "s3cret" not in answer.text
    assert await scopes(region) == []


async def test_a_lone_surrogate_is_refused(region: RunningDataPlane) -> None:
    answer = await region.client.patch(
        region.path("/variables"),
        headers={**region.headers(), "content-type": "application/json"},
        content=rb'{"profile": null, "upserts": [{"name": "A", "type": "secret", "value": "abc\ud800def"}]}',
    )

    assert answer.status_code == 400


async def test_the_profile_must_be_named(region: RunningDataPlane) -> None:
    answer = await region.client.patch(region.path("/variables"), headers=region.headers(), json={"deletes": ["A"]})

    assert answer.status_code == 400
    assert answer.json()["extra"] == [{"key": "profile", "message": "Field required"}]


async def test_who_sets_a_short_secret_is_told(region: RunningDataPlane) -> None:
    answer = await change(region, upserts=[secret("PIN", "1234"), secret("LONG", "12345")])

    first, second = answer.json()["results"]
    assert "not masked" in first["warning"]
    assert "warning" not in second


async def test_a_profiles_variables_win(region: RunningDataPlane) -> None:
    await change(region, upserts=[plain("A", "workspace"), secret("B", "workspace-secret"), plain("C", "both")])
    await change(region, "prod", upserts=[secret("A", "prod-secret"), plain("B", "prod-plain")])
    await change(region, "access", upserts=[plain("A", "access")])

    resolved = await region.resolve("prod")

    assert resolved.environment == {"A": "prod-secret", "B": "prod-plain", "C": "both"}
    assert resolved.secrets == (("A", "prod-secret"),)
    assert resolved.plain == {"B": "prod-plain", "C": "both"}
    assert "prod-secret" not in repr(resolved)


async def test_a_moved_ciphertext_does_not_open(region: RunningDataPlane) -> None:
    await change(region, upserts=[secret("A", "value-of-a"), secret("B", "value-of-b")])
    database = region.plane.services.parts.database
    async with database.transaction() as connection:
        sealed = {row["name"]: row["sealed"] for row in await rows.list_all(connection, region.workspace_id)}
        await connection.execute(table.update().where(table.c.name == "B").values(sealed=sealed["A"]))

    with pytest.raises(CannotOpen):
        await region.resolve("prod")


async def test_an_old_value_does_not_open_as_the_present_one(region: RunningDataPlane) -> None:
    await change(region, upserts=[secret("A", "old-value")])
    database = region.plane.services.parts.database
    async with database.reading() as connection:
        (old,) = await rows.list_all(connection, region.workspace_id)
    await change(region, upserts=[secret("A", "new-value")])
    async with database.transaction() as connection:
        await connection.execute(table.update().values(sealed=old["sealed"]))

    with pytest.raises(CannotOpen):
        await region.resolve("prod")


async def test_no_value_is_on_the_disk_in_clear(region: RunningDataPlane) -> None:
    values = [os.urandom(12).hex() for _ in range(20)]
    for number, value in enumerate(values):
        await change(
            region, "prod" if number % 2 else None, upserts=[(secret if number % 3 else plain)(f"S{number}", value)]
        )
    await change(region, upserts=[secret("S0", values[0] + "x")])

    found = [path.name for path in region.files_on_disk() for value in values if value.encode() in path.read_bytes()]
    assert found == []


async def test_changes_at_once_are_all_kept(region: RunningDataPlane) -> None:
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(lambda number=number: change(region, upserts=[secret(f"S{number}", "value")]))

    (scope,) = await scopes(region)
    assert len(scope["variables"]) == 20


async def test_a_scope_has_a_bounded_number_of_variables(region: RunningDataPlane) -> None:
    await change(region, upserts=[plain(f"A{number}", "") for number in range(500)])

    answer = await change(region, upserts=[plain("B", "")])

    assert answer.status_code == 400
    (scope,) = await scopes(region)
    assert len(scope["variables"]) == 500
