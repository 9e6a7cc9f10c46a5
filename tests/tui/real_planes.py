"""An app over a platform of real planes, from an empty home to a deployed workspace, by keys alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tests.fakes.workspaces import open_folder
from tests.tui.waiting import NAMES, screen_text

from dlthub_tui.app import AppOptions, DlthubTui
from dlthub_tui.cli.opening import reach_of
from dlthub_tui.embed.embedded import EmbeddedPlatform

SECRET = "sup3r-s3cret-Value-99"
BUILD_SECONDS = 900


@contextmanager
def served_platform() -> Generator[Path]:
    """A platform in a home of its own, as a process; job users may pass through to it."""
    with open_folder("terminal-") as folder:
        home = folder / "home"
        command = [sys.executable, "-m", "dlthub_tui.cli.main", "serve", "--home", str(home), "--port", "0"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            try:
                assert json.loads(process.stdout.readline())["ready"] is True
                yield home
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(240)


def make_workspace(folder: Path, jobs: str, names: list[str]) -> Path:
    """A folder with jobs that need nothing but dlt."""
    (folder / ".dlt").mkdir(parents=True)
    (folder / "__deployment__.py").write_text(f"from shop_jobs import {', '.join(names)}\n\n__all__ = {names!r}\n")
    (folder / "shop_jobs.py").write_text(jobs)
    (folder / ".dlt" / "config.toml").write_text("")
    (folder / ".dlt" / "prod.config.toml").write_text("")
    (folder / "requirements.txt").write_text("dlt>=1.31,<1.32\n")
    return folder


class Driver:
    """Presses keys in the app and waits for words."""

    def __init__(self, app: DlthubTui, pilot: Any) -> None:
        self.app, self._pilot = app, pilot

    @property
    def text(self) -> str:
        """What is on the screen."""
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        """Presses keys."""
        await self._pilot.press(*keys)
        await self._pilot.pause()

    async def type(self, text: str) -> None:
        """Types text."""
        await self.press(*(NAMES.get(character, character) for character in text))

    async def until(self, pattern: str, seconds: float = 240) -> None:
        """Waits until the pattern is on the screen."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, f"never: {pattern}\n{self.text}"
            await self._pilot.pause(0.05)


@asynccontextmanager
async def opened(home: Path, size: tuple[int, int] = (100, 30)) -> AsyncGenerator[Driver]:
    """The app over the platform of a home."""
    platform = EmbeddedPlatform(home, lambda: "0.1.0")
    app = DlthubTui(AppOptions(home=str(home), platform=platform, reach=reach_of(home, None), uses_keyring=False))
    async with app.run_test(size=size) as pilot:
        yield Driver(app, pilot)


async def found_organization(user: Driver) -> None:
    """From the first start to the jobs of an empty workspace, with the region locked."""
    await user.until("nobody owns it yet")
    await user.type("ana@orchard.example")
    await user.press("enter", "enter")
    await user.until("Five steps to your first job")
    await user.until("❯ ◌ 2  Choose a region")

    await user.press("enter")
    await user.until("eu1  Europe, chosen")
    await user.press("enter")
    await user.until("the same six words")
    await user.type("eu1")
    await user.press("enter")
    await user.until("is locked to eu1")
    await user.until("❯ ◌ 3  Bring code")

    await user.press("escape")
    await user.until(r"Playground +0")
    await user.press("j", "enter")
    await user.until(r"\[1 Jobs\]")


async def set_secret(user: Driver, name: str, value: str) -> None:
    """Sets a secret of the profile prod."""
    await user.press("4")
    await user.until("No variables")
    await user.press("a")
    await user.type(name)
    await user.press("enter", "enter", "enter")
    await user.type(value)
    await user.press("enter")
    await user.until("✓ secret, ")


async def deploy(user: Driver, folder: Path) -> None:
    """Deploys a folder and goes on to the jobs."""
    await user.press("d")
    await user.until("Deploy which folder")
    await user.press("ctrl+u")
    await user.type(str(folder))
    await user.press("enter")
    await user.until("Goes to the control plane", 300)
    await user.press("enter")
    await user.until("Receipt")
    await user.press("enter")
    await user.until(r"\[1 Jobs\]")
