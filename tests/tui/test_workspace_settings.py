"""A workspace's settings over real planes: what is set is what the planes then say, and is taken back with u."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.tui.real_planes import Driver, found_organization, opened, served_platform

from dlthub_tui.app import DlthubTui
from dlthub_tui.client import workspace_settings
from dlthub_tui.screens.workspace.workspace_settings import WorkspaceSettingsScreen

pytestmark = [pytest.mark.anyio]


@contextmanager
def _suspended(_app: DlthubTui) -> Generator[None]:
    """A pilot has no terminal that could be given away."""
    yield


def editor_that_writes(folder: Path, text: str) -> tuple[str, ...]:
    """An editor that leaves this file, for whoever edits."""
    script = folder / "editor.py"
    script.write_text(f"import sys\nopen(sys.argv[1], 'w').write({text!r})\n")
    return sys.executable, str(script)


def editor_that_mends(folder: Path, old: str, new: str) -> tuple[str, ...]:
    """An editor that changes what it finds, and fails where it finds something else."""
    script = folder / "editor.py"
    script.write_text(
        "import sys\nfrom pathlib import Path\npath = Path(sys.argv[1])\ntext = path.read_text()\n"
        f"assert {old!r} in text\npath.write_text(text.replace({old!r}, {new!r}))\n"
    )
    return sys.executable, str(script)


async def settings_of(user: Driver) -> Any:
    """What the planes say themselves."""
    screen = user.app.screen
    assert isinstance(screen, WorkspaceSettingsScreen)
    connection, workspace = screen.context.connected, screen.workspace
    region = await connection.region(workspace)
    return (
        await workspace_settings.get_settings(connection.control, workspace.id),
        await workspace_settings.get_scrubbing(region, workspace.id),
    )


async def open_settings_of_a_new_workspace(user: Driver) -> None:
    await user.press("0")
    await user.until("Workspaces")
    await user.press("a")
    await user.until("New workspace")
    await user.type("fruitshop")
    await user.press("enter")
    await user.until("fruitshop +0")
    await user.press("slash", *"fruit", "enter", "g", "j", "enter")
    await user.until(r"fruitshop › Jobs")
    await user.press("colon", *"settings", "enter")
    await user.until("Of the workspace")
    await user.press("up", *["down"] * 8, "enter")
    await user.until("Settings of fruitshop, for everybody in it.")


async def test_settings_of_a_workspace_are_changed_and_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DlthubTui, "suspend", _suspended)
    with served_platform() as home:
        async with opened(home) as user:
            await found_organization(user)
            await open_settings_of_a_new_workspace(user)

            await user.press("enter", "ctrl+u", *"orchard", "enter")
            await user.until("Name is orchard")
            await user.press("j", "j", "enter", "right", "enter")
            await user.until("Members without a role of their own are viewers here")
            await user.press("j", "enter", "ctrl+u", *"3", "enter")
            await user.until("Keep 3 versions of code instead of 100")
            await user.press("enter")
            await user.until("The newest 3 versions are kept")
            kept, scrubbing = await settings_of(user)
            assert (kept.name, kept.default_role, kept.keep_versions) == ("orchard", "viewer", 3)
            await user.press("u")
            await user.until("Taken back. The newest 100 are kept")

            user.app.context.editor = editor_that_writes(
                tmp_path, 'pii = ["email"]\n[patterns]\ncustomer = "KD-[0-9]{8}"\n'
            )
            await user.press("G", "k", "enter")
            await user.until("personal data: email is added")
            assert "pattern: customer is added" in user.text
            await user.press("enter")
            await user.until("Runs from now on are scrubbed like that")
            kept, scrubbing = await settings_of(user)
            assert (scrubbing.pii, scrubbing.patterns) == (("email",), (("customer", "KD-[0-9]{8}"),))
            await user.press("u")
            await user.until("Taken back. Scrubbing is as it was")
            assert (await settings_of(user))[1].pii == ()

            for does, said in (
                ("open(sys.argv[1], 'wb').write(b'\\xff')", "wrote no text in UTF-8. Nothing changed."),
                ("os.remove(sys.argv[1])", "left no file. Nothing changed."),
            ):
                user.app.context.editor = (sys.executable, "-c", f"import os, sys; {does}")
                await user.press("enter")
                await user.until(said)
            user.app.context.editor = editor_that_writes(tmp_path, '[patterns]\ncustomer = "KD-(?=x)"\n')
            await user.press("enter")
            await user.until("customer is no RE2 pattern")
            user.app.context.editor = editor_that_mends(tmp_path, "(?=x)", "[0-9]")
            await user.press("enter")
            await user.until("pattern: customer is added")
            await user.press("enter")
            await user.until("Runs from now on are scrubbed like that")
            assert (await settings_of(user))[1].patterns == (("customer", "KD-[0-9]"),)

            await user.press("G", "enter")
            await user.until("Type the name to archive it")
            await user.press(*"orchard", "enter")
            await user.until("is archived. u takes that back")
            assert (await settings_of(user))[0].archived_at is not None
            await user.press("u")
            await user.until("is in use again")
            kept, _ = await settings_of(user)
            assert (kept.archived_at, kept.keep_versions) == (None, 100)


async def test_what_cannot_be_set_says_why_and_the_rest_is_shown(tmp_path: Path) -> None:
    with served_platform() as home:
        async with opened(home, (80, 24)) as user:
            await found_organization(user)
            await user.press("colon", *"workspace-settings", "enter")
            await user.until("Settings of Playground, for everybody in it.")
            await user.press("enter")
            await user.until("A playground belongs to one person")

            user.app.context.look.is_read_only = True
            await user.press("j", "j", "j", "enter")
            await user.until("This session is read-only")


async def test_an_edited_text_that_is_refused_is_edited_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DlthubTui, "suspend", _suspended)
    with served_platform() as home:
        async with opened(home, (80, 24)) as user:
            await found_organization(user)
            await user.press("colon", *"variables", "enter")
            await user.until("No variables")
            user.app.context.editor = editor_that_writes(tmp_path, '[workspace]\n"not a name" = "1"\nLEVEL = 1\n')
            await user.press("e")
            await user.until("variables.toml cannot be used as it is")
            assert "LEVEL in workspace: the value stands in quotes" in user.text

            user.app.context.editor = editor_that_mends(tmp_path, "LEVEL = 1", 'LEVEL = "1"')
            await user.press("enter")
            await user.until("set LEVEL in the workspace")
            await user.press("enter")
            await user.until("variables.toml cannot be used as it is")

            user.app.context.editor = editor_that_mends(tmp_path, '"not a name"', "OTHER")
            await user.press("enter")
            await user.until("set OTHER in the workspace")
            await user.press("enter")
            await user.until("Changed 2 variables")
