"""Trees of code: unpacked once, whole again after damage, copied for runs and never shared (Security: 7)."""

from __future__ import annotations

import shutil
from pathlib import Path

import anyio
import pytest
from tests.fakes.archives import REQUIREMENTS, pack
from tests.fakes.data_plane import RunningDataPlane

from planes.data_plane.services.uploads.code_trees import CodeTrees, read_requirements, remove_unfinished
from planes.data_plane.services.uploads.unpacking import copy_tree
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
        trees.add(await region.tree_of(deployment_id))

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(ask)

    (tree,) = trees
    assert (tree / "a.py").read_bytes() == b"x"
    assert [path.name for path in tree.parent.iterdir()] == [tree.name]


async def test_two_organizations_share_nothing(region: RunningDataPlane) -> None:
    first = await region.tree_of(await deployed(region))
    region.organization_id, region.workspace_id = new_id(), new_id()
    second = await region.tree_of(await deployed(region))

    assert first != second
    assert (first / "a.py").stat().st_ino != (second / "a.py").stat().st_ino


async def test_a_copy_is_the_runs_own(region: RunningDataPlane, tmp_path: Path) -> None:
    tree = await region.tree_of(await deployed(region))
    work = tmp_path / "work"
    work.mkdir()

    copy_tree(tree, work)
    (work / "a.py").write_bytes(b"changed")

    assert (tree / "a.py").read_bytes() == b"x"
    assert (work / "d/up").readlink() == Path("../a.py")
    assert (work / "d/run.sh").stat().st_mode & 0o777 == 0o700


async def test_what_was_half_unpacked_is_removed_at_the_next_start(region: RunningDataPlane) -> None:
    tree = await region.tree_of(await deployed(region))
    half = tree.with_name(f".{tree.name}.0")
    shutil.copytree(tree, half, symlinks=True)

    remove_unfinished(region.folder)

    assert [path.name for path in tree.parent.iterdir()] == [tree.name]


async def test_a_damaged_tree_is_made_again_at_the_next_start(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)
    tree = await region.tree_of(deployment_id)
    (tree / "a.py").chmod(0o600)
    (tree / "a.py").write_bytes(b"")

    await region.tree_of(deployment_id, CodeTrees(region.plane.services.parts))

    assert (tree / "a.py").read_bytes() == b"x"


async def test_a_changed_archive_is_not_unpacked(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)
    (blob,) = [path for path in (region.folder / "blobs").rglob("*") if path.is_file()]
    blob.write_bytes(pack({"evil.py": b""}))

    with pytest.raises(StorageError):
        await region.tree_of(deployment_id)

    assert list((region.folder / "incoming").iterdir()) == []


async def test_a_lost_tree_is_unpacked_again(region: RunningDataPlane) -> None:
    deployment_id = await deployed(region)
    shutil.rmtree(await region.tree_of(deployment_id))

    tree = await region.tree_of(deployment_id, CodeTrees(region.plane.services.parts))

    assert (tree / "a.py").read_bytes() == b"x"


def test_requirements_come_back_migrated() -> None:
    assert read_requirements(REQUIREMENTS)["groups"] == {"main": ["dlt==1.31.0"]}
