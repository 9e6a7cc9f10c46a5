"""Fixtures of tests that run real processes end to end."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest
from tests.acceptance.installations import Installation, installed
from tests.acceptance.platforms import PlatformProcess, serving


@pytest.fixture
def platform(tmp_path: Path) -> Generator[PlatformProcess]:
    """A fresh platform with both regions."""
    with serving(tmp_path / "home") as running:
        yield running


@pytest.fixture(scope="module")
def installation() -> Generator[Installation]:
    """A platform with both regions and an owner, shared by the tests of one file."""
    with installed() as running:
        yield running
