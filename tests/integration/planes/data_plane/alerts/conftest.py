"""A region that may call this machine, and receivers on it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.leasing import LeasingControlPlane
from tests.fakes.receivers import HttpReceiver, MailReceiver, mail_receiving, receiving
from tests.integration.planes.data_plane.alerts.asking import Region
from tests.integration.planes.data_plane.region_fixtures import database, folder
from tests.integration.planes.data_plane.running_region import running_region

__all__ = ["database", "folder"]

# Short waits between tries; the real ones are a matter of `domain.alerts`.
SETTINGS: dict[str, Any] = {"alert_destinations": "127.0.0.1", "alert_retry_seconds": (0.05, 0.05, 0.05)}


@pytest.fixture
async def control(anyio_backend: str) -> AsyncGenerator[LeasingControlPlane]:
    async with LeasingControlPlane().serving() as serving:
        yield serving


@pytest.fixture
async def region(folder: Path, control: LeasingControlPlane) -> AsyncGenerator[Region]:
    async with running_region(folder / "eu1", control, **SETTINGS) as running:
        yield Region(running)


@pytest.fixture
async def each_region(folder: Path, control: LeasingControlPlane, database: dict[str, str]) -> AsyncGenerator[Region]:
    async with running_region(folder / "eu1", control, None, **database, **SETTINGS) as running:
        yield Region(running)


@pytest.fixture
async def receiver(anyio_backend: str) -> AsyncGenerator[HttpReceiver]:
    async with receiving() as serving:
        yield serving


@pytest.fixture
def mails() -> Generator[MailReceiver]:
    with mail_receiving() as receiving_mail:
        yield receiving_mail
