"""What every test shares."""

import signal

import pytest
from hypothesis import HealthCheck, settings
from tests.reliability.sizes import IS_FULL

# How fast examples are made says something about the machine, not about the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=not IS_FULL)
settings.load_profile("house")

# Started in the background, a process ignores interrupts, and so do the ones it starts: no test could interrupt them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """The planes run on asyncio."""
    return "asyncio"
