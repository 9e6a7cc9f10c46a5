"""What a region takes from the control plane, and what not (Security: 4)."""

from __future__ import annotations

import pytest
from tests.fakes.archives import pack
from tests.fakes.control_plane import FakeControlPlane
from tests.fakes.data_plane import RunningDataPlane, running_data_plane

from planes.domain.errors import Conflict, NotAllowed
from planes.domain.identifiers import new_id

pytestmark = pytest.mark.anyio


async def uploaded(region: RunningDataPlane) -> dict[str, str]:
    code = await region.upload_deployment(pack({"a.py": b"x"}))
    settings = await region.upload_configuration(pack({"config.toml": b""}))
    return {"deployment_id": code.json()["id"], "configuration_id": settings.json()["id"]}


async def test_a_lease_of_what_was_uploaded_is_taken(region: RunningDataPlane) -> None:
    await region.plane.services.residency.check_lease(region.lease(**await uploaded(region)))


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("organization_id", "belongs to another organization"),
        ("workspace_id", "has never served the workspace"),
        ("deployment_id", r"not have the deployment .* Change a file, then deploy again\."),
        ("configuration_id", r"not have the configuration .* Change a file in \.dlt, then deploy again\."),
    ],
)
async def test_a_lease_that_contradicts_the_region_is_refused(region: RunningDataPlane, field: str, said: str) -> None:
    ids = await uploaded(region)

    with pytest.raises(NotAllowed, match=said):
        await region.plane.services.residency.check_lease(region.lease(**{**ids, field: new_id()}))


async def test_a_lease_may_not_mix_two_workspaces(region: RunningDataPlane) -> None:
    ids = await uploaded(region)
    first, region.workspace_id = region.workspace_id, new_id()
    others = await uploaded(region)
    region.workspace_id = first

    for field in ids:
        with pytest.raises(NotAllowed):
            await region.plane.services.residency.check_lease(region.lease(**{**ids, field: others[field]}))


async def test_a_version_whose_write_back_was_heard_is_there_for_its_lease(region: RunningDataPlane) -> None:
    ids = await uploaded(region)
    region.control.drops = True
    ids["deployment_id"] = new_id()
    answer = await region.upload_deployment(pack({"b.py": b"y"}), upload_id=ids["deployment_id"])
    assert answer.status_code == 503

    await region.plane.services.residency.check_lease(region.lease(**ids))

    tree = await region.tree_of(ids["deployment_id"])
    assert (tree / "b.py").read_bytes() == b"y"


async def test_a_plane_does_not_open_anothers_folder(region: RunningDataPlane) -> None:
    with pytest.raises(Conflict):
        async with running_data_plane(region.folder, region.control, dataplane_id="us1"):
            pass


async def test_a_plane_enrols_when_its_control_plane_comes_up_and_once_only(tmp_path) -> None:
    control = FakeControlPlane()
    async with control.serving() as first, running_data_plane(tmp_path / "eu1", first) as running:
        assert running.plane.is_ready
    control.dataplane_key = None
    async with control.serving() as second, running_data_plane(tmp_path / "eu1", second, join_token=None):
        assert control.dataplane_key is None


async def test_a_plane_that_is_not_enrolled_asks_to_wait(tmp_path) -> None:
    import anyio
    import httpx

    from planes.data_plane.app import open_data_plane
    from planes.settings import DataPlaneSettings

    folder = tmp_path / "eu1"
    plane = await open_data_plane(
        DataPlaneSettings(
            folder=folder,
            dataplane_id="eu1",
            region="Europe",
            public_url="http://127.0.0.1:1",
            control_plane_url="http://127.0.0.1:9",
            database_url=f"sqlite+aiosqlite:///{folder / 'region.db'}",
            version="0",
            join_token="wrong",
        )
    )
    async with plane.app.router.lifespan_context(plane.app):
        transport = httpx.ASGITransport(plane.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:1") as client:
            token = FakeControlPlane().data_token(new_id(), workspace_id := new_id())
            with anyio.fail_after(240):
                answer = await client.get(
                    f"/api/v1/workspaces/{workspace_id}/variables", headers={"authorization": f"Bearer {token}"}
                )

    assert answer.status_code == 503
    assert answer.json()["code"] == "not_enrolled"


async def test_only_the_owner_can_look_into_the_folder(region: RunningDataPlane) -> None:
    await uploaded(region)

    assert region.folder.stat().st_mode & 0o066 == 0
    for name in ("region.db", "identity.key", "master.key"):
        assert (region.folder / name).stat().st_mode & 0o077 == 0
    for name in ("blobs", "incoming", "orgs"):
        assert (region.folder / name).stat().st_mode & 0o066 == 0
