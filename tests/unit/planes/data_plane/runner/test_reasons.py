"""What is used up is told from what the kernel counts, then from what the job says."""

import signal

import pytest

from planes.data_plane.runner.reasons import LIMIT_REASONS, Evidence, find_reason
from planes.data_plane.runner.request import Limits

LIMITS = Limits(
    open_files=64, processes=40, file_size_bytes=2**20, total_memory_bytes=2**30, disk_bytes=2**30, processor_seconds=9
)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        (b"MemoryError", "out_of_memory"),
        (b"OSError: [Errno 12] Cannot allocate memory", "out_of_memory"),
        (b"terminate called after throwing an instance of 'std::bad_alloc'", "out_of_memory"),
        (b"OSError: [Errno 28] No space left on device: 'x'", "disk_full"),
        (b"cp: error writing 'x': No space left on device", "disk_full"),
        (b"OSError: [Errno 122] Disk quota exceeded", "disk_full"),
        (b"OSError: [Errno 27] File too large", "file_limit"),
        (b"OSError: [Errno 24] Too many open files: '/dev/null'", "open_files"),
        (b"RuntimeError: can't start new thread", "too_many_processes"),
        (b"BlockingIOError: [Errno 11] Resource temporarily unavailable", "too_many_processes"),
        (b"sh: 1: Cannot fork", "too_many_processes"),
    ],
)
def test_what_programs_say_names_what_is_used_up(said: bytes, word: str) -> None:
    found = find_reason(Evidence(exit_code=1, signal=None, said=b"Traceback\n" + said), LIMITS)

    assert found is not None
    assert found.word == word
    assert found.word in LIMIT_REASONS


def test_an_exception_of_the_job_itself_is_no_such_reason() -> None:
    for said in (
        b"ValueError: memory", b"KeyError: 'disk'", b"OSError: [Errno 2] No such file",
        b"Traceback\nModuleNotFoundError: No module named 'x'\n\nDuring handling\nRuntimeError: other\n",
        b"\nYou must install additional dependencies to run `a`.\n\nDuring handling\nTraceback \nRuntimeError: other\n",
    ):  # fmt: skip
        assert find_reason(Evidence(exit_code=1, signal=None, said=said), LIMITS) is None


@pytest.mark.parametrize(
    "said",
    [
        b"python: Error while finding module specification for 'dlt._workspace.deployment.launchers.job' (Module",
        b"python: No module named dlt._workspace.deployment.launchers.agent",
    ],
)
def test_a_dlt_without_the_launcher_is_said_to_be_too_old(said: bytes) -> None:
    found = find_reason(Evidence(exit_code=1, signal=None, said=said), LIMITS)

    assert found is not None
    assert (found.word, "too old" in found.text) == ("exit_code", True)


@pytest.mark.parametrize(
    ("exit_code", "ended_by", "said", "told"),
    [
        (3, None, b"", "exit code 3"),
        (3, None, b"see the manual", "exit code 3"),
        (1, None, b" \n", "exit code 1"),
        (None, signal.SIGHUP, b"", "signal 1 (SIGHUP)"),
        (None, signal.SIGRTMIN + 2, b"", "signal 36"),
    ],
)
def test_an_end_without_a_word_is_told(exit_code: int | None, ended_by: int | None, said: bytes, told: str) -> None:
    found = find_reason(Evidence(exit_code=exit_code, signal=ended_by, said=said), LIMITS)

    assert found is not None
    assert found.word == ("exit_code" if exit_code else "signal")
    assert told in found.text


def test_what_the_kernel_counted_goes_before_what_the_job_says() -> None:
    said = b"OSError: [Errno 28] No space left on device"
    found = find_reason(Evidence(exit_code=1, signal=None, said=said, memory_kills=1), LIMITS)

    assert found is not None
    assert (found.word, "1,024 MiB" in found.text) == ("out_of_memory", True)


def test_a_kill_from_outside_is_told_from_one_for_want_of_memory() -> None:
    killed = Evidence(exit_code=None, signal=signal.SIGKILL)
    outside, machine = find_reason(killed, LIMITS), find_reason(killed._replace(machine_kills=1), LIMITS)
    builder = find_reason(killed._replace(is_user=False), LIMITS)

    assert outside is not None
    assert machine is not None
    assert (outside.word, machine.word) == ("signal", "out_of_memory")
    assert "the machine had none left" in machine.text
    assert builder is not None
    assert "by the job itself" not in builder.text
    child = Evidence(exit_code=128 + signal.SIGKILL, signal=None, said=b"uv was killed", machine_kills=1, is_user=False)
    assert find_reason(child, LIMITS) == machine
    assert find_reason(child._replace(machine_kills=0), LIMITS) is None


_NO_EXTRA = (
    b"dlt.common.exceptions.MissingDependencyException: \nYou must install additional dependencies to run `duckdb "
    b'destination`. If you use pip you may do the following:\n\npip install "dlt[duckdb]"\n\n'
    b"Dependencies for specific destinations are available as extras of dlt\n"
)


@pytest.mark.parametrize(("said", "instead"), [
    (b"OSError: [Errno 97] Address family not supported by protocol\n", 'get_context("spawn")'),
    (b"EOFError: EOF when reading a line\nname? ", "from the configuration or a variable"),
    (
        b'  File "/usr/lib/python3.13/getpass.py", line 148, in _raw_input\n    raise EOFError\nEOFError\n',
        "from the configuration or a variable",
    ),
    (b"Traceback\nModuleNotFoundError: No module named 'humanize'\n", "-r, -c, -e"),
    (b"Traceback\nModuleNotFoundError: No module named 'a.b'; 'a' is not a package\n", "install uv where you deploy"),
    (_NO_EXTRA, "dlt[...] with that extra"),
    (
        b"Since no destination type was found, dlt also tried to resolve 'playground' as a standard destination. How",
        "[destination.playground]",
    ),
    (b"Traceback\nKeyError: 'getpwuid(): uid not found: 80005'\n", "Set the variable LOGNAME"),
], ids=["closed socket", "standard input", "passphrase", "package", "module", "extra", "place", "name"])  # fmt: skip
def test_who_asks_for_what_no_job_has_is_told_what_to_do_instead(said: bytes, instead: str) -> None:
    found = find_reason(Evidence(exit_code=1, signal=None, said=said), LIMITS)

    assert found is not None
    assert instead in found.text
    assert find_reason(Evidence(exit_code=1, signal=None, said=said, is_user=False), LIMITS) is None
