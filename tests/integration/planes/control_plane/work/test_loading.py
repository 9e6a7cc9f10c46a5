"""What a control plane that was started again has loaded before somebody waits for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from tests.fakes.control_stage import Stage, definition

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

# A process of its own: in this one everything is loaded. It says what was there, and how much processor time the first
# roll-back took.
CODE = """
import json, sys, time
from pathlib import Path
import anyio, httpx
from planes.control_plane.app import open_control_plane
from planes.control_plane.loops.loading import run_loading
from planes.settings import ControlPlaneSettings

folder, url, key, workspace_id, version_id, loads = sys.argv[1:]

async def main():
    plane = await open_control_plane(ControlPlaneSettings(
        folder=Path(folder), public_url="http://127.0.0.1:8400", database_url=url,
        owner_key_file=Path(folder) / "owner.key", version="0",
    ))
    before = "dlt" in sys.modules
    if loads == "yes":
        await run_loading(plane.parts)
    after = "dlt" in sys.modules
    spent = None
    if version_id:
        transport = httpx.ASGITransport(plane.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8400", timeout=240) as client:
            headers = {"authorization": f"Bearer {key}"}
            await client.get("/api/v1/me", headers=headers)
            began = time.process_time()
            path = f"/own/v1/workspaces/{workspace_id}/-roll-back"
            answer = await client.post(path, json={"deployment_id": version_id}, headers=headers)
            spent = time.process_time() - began
            assert answer.status_code == 200, answer.text
    await plane.close()
    print(json.dumps({"before": before, "after": after, "spent": spent}))

anyio.run(main)
"""


def started_again(stage: Stage, folder: Path, url: str, version_id: str = "", *, loads: bool = True) -> Any:
    key = stage.owner.headers["authorization"].removeprefix("Bearer ")
    words = (str(folder), url, key, stage.workspace_id, version_id, "yes" if loads else "no")
    done = subprocess.run(
        [sys.executable, "-c", CODE, *words], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


async def test_first_roll_back_after_a_start_waits_for_no_import(
    stage: Stage, tmp_path: Path, database_url: str
) -> None:
    first, _ = await stage.upload()
    assert (await stage.deploy(definition("load"), definition("report"))).status_code == 200
    await stage.deployed(definition("load", description="now"))

    cold = await to_thread.run_sync(lambda: started_again(stage, tmp_path, database_url, first, loads=False))
    second = (await stage.get("/deployments")).json()["items"][0]["id"]
    ready = await to_thread.run_sync(lambda: started_again(stage, tmp_path, database_url, second))

    assert (ready["before"], ready["after"]) == (False, True)
    print(f"processor time of the first roll-back: {cold['spent']:.3f} s cold, {ready['spent']:.3f} s loaded")
    assert ready["spent"] < min(cold["spent"], 0.5)


async def test_nothing_is_loaded_where_nothing_was_deployed(stage: Stage, tmp_path: Path, database_url: str) -> None:
    found = await to_thread.run_sync(lambda: started_again(stage, tmp_path, database_url))

    assert (found["before"], found["after"]) == (False, False)
