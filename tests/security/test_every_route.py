"""Whatever a client sends to whatever route of either plane, no plane fails (Design: 15).

Routes, parameters and bodies come from the planes' own OpenAPI documents; ids are real ones as often as not, so that
requests get behind the first refusal.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import string
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.control_stage import Stage, control_stage, definition
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.postgres import HAS_POSTGRES, running_postgres
from tests.reliability.sizes import IS_FULL

from planes.control_plane.services.identity.sessions import start_session
from planes.domain.identifiers import new_id
from planes.storage.control import identity

# They wait for news on purpose.
_WAITING = re.compile(r"/-poll$|/log-stream$|/changes$")
EXAMPLES = int(os.environ.get("DLTHUB_TUI_ROUTE_EXAMPLES", "400"))
# A second for each example, on a machine that does much else.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900 + EXAMPLES)]
_settings = settings(
    max_examples=EXAMPLES, deadline=None, database=None, derandomize=not IS_FULL,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)  # fmt: skip
_fewer = settings(_settings, max_examples=EXAMPLES // 4)


@dataclass
class Target:
    """One plane, a credential that may do everything, and ids of what is there by the name of a path's parameter."""

    portal: BlockingPortal
    client: httpx.AsyncClient
    app: FastAPI
    document: dict[str, Any]
    sign_in: Callable[[], str]
    ids: Mapping[str, Sequence[str]]

    def __post_init__(self) -> None:
        self.token = self.sign_in()
        self.operations = [
            (method.upper(), path, operation)
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if not _WAITING.search(path)
        ]

    def send(self, method: str, path: str, **rest: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            return await self.client.request(method, path, **rest)

        return self.portal.call(ask)

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for part in str(schema["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema


@asynccontextmanager
async def _control(folder: Path, database_url: str) -> AsyncGenerator[tuple[Stage, dict[str, str], str]]:
    async with control_stage(folder, database_url) as stage:
        jobs = await stage.deployed(definition("load", "schedule:0 3 * * *"), definition("old", "manual:"))
        run = await stage.trigger(jobs["load"])
        yield stage, jobs, run["id"]


async def _session(stage: Stage) -> str:
    async with stage.parts.database.transaction() as connection:
        await connection.execute(text("update users set is_administrator = true"))
        user = await identity.find_user(connection, stage.owner.user_id)
        assert user is not None
        return (await start_session(connection, stage.parts, user, "test")).jwt


@asynccontextmanager
async def _data(folder: Path, database_url: str) -> AsyncGenerator[tuple[RunningDataPlane, str, str]]:
    async with (
        FakeControlPlane().serving() as control,
        running_data_plane(folder, control, database_url=database_url) as region,
    ):
        deployment = (await region.upload_deployment(pack({"job.py": b""}), REQUIREMENTS)).json()["id"]
        configuration = (await region.upload_configuration(pack({"prod.config.toml": b"a = 1\n"}))).json()["id"]
        yield region, deployment, configuration


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('database') / 'plane.db'}"
        return
    if not HAS_POSTGRES:
        pytest.skip("Postgres is not installed here")
    with running_postgres() as url:
        yield url


@pytest.fixture(scope="module", params=["control", "data"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, database: str
) -> Generator[Target]:
    folder = tmp_path_factory.mktemp("planes") / "plane"
    with start_blocking_portal() as portal, ExitStack() as open_things:

        def enter(manager: AbstractAsyncContextManager[Any]) -> Any:
            return open_things.enter_context(portal.wrap_async_context_manager(manager))

        if request.param == "control":
            # One server has one database for both planes here, and each wants its own schema.
            stage, jobs, run = enter(_control(folder, database))

            def sign_in() -> str:
                return portal.call(_session, stage)

            ids = {"workspace_id": [stage.workspace_id], "organization_id": [stage.organization_id], "run_id": [run],
                   "job_id": list(jobs.values()), "job_run_id": [run], "version_id": ["latest"]}  # fmt: skip
            client, app = stage.client, stage.plane.app
        else:
            database = database.replace("@/postgres", "@/template1").replace("plane.db", "region.db")
            region, deployment, configuration = enter(_data(folder, database))

            def sign_in() -> str:
                return region.headers(role="owner")["authorization"].removeprefix("Bearer ")

            ids = {"workspace_id": [region.workspace_id], "deployment_id": [deployment],
                   "configuration_id": [configuration], "run_id": [new_id()]}  # fmt: skip
            client, app = region.client, region.plane.app
        document = portal.call(client.get, "/openapi.json").json()
        yield Target(portal, client, app, document, sign_in, ids)


_ODD_TEXTS = [
    "", "\0", "a\0b", "%00", "..", "../../etc/passwd", "latest", "null", "-1", "NaN", "1e999", "a" * 5000, "\u202e",
    "\ud7ff\U0010ffff", "'; drop table users; --", "{}", "[]", "*", "job.is_fresh:x", "schedule:* * * * *", "every:0s",
    "schedule:99 99 * * *", "once:9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999+23:59",
    "Europe/Berlin", "UTC", "\n", "é" * 300, "manual:", "tag:", "http://[", "//", "127.0.0.1", "0" * 64,
]  # fmt: skip
_TEXTS = st.one_of(st.sampled_from(_ODD_TEXTS), st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
_NUMBERS = st.one_of(
    st.integers(), st.sampled_from([0, 1, -1, 2**31, 2**53, 2**63, 2**64, -(2**63) - 1, 10**30, 10001])
)
_JUNK: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, st.floats(allow_nan=False, allow_infinity=False), _TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def _value(draw: Any, target: Target, schema: Mapping[str, Any], depth: int = 5) -> Any:
    """Mostly what the document asks for, sometimes anything."""
    schema = target.resolved(schema)
    if depth == 0 or draw(st.integers(0, 11)) == 0:
        return draw(_JUNK)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return _value(draw, target, draw(st.sampled_from(schema[several])), depth)
    if "enum" in schema or "const" in schema:
        return draw(st.sampled_from(schema.get("enum") or [schema["const"]]))
    match schema.get("type"):
        case "object":
            return _members(draw, target, schema, depth)
        case "array":
            inner = schema.get("items", {})
            return [_value(draw, target, inner, depth - 1) for _ in range(draw(st.integers(0, 3)))]
        case "integer" | "number":
            low, high = schema.get("minimum", -5), schema.get("maximum", 2**53)
            return draw(st.one_of(st.integers(int(low), max(int(low), int(high))), _NUMBERS))
        case "boolean":
            return draw(st.booleans())
        case "null":
            return None
        case "string":
            return _string(draw, target, schema)
        case _:
            return draw(st.one_of(_JUNK, st.just(definition("load", "manual:"))))


def _members(draw: Any, target: Target, schema: Mapping[str, Any], depth: int) -> Any:
    required = set(schema.get("required", ()))
    answer: dict[str, Any] = {}
    for name, inner in schema.get("properties", {}).items():
        if draw(st.integers(0, 9)) < (9 if name in required else 5):
            answer[name] = _value(draw, target, inner, depth - 1)
    if not schema.get("properties"):
        return draw(st.one_of(st.dictionaries(_TEXTS, _JUNK, max_size=4), st.just(definition("load", "manual:"))))
    return answer


def _string(draw: Any, target: Target, schema: Mapping[str, Any]) -> str:
    known = [each for ids in target.ids.values() for each in ids]
    choices = [_TEXTS, st.sampled_from(known), st.builds(new_id)]
    if "pattern" in schema:
        choices.append(st.from_regex(schema["pattern"], alphabet=string.printable))
    if schema.get("format") == "date-time":
        choices.append(st.datetimes().map(lambda moment: moment.isoformat() + "Z"))
    return draw(st.one_of(*choices))


def _path(draw: Any, target: Target, path: str) -> str:
    def filled(match: re.Match[str]) -> str:
        known = target.ids.get(match[1])
        if known and draw(st.integers(0, 9)) < 8:
            return draw(st.sampled_from(list(known)))
        everything = [each for ids in target.ids.values() for each in ids]
        value = draw(st.one_of(st.sampled_from(everything), st.builds(new_id), _TEXTS))
        return "".join(f"%{byte:02x}" for byte in value.encode()) or "-"

    return re.sub(r"\{(\w+)\}", filled, path)


def _request(draw: Any, target: Target, operation: Mapping[str, Any]) -> dict[str, Any]:
    query: list[tuple[str, Any]] = []
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "query" or draw(st.booleans()):
            continue
        value = _value(draw, target, parameter["schema"])
        query += [
            (parameter["name"], one) for one in (cast("list[Any]", value) if isinstance(value, list) else [value])
        ]
    headers = {}
    if draw(st.integers(0, 19)) != 0:
        headers["authorization"] = f"Bearer {target.token}"
    rest: dict[str, Any] = {"headers": headers, "params": [(name, _said(value)) for name, value in query]}
    body = operation.get("requestBody")
    if body is None or draw(st.integers(0, 9)) == 0:
        rest["content"] = draw(st.one_of(st.just(b""), st.binary(max_size=50)))
        return rest
    kind, media = next(iter(body["content"].items()))
    headers["content-type"] = draw(
        st.sampled_from([kind] * 9 + ["text/plain", "application/xml", "multipart/form-data"])
    )
    # NaN and numbers beyond JSON's are sent as Python writes them.
    rest["content"] = json.dumps(_value(draw, target, media["schema"])).encode()
    return rest


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_MOMENT = {"at": "2026-11-26T01:02:03+00:00"}
_ODD_VALUES: list[Any] = [
    None, True, 0, -1, 2**70, 1.5, "", "x", "\0", "\u202e" * 40, _MOMENT, {"at": "2026-11-26T01:02:03"}, {"at": 3},
    {"at": "never"}, {"at": "0001-01-01T00:00:00+00:00"}, {"decimal": "NaN"}, {"decimal": "x"}, {}, [], [[1]],
]  # fmt: skip
_PLACES: st.SearchStrategy[Any] = st.one_of(
    st.lists(st.one_of(st.sampled_from(_ODD_VALUES), _JUNK), max_size=5), st.sampled_from([*_ODD_VALUES, {"a": 1}])
)
_PASSED = st.sampled_from(["3", "-3", "", "x", "1" * 5000, "9" * 40, "0x10", "\u0663"])


def _lists(target: Target) -> list[str]:
    """The addresses of every list that has pages, with real ids where there are any."""
    found = [
        path
        for method, path, operation in target.operations
        if method == "GET" and any(one["name"] == "cursor" for one in operation.get("parameters", ()))
    ]
    return [re.sub(r"\{(\w+)\}", lambda match: [*target.ids.get(match[1], ()), new_id()][0], path) for path in found]


def _cursor_of(target: Target, path: str, asked: Sequence[tuple[str, str]], content: str) -> str:
    """As the plane itself would sign it, for any list and of any content."""
    about = json.dumps([path, sorted(asked)]).encode()
    mac = hmac.digest(target.app.state.cursor_key, hashlib.sha256(about).digest() + content.encode(), "sha256")[:16]
    return base64.urlsafe_b64encode(mac + content.encode()).rstrip(b"=").decode()


def _made_up(draw: Any, target: Target, path: str, real: str) -> str:
    """A cursor that no list gave: no base64, bytes, JSON, cut, changed, oversized, of another place or order."""
    content = f"{draw(_PASSED)}:{json.dumps(draw(_PLACES))}"
    others = [one for one in _lists(target) if one != path]
    elsewhere = re.sub(r"[0-9a-f-]{36}", new_id(), path, count=1) if re.search(r"[0-9a-f-]{36}", path) else others[0]
    at = draw(st.integers(0, len(real) - 1))
    order = [("sort", draw(st.sampled_from(["created_at", "name", "number", "x"]))), ("order", "desc")]
    return draw(
        st.one_of(
            _TEXTS,
            st.binary(max_size=400).map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
            st.sampled_from(
                [
                    base64.urlsafe_b64encode(content.encode()).decode(), real + real, real[:at], f"{real}=",
                    f"{real[:at]}{'B' if real[at] == 'A' else 'A'}{real[at + 1 :]}",
                    *(f"{real[:at]}{sign}{real[at:]}" for sign in "!.=+/ \u0663"),
                    "A" * draw(st.integers(16_300, 20_000)),
                    _cursor_of(target, draw(st.sampled_from(others)), [], content),
                    *(_cursor_of(target, elsewhere, [], each) for each in (content, _content(real))),
                    *(_cursor_of(target, path, asked, _content(real)) for asked in (order, [("q", "x")])),
                ]
            ),
        )
    )  # fmt: skip


def _content(cursor: str) -> str:
    """What the plane has signed in it."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[16:].decode()


def test_a_cursor_that_the_list_did_not_give_is_refused(target: Target) -> None:
    """Forged, cut, of another workspace, list, filter or order: 400, whatever is in it."""
    headers = {"authorization": f"Bearer {target.token}"}
    real: dict[str, str] = {}
    for path in _lists(target):
        page = target.send("GET", path, headers=headers, params={"limit": 1}).json()
        real[path] = page.get("next_cursor") or _cursor_of(target, path, [], '3:["a","b"]')
    assert any(_content(cursor).startswith("1:") for cursor in real.values())

    @_fewer
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(real)))
        cursor = _made_up(data.draw, target, path, real[path])
        answer = target.send("GET", path, headers=headers, params={"cursor": cursor})
        assert answer.status_code == 400, (path, cursor, answer.status_code, answer.text[:300])
        assert answer.json()["code"] == "invalid_request"

    ask()


def test_a_place_of_another_version_shows_nothing_foreign(target: Target) -> None:
    """A cursor that the plane signed before an order had other keys: refused, or a page of this very list."""
    headers = {"authorization": f"Bearer {target.token}"}
    whole: dict[str, list[Any]] = {}
    for path in _lists(target):
        answer = target.send("GET", path, headers=headers, params={"limit": 1000})
        if answer.status_code == 200:
            whole[path] = answer.json()["items"]

    @_fewer
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(whole)))
        cursor = _cursor_of(target, path, [], f"{data.draw(_PASSED)}:{json.dumps(data.draw(_PLACES))}")
        answer = target.send("GET", path, headers=headers, params={"cursor": cursor, "limit": 1000})
        assert answer.status_code in {200, 400}, (path, cursor, answer.text)
        assert all(item in whole[path] for item in answer.json().get("items", ()) if "audit" not in path), path

    assert len(whole) >= 6
    ask()


def test_no_request_makes_a_plane_fail(target: Target) -> None:
    """The last of this file: what it changes is the others' ground."""
    assert len(target.operations) > 10

    @_settings
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        method, path, operation = data.draw(st.sampled_from(target.operations))
        address = _path(data.draw, target, path)
        rest = _request(data.draw, target, operation)
        answer = target.send(method, address, **rest)
        assert answer.status_code < 500 or answer.status_code in {503, 507}, (method, address, rest, answer.text)
        assert "storage_unavailable" not in answer.text, (
            "the database takes it for its own fault",
            method,
            address,
            rest,
        )
        if answer.status_code == 401 and "authorization" in rest["headers"]:
            # Rotated signing keys and ended sessions are among what it asks for.
            target.token = target.sign_in()
        if answer.status_code >= 400 and "json" in answer.headers.get("content-type", ""):
            assert answer.json()["status_code"] == answer.status_code

    ask()
