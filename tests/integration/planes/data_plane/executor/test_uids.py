"""One uid per workspace, for good."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from planes.data_plane.executor.uids import UidRange, UidsExhausted, WorkspaceUids

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root switches uids")


@root_only
def test_a_workspace_keeps_its_uid_and_shares_it_with_none(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    first = WorkspaceUids(tmp_path, UidRange(70_000, 70_002), machine)
    given = [first.find_uid(name) for name in ("a", "b", "a", "c")]
    again = WorkspaceUids(tmp_path, UidRange(70_000, 70_002), machine)

    assert given == [70_000, 70_001, 70_000, 70_002]
    assert again.find_uid("c") == 70_002
    with pytest.raises(UidsExhausted):
        again.find_uid("d")
    shutil.rmtree(machine)  # whoever did so: those of this home stay taken
    with pytest.raises(UidsExhausted):
        WorkspaceUids(tmp_path, UidRange(70_000, 70_002), machine).find_uid("d")


@root_only
def test_a_known_workspace_keeps_its_uid_when_the_range_moves(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    WorkspaceUids(tmp_path, UidRange(70_000, 70_000), machine).find_uid("a")

    assert WorkspaceUids(tmp_path, UidRange(80_000, 80_001), machine).find_uid("a") == 70_000


@root_only
def test_two_homes_of_a_machine_share_no_uid(tmp_path: Path) -> None:
    homes, machine = [tmp_path / name for name in ("one", "two")], tmp_path / "machine"
    for home in homes:
        home.mkdir()
    planes = [WorkspaceUids(home, UidRange(70_000, 70_009), machine) for home in homes]
    with ThreadPoolExecutor(8) as pool:
        asked = [(plane, f"{number}-{name}") for name in "abcde" for number, plane in enumerate(planes)]
        given = list(pool.map(lambda one: one[0].find_uid(one[1]), asked))

    assert sorted(uid or 0 for uid in given) == list(range(70_000, 70_010))
    with pytest.raises(UidsExhausted):
        planes[0].find_uid("f")


@root_only
def test_the_uids_of_a_home_that_was_removed_are_free_again(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        assert WorkspaceUids(tmp_path / name, UidRange(70_000, 70_000), machine).find_uid("a") == 70_000
        shutil.rmtree(tmp_path / name)


@root_only
def test_homes_from_before_the_machines_record_are_respected_once_they_run(tmp_path: Path) -> None:
    machine = tmp_path / "machine"
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    (tmp_path / "old" / "uids.json").write_text('{"a": 70000}')

    assert WorkspaceUids(tmp_path / "old", UidRange(70_000, 70_009), machine).find_uid("a") == 70_000
    assert WorkspaceUids(tmp_path / "new", UidRange(70_000, 70_009), machine).find_uid("b") == 70_001


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_without_the_right_to_switch_there_is_none(tmp_path: Path) -> None:
    assert WorkspaceUids(tmp_path, UidRange(70_000, 70_001), tmp_path / "machine").find_uid("a") is None


@pytest.mark.parametrize("uids", [UidRange(0, 5), UidRange(-1, 5), UidRange(9, 8)])
def test_a_range_never_holds_root(tmp_path: Path, uids: UidRange) -> None:
    with pytest.raises(ValueError, match="above 0"):
        WorkspaceUids(tmp_path, uids)
