"""The runner's one loop: descriptors and signals, in one thread."""

import os
import select
import signal
from collections.abc import Callable

READABLE = select.POLLIN | select.POLLHUP | select.POLLERR


class Watch:
    """Calls back for whatever became ready. Signals arrive as bytes on a pipe, so none is missed between two waits."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[], object]] = {}
        self._signals: dict[int, Callable[[], object]] = {}
        self._wakeup, self._wakeup_end = os.pipe()
        os.set_blocking(self._wakeup, False)
        os.set_blocking(self._wakeup_end, False)
        signal.set_wakeup_fd(self._wakeup_end, warn_on_full_buffer=False)
        self.add(self._wakeup, self._take_signals)

    def add(self, descriptor: int, callback: Callable[[], object]) -> None:
        """Call back while a descriptor is readable or its other end is gone."""
        self._callbacks[descriptor] = callback
        self._poll.register(descriptor, READABLE)

    def remove(self, descriptor: int) -> None:
        """Stop watching a descriptor; may run again."""
        if self._callbacks.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def on_signal(self, number: int, callback: Callable[[], object]) -> None:
        """Call back from the loop, not from the handler, after a signal."""
        self._signals[number] = callback
        signal.signal(number, _ignore)

    def wait(self, timeout_seconds: float | None) -> None:
        """Wait for something to happen and handle all that did."""
        timeout = None if timeout_seconds is None else max(0, int(timeout_seconds * 1000) + 1)
        for descriptor, _ in self._poll.poll(timeout):
            callback = self._callbacks.get(descriptor)
            if callback is not None:
                callback()

    def _take_signals(self) -> None:
        try:
            numbers = os.read(self._wakeup, 512)
        except BlockingIOError:
            return
        for number in set(numbers):
            callback = self._signals.get(number)
            if callback is not None:
                callback()


def _ignore(_number: int, _frame: object) -> None:
    """A handler must exist for the wake-up byte to be written."""
