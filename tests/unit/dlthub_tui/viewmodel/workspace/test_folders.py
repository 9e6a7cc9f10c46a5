"""Folders below what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.viewmodel.workspace.folders import choices, completed, current_folder, offered, restarted


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


def test_a_home_of_nobody_is_a_folder_that_is_not_there() -> None:
    assert choices("~nobody-of-this-name/") == []
    assert completed("~nobody-of-this-name/") == "~nobody-of-this-name/"


def test_a_folder_that_cannot_be_looked_into_is_listed_all_the_same(tmp_path: Path) -> None:
    """Its module's path is longer than the system takes: that fails for root too, as a closed folder does not."""
    deep = tmp_path
    while len(str(deep)) < 4096 - 250:
        deep /= "d" * 200
    (deep / ("e" * (4090 - len(str(deep)) - 1))).mkdir(parents=True)
    (deep / "f").mkdir()

    assert [len(Path(choice.path).name) > 1 for choice in choices(f"{deep}/")] == [True, False]


def test_the_example_is_offered_where_nothing_declares_jobs(tmp_path: Path) -> None:
    example, shop = tmp_path / "example", tmp_path / "work" / "shop"
    shop.mkdir(parents=True)

    assert [Path(choice.path).name for choice in offered(f"{tmp_path}/work/", example)] == ["shop", "example"]

    (shop / "__deployment__.py").touch()
    assert [Path(choice.path).name for choice in offered(f"{tmp_path}/work/", example)] == ["shop"]
    assert offered(f"{shop}/", example) == []


def test_a_current_folder_that_is_gone_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()

    assert current_folder() == Path.home()
