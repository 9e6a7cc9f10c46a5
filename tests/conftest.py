"""What every test shares."""

import asyncio
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are made says something about the machine, not about the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Started in the background, a process ignores interrupts, and so do the ones it starts: no test could interrupt them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class _Loop(asyncio.SelectorEventLoop):
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Tells of everything but a result that came for a future which had been cancelled: nobody waits for it.

        anyio 4.16 sets one where a read of a UNIX socket is cancelled in the turn of the loop in which data comes.
        """
        setter = getattr(context.get("handle"), "_callback", None)
        future = getattr(setter, "__self__", None)
        if not (isinstance(future, asyncio.Future) and future.cancelled()):
            super().call_exception_handler(context)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """The planes run on asyncio."""
    return "asyncio", {"loop_factory": _Loop}
