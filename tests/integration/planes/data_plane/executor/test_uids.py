"""One uid per workspace, for good."""

import os
from pathlib import Path

import pytest

from planes.data_plane.executor.uids import UidRange, UidsExhausted, WorkspaceUids

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root switches uids")


@root_only
def test_a_workspace_keeps_its_uid_and_shares_it_with_none(tmp_path: Path) -> None:
    first = WorkspaceUids(tmp_path, UidRange(70_000, 70_002))
    given = [first.find_uid(name) for name in ("a", "b", "a", "c")]
    again = WorkspaceUids(tmp_path, UidRange(70_000, 70_002))

    assert given == [70_000, 70_001, 70_000, 70_002]
    assert again.find_uid("c") == 70_002
    with pytest.raises(UidsExhausted):
        again.find_uid("d")


@root_only
def test_a_known_workspace_keeps_its_uid_when_the_range_moves(tmp_path: Path) -> None:
    WorkspaceUids(tmp_path, UidRange(70_000, 70_000)).find_uid("a")

    assert WorkspaceUids(tmp_path, UidRange(80_000, 80_001)).find_uid("a") == 70_000


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_without_the_right_to_switch_there_is_none(tmp_path: Path) -> None:
    assert WorkspaceUids(tmp_path, UidRange(70_000, 70_001)).find_uid("a") is None


@pytest.mark.parametrize("uids", [UidRange(0, 5), UidRange(-1, 5), UidRange(9, 8)])
def test_a_range_never_holds_root(tmp_path: Path, uids: UidRange) -> None:
    with pytest.raises(ValueError, match="above 0"):
        WorkspaceUids(tmp_path, uids)
