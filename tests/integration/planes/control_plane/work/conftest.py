"""A filled control plane for tests of deploys, jobs and runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.control_stage import Stage, control_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with control_stage(tmp_path, f"sqlite+aiosqlite:///{tmp_path / 'control.db'}") as opened:
        yield opened
