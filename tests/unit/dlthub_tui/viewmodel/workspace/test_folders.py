"""Folders below what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.viewmodel.workspace.folders import choices, completed, restarted


def test_workspaces_come_first_and_hidden_folders_only_when_asked(tmp_path: Path) -> None:
    for name in ("apples", "shop", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "shop" / "__deployment__.py").touch()

    found = choices(f"{tmp_path}/")
    assert [Path(choice.path).name for choice in found] == ["shop", "apples"]
    assert found[0].is_workspace
    assert [Path(choice.path).name for choice in choices(f"{tmp_path}/.g")] == [".git"]


def test_completion_goes_as_far_as_all_choices_agree(tmp_path: Path) -> None:
    for name in ("shop-eu", "shop-us", "weather"):
        (tmp_path / name).mkdir()

    assert completed(f"{tmp_path}/s") == f"{tmp_path}/shop-"
    assert completed(f"{tmp_path}/w") == f"{tmp_path}/weather/"
    assert completed(f"{tmp_path}/none") == f"{tmp_path}/none"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/home/ana/", "/home/ana/"),
        ("/home/ana//srv/weather", "/srv/weather"),
        ("/home/ana/~/weather", "~/weather"),
        ("/a//b/~/c//d", "/d"),
        ("/home/ana/notes~", "/home/ana/notes~"),
        ("~", "~"),
    ],
)
def test_a_whole_path_takes_the_place_of_what_stood_there(typed: str, meant: str) -> None:
    assert restarted(typed) == meant
