"""What every test shares."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """The planes run on asyncio."""
    return "asyncio"
