"""The same routes on Postgres: what must hold when many ask at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import pytest
from tests.fakes.archives import pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane
from tests.fakes.postgres import HAS_POSTGRES

from planes.domain.identifiers import new_id

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not HAS_POSTGRES, reason="no initdb")]


@pytest.fixture
async def region(tmp_path: Path, postgres_url: str) -> AsyncGenerator[RunningDataPlane]:
    async with (
        FakeControlPlane().serving() as control,
        running_data_plane(tmp_path / "eu1", control, database_url=postgres_url) as running,
    ):
        yield running


@pytest.mark.slow
async def test_uploads_variables_and_the_audit_chain_hold_under_races(region: RunningDataPlane) -> None:
    upload_id = new_id()
    token = region.control.upload_token(region.organization_id, region.workspace_id, "deployment", upload_id)
    statuses: Counter[int] = Counter()

    async def post() -> None:
        answer = await region.upload_deployment(pack({"a.py": b"x"}), upload_id=upload_id, token=token)
        statuses[answer.status_code] += 1

    async def change(number: int) -> None:
        upserts = [{"name": f"S{number}", "type": "secret", "value": "s3cret-value"}]
        body = {"profile": "prod", "upserts": upserts}
        answer = await region.client.patch(region.path("/variables"), headers=region.headers(), json=body)
        statuses[answer.status_code] += 1

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(post)
            group.start_soon(change, number)

    resolved = await region.resolve("prod")
    chain = await region.plane.services.audit.verify()
    assert statuses == {200: 21, 401: 19}
    assert len(resolved.environment) == 20
    assert (chain.entries, chain.broken_at) == (21, None)
