"""Trees of code: unpacked once, whole again after damage, copied for runs and never shared (Security: 7)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import anyio
import pytest
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.data_plane import RunningDataPlane

from planes.data_plane.services.uploads.code_trees import remove_unfinished
from planes.domain.errors import NotFound
from planes.domain.identifiers import new_id
from planes.storage.errors import StorageError

pytestmark = pytest.mark.anyio
FILES = {"a.py": b"x", "d/run.sh": b"#!/bin/sh\n"}
LINKS = {"d/up": "../a.py"}


async def deployed(region: RunningDataPlane) -> str:
    return (await region.upload_deployment(pack(FILES, LINKS))).json()["id"]


async def test_a_tree_is_unpacked_once_for_all_who_ask(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)
    trees: set[Path] = set()

    async def ask() -> None:
        trees.add(await region.plane.services.code_trees.tree_of(region.organization_id, deployment_id))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)

    (tree,) = trees
    assert (tree / "a.py").read_bytes() == b"x"
    assert [path.name for path in tree.parent.iterdir()] == [tree.name]


async def test_two_organizations_share_nothing(region: RunningDataPlane) -> None:
    first = await region.plane.services.code_trees.tree_of(region.organization_id, await deployed(region))
    mine, region.organization_id, region.workspace_id = region.organization_id, new_id(), new_id()
    second_id = await deployed(region)
    second = await region.plane.services.code_trees.tree_of(region.organization_id, second_id)

    assert first != second
    assert (first / "a.py").stat().st_ino != (second / "a.py").stat().st_ino
    with pytest.raises(NotFound):
        await region.plane.services.code_trees.tree_of(mine, second_id)


async def test_a_copy_is_the_runs_own(region: RunningDataPlane, tmp_path: Path) -> None:
    tree = await region.plane.services.code_trees.tree_of(region.organization_id, await deployed(region))
    work = tmp_path / "work"
    work.mkdir()
    owner = (12_345, 12_345) if os.geteuid() == 0 else (None, None)

    await region.plane.services.code_trees.copy_into(tree, work, *owner)
    (work / "a.py").write_bytes(b"changed")

    assert (tree / "a.py").read_bytes() == b"x"
    assert (work / "d/up").readlink() == Path("../a.py")
    assert (work / "d/run.sh").stat().st_mode & 0o777 == 0o700
    if owner[0] is not None:
        assert {path.lstat().st_uid for path in work.rglob("*")} == {owner[0]}
        assert {path.lstat().st_uid for path in tree.rglob("*")} == {0}


async def test_what_was_half_unpacked_is_removed_at_the_next_start(region: RunningDataPlane) -> None:
    tree = await region.plane.services.code_trees.tree_of(region.organization_id, await deployed(region))
    half = tree.with_name(f".{tree.name}.0")
    shutil.copytree(tree, half, symlinks=True)

    remove_unfinished(region.folder)

    assert [path.name for path in tree.parent.iterdir()] == [tree.name]


async def test_a_damaged_tree_is_made_again_at_the_next_start(region: RunningDataPlane) -> None:
    trees = region.plane.services.code_trees
    deployment_id = await deployed(region)
    tree = await trees.tree_of(region.organization_id, deployment_id)
    (tree / "a.py").chmod(0o600)
    (tree / "a.py").write_bytes(b"")

    await type(trees)(region.plane.services.parts).tree_of(region.organization_id, deployment_id)

    assert (tree / "a.py").read_bytes() == b"x"


async def test_a_changed_archive_is_not_unpacked(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)
    (blob,) = [path for path in (region.folder / "blobs").rglob("*") if path.is_file()]
    blob.write_bytes(pack({"evil.py": b""}))

    with pytest.raises(StorageError):
        await region.plane.services.code_trees.tree_of(region.organization_id, deployment_id)

    assert list((region.folder / "incoming").iterdir()) == []


async def test_a_lost_tree_is_unpacked_again(region: RunningDataPlane) -> None:
    trees = region.plane.services.code_trees
    deployment_id = await deployed(region)
    shutil.rmtree(await trees.tree_of(region.organization_id, deployment_id))

    tree = await type(trees)(region.plane.services.parts).tree_of(region.organization_id, deployment_id)

    assert (tree / "a.py").read_bytes() == b"x"


async def test_requirements_come_back_migrated(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)

    found = await region.plane.services.code_trees.requirements_of(deployment_id)

    assert found["groups"] == {"main": ["dlt==1.31.0"]}
    assert REQUIREMENTS


async def test_an_unknown_deployment_is_not_found(region: RunningDataPlane) -> None:
    with pytest.raises(NotFound):
        await region.plane.services.code_trees.tree_of(region.organization_id, new_id())
    with pytest.raises(NotFound):
        await region.plane.services.code_trees.requirements_of(new_id())
