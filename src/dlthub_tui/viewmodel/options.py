"""How the app is opened, and what it needs of a platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from dlthub_tui.viewmodel.look import utc_now

POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Reach:
    """What a shell is told to reach this installation: a home that is not the default, an address elsewhere."""

    home: str | None = None
    url: str | None = None


class Platform(Protocol):
    """Where the platform is that the app works with."""

    @property
    def control_plane_url(self) -> str:
        """Its origin."""
        ...

    @property
    def socket_path(self) -> str | None:
        """The home's socket, on the platform's own machine."""
        ...

    @property
    def is_embedded(self) -> bool:
        """Whether it runs in this process."""
        ...

    @property
    def note(self) -> str | None:
        """What is worth saying about it."""
        ...


class PlatformStarter(Protocol):
    """Finds or starts the platform; the command line passes it in, so that the app knows no planes."""

    async def start(self, report: Callable[[str], None]) -> Platform:
        """The platform of the home, running."""
        ...

    async def active_runs(self) -> int:
        """Runs that go on in this process."""
        ...

    async def leave(self, *, keep_running: bool) -> None:
        """Stops the embedded planes, or hands them to a background process."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AppOptions:
    """How the app was opened. With a `url` and no `platform` it connects to another installation."""

    home: str | None = None
    url: str | None = None
    read_only: bool = False
    ascii: bool = False
    slow: bool = False
    is_remote: bool = False
    """Whether the terminal is at the end of SSH, so that the SSH profile is on unless the settings say otherwise."""
    shows_ascii_only: bool = False
    """Whether the terminal lacks our signs, so that their ASCII twins are drawn unless the settings say otherwise."""
    shows_sixteen_only: bool = False
    """Whether the terminal has no more colours, so that its own are drawn unless the settings say otherwise."""
    calm: bool = False
    platform: PlatformStarter | None = None
    theme: str | None = None
    now: Callable[[], Any] = utc_now
    poll_seconds: float = POLL_SECONDS
    uses_keyring: bool = True
    opens_browser: bool = False
    reach: Reach = Reach()
    link: str | None = None
    """Where it opens, once there is a session."""
