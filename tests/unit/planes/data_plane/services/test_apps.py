from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fakes.apps import app_definition

from planes.data_plane.executor.apps import AppPlace
from planes.data_plane.services.apps import MOST_CONNECTIONS, App, Apps
from planes.domain.access import Grant
from planes.domain.errors import NotAllowed, NotFound, Unavailable
from planes.domain.identifiers import new_id
from planes.tokens.claims import Claims, TokenKind
from planes.wire.link import Lease

pytestmark = pytest.mark.anyio
PLACE = AppPlace(port=8000, health="marimo")


def lease(**changes: Any) -> Lease:
    ids = ("run_id", "organization_id", "workspace_id", "job_id", "deployment_id", "configuration_id")
    ids_of: dict[str, Any] = {name: new_id() for name in ids}
    return Lease(
        **ids_of, fence=1, expires_at=datetime.now(UTC), job_ref="jobs.app", number=1,
        definition=app_definition(**changes), trigger="http:", profile="access", refresh=False,
        time_limit_seconds=900, grace_seconds=1,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("execute", "is_idle"),
    [({}, True), ({"timeout": {"grace_period": 5.0}}, True), ({"timeout": {"timeout": 86400.0}}, False)],
)
async def test_app_with_a_limit_of_its_own_is_not_stopped_for_being_idle(
    execute: dict[str, Any], is_idle: bool
) -> None:
    apps, leased = Apps(), lease(execute=execute)
    apps.begin(leased)
    assert apps.list_idle(0.0) == [], "it has not started"
    apps.ready(leased.run_id, PLACE)

    assert [app.run_id for app in apps.list_idle(0.0)] == ([leased.run_id] if is_idle else [])
    app = apps.find(leased.run_id)
    assert app is not None
    with app.in_use():
        assert apps.list_idle(0.001) == []


async def test_connections_of_an_app_are_bounded() -> None:
    apps, leased = Apps(), lease()
    apps.begin(leased)
    app = apps.find(leased.run_id)
    assert app is not None
    app.connections = MOST_CONNECTIONS

    with pytest.raises(Unavailable), app.in_use():
        pass
    assert app.connections == MOST_CONNECTIONS


async def test_job_is_found_by_its_newest_run_until_it_ends() -> None:
    apps, leased = Apps(), lease()
    apps.begin(leased)

    found = await apps.await_job(leased.workspace_id, leased.job_id, 1)
    elsewhere = await apps.await_job(new_id(), leased.job_id, 0.01)
    apps.end(leased.run_id)

    assert found is not None
    assert (found.run_id, found.over.is_set()) == (leased.run_id, True)
    assert elsewhere is None
    assert await apps.await_job(leased.workspace_id, leased.job_id, 0.01) is None


@pytest.mark.parametrize(
    ("profile", "changes", "refusal"),
    [
        ("prod", {"role": "owner"}, None), ("prod", {"role": "developer"}, None), ("access", {"role": "viewer"}, None),
        ("access", {"role": "owner", "run_id": "r"}, None), ("prod", {"role": "viewer"}, NotAllowed),
        ("prod", {"role": None}, NotAllowed), ("prod", {"role": "owner", "run_id": "r"}, NotAllowed),
        ("access", {"role": "owner", "grants": frozenset[str]()}, NotAllowed),
        ("access", {"role": "owner", "workspace_id": "other"}, NotFound),
        ("access", {"role": "owner", "organization_id": "other"}, NotFound),
    ],
)  # fmt: skip
async def test_app_is_opened_by_its_workspaces_authors_and_on_access_by_every_reader(
    profile: str, changes: dict[str, Any], refusal: type[Exception] | None
) -> None:
    leased = lease()
    app = App(
        run_id=leased.run_id, organization_id="org", workspace_id="ws", job_id=leased.job_id, job_ref="jobs.app",
        profile=profile,
    )  # fmt: skip
    claims = Claims(
        kind=TokenKind.DATA_PLANE, audience="eu1", subject="user", expires_at=0, organization_id="org",
        workspace_id="ws", grants=frozenset({str(Grant.READ)}),
    )  # fmt: skip

    with pytest.raises(refusal) if refusal else nullcontext():
        app.check(replace(claims, **changes))
