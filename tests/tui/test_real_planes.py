"""The main job over real planes: first owner, region lock, deploy, run, and its log with the secret masked."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.workspaces import open_folder
from tests.tui.waiting import NAMES, screen_text

from dlthub_tui.app import AppOptions, DlthubTui
from dlthub_tui.embed.embedded import EmbeddedPlatform

pytestmark = [pytest.mark.anyio, pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1200)]
SECRET = "sup3r-s3cret-Value-99"
JOBS = '''\
"""Prints a secret."""
import os

import dlt.hub.run as run


@run.job(trigger="schedule:0 3 1 1 *")
def careless() -> None:
    """Prints what it should not."""
    print("the key is", os.environ["SHOP__KEY"])
    print("done")


@run.job(trigger="schedule:0 4 1 1 *")
def broken() -> None:
    """Fails."""
    raise KeyError("customer_id")
'''
BUILD_SECONDS = 900


@pytest.fixture
def platform() -> Generator[Path]:
    """A platform in a home of its own, as a process; job users may pass through to it."""
    with open_folder("terminal-") as folder:
        yield from _served(folder / "home")


def _served(home: Path) -> Generator[Path]:
    command = [sys.executable, "-m", "dlthub_tui.cli.main", "serve", "--home", str(home), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"] is True
        yield home
        process.send_signal(signal.SIGTERM)
        process.wait(60)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two jobs that need nothing but dlt."""
    folder = tmp_path / "shop"
    (folder / ".dlt").mkdir(parents=True)
    (folder / "__deployment__.py").write_text(
        "from shop_jobs import broken, careless\n\n__all__ = ['broken', 'careless']\n"
    )
    (folder / "shop_jobs.py").write_text(JOBS)
    (folder / ".dlt" / "config.toml").write_text("")
    (folder / ".dlt" / "prod.config.toml").write_text("")
    (folder / "requirements.txt").write_text("dlt>=1.31,<1.32\n")
    return folder


class Driver:
    """Presses keys in the app and waits for words."""

    def __init__(self, app: DlthubTui, pilot: Any) -> None:
        self.app, self._pilot = app, pilot

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*(NAMES.get(character, character) for character in text))

    async def until(self, pattern: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not re.search(pattern, screen_text(self.app)):
            assert time.monotonic() < deadline, f"never: {pattern}\n{screen_text(self.app)}"
            await self._pilot.pause(0.05)


async def test_main_job_from_first_start_to_a_masked_log(platform: Path, workspace: Path) -> None:
    app = DlthubTui(
        AppOptions(home=str(platform), platform=EmbeddedPlatform(platform, lambda: "0.1.0"), uses_keyring=False)
    )
    async with app.run_test(size=(100, 30)) as pilot:
        user = Driver(app, pilot)
        await user.until("nobody owns it yet")
        await user.type("ana@orchard.example")
        await user.press("enter", "enter")
        await user.until("Four steps to your first job")
        await user.until("❯ ◌ 2  Choose a region")

        await user.press("enter")
        await user.until("eu1  Europe, chosen")
        await user.press("enter")
        await user.until("the same six words")
        await user.type("eu1")
        await user.press("enter")
        await user.until("is locked to eu1")

        await user.until("Playground +0")
        await user.press("j", "enter")
        await user.until(r"\[1 Jobs\]")
        await user.press("4")
        await user.until("No variables")
        await user.press("a")
        await user.type("SHOP__KEY")
        await user.press("enter", "enter", "enter")
        await user.type(SECRET)
        await user.press("enter")
        await user.until("✓ secret, set")

        await user.press("d")
        await user.until("Deploy which folder")
        await user.press("ctrl+u")
        await user.type(str(workspace))
        await user.press("enter")
        await user.until("Goes to the control plane", 300)
        await user.press("enter")
        await user.until("Receipt", 60)
        await user.press("enter")
        await user.until(r"shop_jobs\.careless")

        await user.press("slash", *"careless", "enter", "r")
        await user.until(r"Started shop_jobs\.careless 1")
        await user.press("l")
        await user.until("(✓ completed|✗ failed)", BUILD_SECONDS)
        await user.until(r"the key is \[masked:SHOP__KEY\]")
        assert SECRET not in screen_text(app)

        await user.press("escape", "escape", "slash", *"broken", "enter", "r")
        await user.until(r"Started shop_jobs\.broken 1")
        await user.press("l")
        await user.until("✗ failed", BUILD_SECONDS)
        await user.press("e")
        await user.until("KeyError")
