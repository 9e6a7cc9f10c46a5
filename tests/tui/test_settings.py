"""The settings by keys: what is chosen holds at once, is kept, and says where it comes from."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.tui.conftest import Open

pytestmark = pytest.mark.anyio


async def open_settings(stage: Any) -> None:
    await stage.press("colon")
    await stage.type("settings")
    await stage.press("enter")
    await stage.until("Notifications")


def kept(home: Path) -> dict[str, Any]:
    return tomllib.loads((home / "client" / "settings.toml").read_text())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_settings_screen(open_app: Open, picture: Any, size: tuple[int, int]) -> None:
    async with open_app(size=size) as stage:
        stage.app.context.client_folder = Path("/home/ana/.local/share/dlthub-tui/client")
        await open_settings(stage)
        await picture(stage, "The file")


async def test_what_is_chosen_holds_at_once_and_at_the_next_start(open_app: Open, tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "settings.toml").write_text('# mine\n[keys]\n"run.start" = "x"\n')
    async with open_app() as stage:
        await open_settings(stage)
        await stage.press("right", "right")
        assert stage.app.theme == "day"
        await stage.press("down", "right")
        assert stage.app.context.look.is_calm
        await stage.press(*["down"] * 3, "left")
        await stage.until("Times is utc.")
        assert stage.app.context.look.times == "utc"
        await stage.press("tab", "enter")
        await stage.until("read-only")
        await stage.press("escape")
        await stage.until("Workspaces")
    async with open_app() as stage:
        assert (stage.app.theme, stage.app.context.look.times) == ("day", "utc")
        assert stage.app.context.look.is_read_only

    assert kept(tmp_path) == {
        "keys": {"run.start": "x"}, "app": {"theme": "day", "motion": "calm", "times": "utc", "read_only": "on"},
    }  # fmt: skip
    assert (tmp_path / "client" / "settings.toml").read_text().startswith("# mine\n")


async def test_keys_pressed_fast_step_on_from_each_other(open_app: Open, tmp_path: Path) -> None:
    async with open_app() as stage:
        await open_settings(stage)
        await stage.pilot.press("right", "right", "right")
        await stage.until("Theme is contrast.")

        assert kept(tmp_path)["app"]["theme"] == "contrast"
        assert "1 of 8 are not as they come." in stage.text
        await stage.press("left", "left", "left")
        await stage.until("Theme is auto.")

        assert "All are as they come." in stage.text

    assert "theme" not in kept(tmp_path)["app"]


async def test_command_line_is_not_overruled(open_app: Open, tmp_path: Path) -> None:
    async with open_app(ascii=True) as stage:
        await open_settings(stage)
        await stage.press(*["down"] * 3)
        await stage.until("command line")
        await stage.press("right")
        await stage.until("The command line chose this.")

    assert not (tmp_path / "client" / "settings.toml").exists()


async def test_file_that_cannot_be_kept_stays(open_app: Open, tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    file = tmp_path / "client" / "settings.toml"
    file.write_text("app = [\n")
    async with open_app() as stage:
        await stage.until("is no TOML")
        await open_settings(stage)
        await stage.press("right")
        await stage.until("Nothing changed.")

    assert file.read_text() == "app = [\n"


async def test_all_that_is_wrong_with_the_settings_stays_to_be_read(open_app: Any, tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    (tmp_path / "client" / "settings.toml").write_text('[keys]\n"nav.home" = "/"\n"run.begin" = "f6"\n[theme]\n')
    async with open_app() as stage:
        await stage.until(":settings shows 2 more.")
        await stage.press("colon", *"settings", "enter")
        await stage.until('no action is called "run.begin"')
        assert "settings.toml: / is" in stage.text
        assert "f1 where a key works, then ctrl+e" in stage.text
        assert 'no table is called "theme"' in stage.text


async def test_keys_of_a_file_that_has_changed_hold_at_once(open_app: Open, tmp_path: Path) -> None:
    async with open_app() as stage:
        await open_settings(stage)
        file = tmp_path / "client" / "settings.toml"
        file.parent.mkdir(exist_ok=True)
        file.write_text('[keys]\n"help.open" = "f2"\n')
        await stage.press("right")
        await stage.until("f2 help")
        file.write_text("")
        await stage.press("right")
        await stage.until("f1 help")
        await stage.press("f1")
        await stage.until("change key")
