"""The command that replaces a region's master key, at a region that runs: old values stay readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio import to_thread
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from dlthub_tui.cli.admin import rotate_key
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def _set(region: RunningDataPlane, value: str) -> None:
    body = {"profile": None, "upserts": [{"name": "KEY", "type": "plain", "value": value}]}
    answer = await region.client.patch(region.path("/variables"), json=body, headers=region.headers(role="owner"))
    assert answer.status_code == 200, answer.text


async def _value(region: RunningDataPlane) -> str:
    answer = await region.client.get(region.path("/variables"), headers=region.headers(role="owner"))
    return answer.json()["scopes"][0]["variables"][0]["value"]


async def test_values_stay_readable_before_and_after_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data" / "eu1"

    def rotate(plane: str = "eu1") -> int:
        return rotate_key(plane, home=str(tmp_path), as_json=True)

    async with FakeControlPlane().serving() as control:
        async with running_data_plane(folder, control) as region:
            await _set(region, "first")
            before = (folder / "master.key").read_text()

            assert await to_thread.run_sync(rotate) == 0

            assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"dataplane_id": "eu1", "organizations": 1}
            assert (folder / "master.key").read_text() != before
            assert await _value(region) == "first"
            known = region.organization_id, region.workspace_id
            region.organization_id, region.workspace_id = new_id(), new_id()
            await _set(region, "of others")
            others = region.organization_id, region.workspace_id
        async with running_data_plane(folder, control) as region:
            for (organization, workspace), value in ((known, "first"), (others, "of others")):
                region.organization_id, region.workspace_id = organization, workspace
                assert await _value(region) == value
    assert await to_thread.run_sync(rotate, "us1") == 1
    assert "no master key" in capsys.readouterr().err
