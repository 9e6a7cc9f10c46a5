"""Output that nobody takes: a reader that has left, a full disk, a stream that was closed from the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "dlthub_tui.cli.main"]
UNWRITTEN = b"dlthub-tui: Standard output cannot be written: "
# Longer than a stream's buffer, and shorter.
WORDS = (["completion", "bash"], ["completion", "--help"])


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_said_in_a_sentence(unbuffered: str) -> None:
    for words in WORDS:
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*COMMAND, *words], stdout=full, stderr=subprocess.PIPE, check=False, timeout=240,
                env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
            )  # fmt: skip

        assert (done.returncode, done.stderr) == (1, UNWRITTEN + b"No space left on device.\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_left_ends_it_by_its_signal(unbuffered: str) -> None:
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [*COMMAND, "completion", "bash"], stdout=writes, stderr=subprocess.PIPE, check=False, timeout=240,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    finally:
        os.close(writes)

    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, b"")


def test_a_stream_that_is_closed_from_the_start_is_no_crash() -> None:
    def run(line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["sh", "-c", line, "sh", *COMMAND], capture_output=True, check=False, timeout=240)

    unwritten = run('"$@" completion bash >&-')
    unheard = run('"$@" completion tcsh 2>&-')
    unread = run('"$@" scrub - <&-')

    assert (unwritten.returncode, unwritten.stderr) == (1, UNWRITTEN + b"Bad file descriptor.\n")
    assert (unheard.returncode, unheard.stderr) == (2, b"")
    assert (unread.returncode, unread.stdout, unread.stderr) == (0, b"", b"")
