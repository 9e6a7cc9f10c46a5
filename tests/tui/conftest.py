"""An app over a fake installation that holds what the drawings show; time stands still."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from tests.command_lines import check_command_line
from tests.fakes.installation import NOW, Installation, served
from tests.fakes.orchard import fill
from tests.tui.pictures import Picture, picture_of
from tests.tui.waiting import NAMES, screen_text, settle, until
from textual.pilot import Pilot

from dlthub_tui.app import AppOptions, DlthubTui
from dlthub_tui.screens.frame.acting import ActingScreen


@dataclass
class Stage:
    """The fake installation, its loop, and the app before it."""

    installation: Installation
    portal: Any
    home: Path
    pilot: Pilot[Any] = field(init=False)

    @property
    def app(self) -> DlthubTui:
        """The app."""
        assert isinstance(self.pilot.app, DlthubTui)
        return self.pilot.app

    @property
    def text(self) -> str:
        """What is on the screen."""
        return screen_text(self.app)

    async def press(self, *keys: str) -> None:
        """Presses keys one by one and waits until each was dealt with."""
        for key in keys:
            await self.pilot.press(key)
            await settle(self.pilot)

    async def type(self, text: str) -> None:
        """Types text."""
        await self.pilot.press(*(NAMES.get(character, character) for character in text))
        await settle(self.pilot)

    async def until(self, words: str) -> None:
        """Waits until the words are on the screen."""
        await until(self.pilot, lambda: words in self.text, words)

    def posted(self, part: str) -> list[Any]:
        """Bodies of requests of a kind."""
        return [body for kind, body in self.installation.bodies if kind == part]


Open = Callable[..., Any]


@pytest.fixture
def performed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """What keys did in this test, as `layer action`."""
    done: set[str] = set()
    perform = ActingScreen.action_perform

    async def noted(screen: ActingScreen, action_id: str) -> None:
        action = screen._find(action_id)
        if action is not None and screen.why_not(action) is None:
            done.add(f"{action.layer} {action.id}")
        await perform(screen, action_id)

    monkeypatch.setattr(ActingScreen, "action_perform", noted)
    return done


@pytest.fixture
def installation() -> Generator[tuple[Installation, Any]]:
    """The fake, served, with the drawings' rows; somebody approves every sign-in."""
    fake = Installation(device_approved=True)
    with served(fake) as portal:
        yield fill(fake), portal


@pytest.fixture
def open_app(installation: tuple[Installation, Any], tmp_path: Path) -> Open:
    """`async with open_app(size=…, read_only=…) as stage:` stands on home."""
    fake, portal = installation

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24), *, waits: bool = True, **options: Any) -> AsyncGenerator[Stage]:
        options.setdefault("url", fake.url)
        app = DlthubTui(AppOptions(home=str(tmp_path), now=lambda: NOW, poll_seconds=0, uses_keyring=False, **options))
        stage = Stage(fake, portal, tmp_path)
        async with app.run_test(size=size) as pilot:
            stage.pilot = pilot
            if waits:
                await settle(pilot)
            yield stage
            for entry in app.context.log.entries:
                if entry.twin:
                    check_command_line(entry.twin)

    return opened


@pytest.fixture
def picture(snapshot: SnapshotAssertion) -> Callable[..., Awaitable[None]]:
    """Compares the screen with its stored picture, after proving that the app lives and shows a sentinel.

    A crash of the app or of any of its workers is none of them: a nearly blank picture would be stored without a word.
    """

    async def compare(stage: Stage, sentinel: str, name: str | None = None, *, settles: bool = True) -> None:
        if settles:
            await settle(stage.pilot)
        await until(stage.pilot, lambda: sentinel in stage.text, sentinel)
        assert stage.app._exception is None
        assert [file.read_text() for file in stage.home.glob("client/crash-*")] == []
        port = stage.installation.url.rpartition(":")[2]
        drawn = picture_of(stage.app, {stage.installation.url: "http://127.0.0.1:8400", port: "8400"})
        assert drawn == snapshot(name=name, extension_class=Picture)

    return compare
