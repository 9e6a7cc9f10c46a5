"""Fixtures of tests that run real processes end to end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.acceptance.platforms import PlatformProcess, serving


@pytest.fixture
def platform(tmp_path: Path) -> Generator[PlatformProcess]:
    """A fresh platform with both regions."""
    with serving(tmp_path / "home") as running:
        yield running
