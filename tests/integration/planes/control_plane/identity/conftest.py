"""An empty control plane on each kind of database."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.fakes.identity_stage import Caller, IdentityStage, identity_stage


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> AsyncGenerator[IdentityStage]:
    async with identity_stage(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
async def owner(stage: IdentityStage) -> Caller:
    """The owner of the installation, signed in."""
    return await stage.first_owner()
