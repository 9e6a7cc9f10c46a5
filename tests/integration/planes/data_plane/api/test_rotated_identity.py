"""The command that gives a region another key, while it runs: it has it from its next start on, and is followed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from anyio import to_thread
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from dlthub_tui.cli.admin import rotate_identity
from dlthub_tui.client.pins import PinMismatch, recognise
from dlthub_tui.session.store import FilePins
from planes.host.home import Home, JoinedRegion
from planes.tokens.keys import SigningKey

pytestmark = pytest.mark.anyio


async def test_a_region_is_known_by_its_new_key_after_its_next_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, pins = tmp_path / "data" / "eu1", FilePins(tmp_path / "pins.json", "http://127.0.0.1")

    def rotate() -> int:
        return rotate_identity("eu1", home=str(tmp_path), as_json=True)

    async def met(region: RunningDataPlane) -> str:
        return (await recognise(pins, "eu1", str(region.client.base_url))).public_key

    async with FakeControlPlane().serving() as control:
        Home(tmp_path).write_region(JoinedRegion(dataplane_id="eu1", control_plane=control.url))
        async with running_data_plane(folder, control) as region:
            first = await met(region)

            assert [await to_thread.run_sync(rotate) for _ in range(2)] == [0, 0]

            said = json.loads(capsys.readouterr().out.splitlines()[-1])
            assert await met(region) == first
            assert control.dataplane_key is not None
            assert control.dataplane_key.text == first
        async with running_data_plane(folder, control) as region:
            second = await met(region)
            assert second != first
            assert said == {
                "dataplane_id": "eu1",
                "fingerprint": region.plane.identity.fingerprint,
                "words": region.plane.identity.words,
            }
            assert control.dataplane_key.text == second
        (folder / "identity.key").unlink()
        SigningKey.load_or_create(folder / "identity.key")
        async with running_data_plane(folder, control) as region:
            with pytest.raises(PinMismatch):
                await met(region)


async def test_nothing_changes_where_the_control_plane_could_not_follow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key_file = tmp_path / "data" / "eu1" / "identity.key"

    def rotate(plane: str = "eu1") -> int:
        return rotate_identity(plane, home=str(tmp_path))

    assert await to_thread.run_sync(rotate) == 1
    before = SigningKey.load_or_create(key_file).public
    control = FakeControlPlane(follows=False)
    async with control.serving():
        Home(tmp_path).write_region(JoinedRegion(dataplane_id="eu1", control_plane=control.url))
        assert await to_thread.run_sync(rotate) == 1
    assert await to_thread.run_sync(rotate) == 1

    nowhere, older, away = capsys.readouterr().err.splitlines()
    assert "no key of a region eu1" in nowhere
    assert "upgrade it first. Nothing was changed." in older
    assert "does not answer. Nothing was changed." in away
    assert SigningKey.load_or_create(key_file).public == before
    assert [path.name for path in key_file.parent.iterdir()] == ["identity.key"]
