"""`dlthub-tui scrub` as a user's shell runs it."""

from __future__ import annotations

import base64
import gzip
import os
import random
import secrets
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "dlthub_tui.cli.main", "scrub"]


def scrub(*words: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words],
        input=stdin,
        capture_output=True,
        timeout=240,
        check=False,
        env={**os.environ, **(env or {})},
    )


@contextmanager
def running(*words: str) -> Generator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*COMMAND, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def ordinary_bytes() -> bytes:
    """Text without secrets, with every line end there is, and bytes that are no text."""
    source = random.Random(3)
    noise = b"".join(source.randbytes(40) + b"\n" for _ in range(200))
    return "plain é漢 row 17\r\n\r\n\tone\x0b\x0c\u2028two\n".encode() * 500 + noise + b"\x00\xff\xfe\n\n\nno end"


def test_text_without_secrets_comes_out_byte_for_byte(tmp_path: Path) -> None:
    given = ordinary_bytes()
    (tmp_path / "app.log").write_bytes(given)

    from_file = scrub(str(tmp_path / "app.log"))
    from_pipe = scrub("-", stdin=given)

    assert (from_file.returncode, from_file.stdout, from_file.stderr) == (0, given, b"")
    assert (from_pipe.returncode, from_pipe.stdout, from_pipe.stderr) == (0, given, b"")


def test_values_of_files_and_variables_are_masked_in_their_forms(tmp_path: Path) -> None:
    first, second, third = (secrets.token_hex(12) for _ in range(3))
    (tmp_path / "values").write_text(f"{first}\r\n\n{second}\n")
    coded = base64.b64encode(f"user:{second}".encode()).decode()
    text = f"a {first} b\r\nc {coded} d\ne {third[:10]}\n{third[10:]} f {third.encode().hex()}\n"

    done = scrub(
        "--value-file", str(tmp_path / "values"), "--env", "MINE", "-", stdin=text.encode(), env={"MINE": third}
    )
    printed = done.stdout.decode()

    assert done.returncode == 0
    assert printed.startswith("a [masked:secret] b\r\nc ")
    assert "[masked:MINE]\n f [masked:MINE]" in printed
    assert printed.count("\n") == text.count("\n")
    for value in (first, second, third):
        assert not any(value[place : place + 8] in printed for place in range(len(value) - 7))
    assert coded[8:24] not in printed


def test_lines_go_on_as_they_come_and_beginnings_of_values_wait(tmp_path: Path) -> None:
    value = secrets.token_hex(12)
    (tmp_path / "values").write_text(value)
    with running("-", "--value-file", str(tmp_path / "values")) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(b"first line\n")
        assert process.stdout.readline() == b"first line\n"
        process.stdin.write(f"second\nthird {value[:13]}".encode())
        assert process.stdout.readline() == b"second\n"
        process.stdin.write(f"{value[13:]} end\n".encode())
        assert process.stdout.readline() == b"third [masked:secret] end\n"
        process.stdin.close()
        assert process.wait(240) == 0


def test_hits_are_counted_on_standard_error() -> None:
    done = scrub("-", "--counts", "--env", "MINE", stdin=b"q w e r t y\nmy-own-value my-own-value\npassword=hunter2-xyz\n", env={"MINE": "my-own-value"})  # fmt: skip  # noqa: E501
    clean = scrub("--counts", "-", stdin=b"nothing here\n")

    assert done.stderr.decode().splitlines()[0] == "2 MINE"
    assert len(done.stderr.decode().splitlines()) == 2
    assert b"my-own-value" not in done.stdout + done.stderr
    assert clean.stderr == b"0 masked\n"


def test_personal_data_is_masked_when_asked_for() -> None:
    text = b"mail from ada@orchard-farm.io at noon\n"

    assert scrub("-", stdin=text).stdout == text
    assert b"ada@" not in scrub("-", "--pii", "email,phone", stdin=text).stdout


def test_guard_makes_control_sequences_inert() -> None:
    given = b"a\x1b[2J\x1b]52;c;aGk=\x07b\r\n\x1b[31mred\nbad \x9b\xff byte \xe2\x80\xae\nplain\ttab\nno end\x1b["

    assert scrub("-", "--guard", stdin=given).stdout.decode().split("\n") == [
        "a\u241b[2J\u241b]52;c;aGk=\u2407b\r",
        "\x1b[31mred\x1b[0m",
        "bad \\x9b\\xff byte <U+202E>",
        "plain\ttab",
        "no end\u241b[",
    ]
    assert scrub("-", stdin=given).stdout == given


def test_guard_takes_a_line_without_end_in_pieces() -> None:
    given = "é\x07漢".encode() * 200_000

    assert scrub("-", "--guard", stdin=given).stdout.decode() == "é\u2407漢" * 200_000


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["/nowhere/app.log"], 1, "/nowhere/app.log cannot be read: No such file or directory."),
        (["/"], 1, "/ is a folder; scrub reads one file."),
        (
            ["-", "--value-file", "/nowhere/values"],
            1,
            "/nowhere/values cannot be read: No such file or directory. Nothing",
        ),
        (["-", "--env", "NOT_SET_ANYWHERE"], 2, "The environment variable NOT_SET_ANYWHERE is not set. Nothing was"),
        (["-", "--pii", "email,shoe"], 2, "shoe is no class of personal data; there are email, "),
        (["--value", "-"], 2, ""),
        (["--count"], 2, "--count is no option of scrub."),
        ([], 2, ""),
    ],
)
def test_what_cannot_be_done_is_said_and_lets_nothing_through(words: list[str], code: int, sentence: str) -> None:
    done = scrub(*words, stdin=b"text\n")

    assert done.returncode == code
    assert sentence.encode() in done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            "token\n".encode("utf-16"),
            "is UTF-16 text, in which nothing would be found. Nothing was let through. iconv -f",
        ),
        (
            "token\n".encode("utf-16-le"),
            "is UTF-16 text, in which nothing would be found. Nothing was let through. iconv",
        ),
        (
            gzip.compress(b"token\n"),
            "is compressed, in which nothing would be found. Nothing was let through. gzip -dc",
        ),
    ],
    # Not from the bytes: gzip writes the time, and every process would call the test something else.
    ids=["UTF-16 with its mark", "UTF-16", "gzip"],
)
def test_bytes_in_which_nothing_would_be_found_are_told_and_not_let_through(
    given: bytes, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "app log").write_bytes(given)
    with running("-") as process:
        assert process.stdin
        process.stdin.write(given[:1])  # a pipe may give a single byte
        process.stdin.write(given[1:])
        from_pipe = process.communicate(timeout=240)
    from_file = scrub(str(tmp_path / "app log"))

    assert (process.returncode, from_pipe[0]) == (1, b"")
    assert f"The input {sentence}".encode() in from_pipe[1]
    assert (from_file.returncode, from_file.stdout) == (1, b"")
    assert f"{tmp_path}/app log {sentence}".encode() in from_file.stderr
    assert b"/app log' | dlthub-tui scrub - reads it.\n" in from_file.stderr


def test_few_bytes_that_begin_as_an_archive_does_come_out() -> None:
    assert scrub("-", stdin=b"PK").stdout == b"PK"
    assert scrub("-", stdin=b"BZh and text\n").stdout == b"BZh and text\n"


def test_values_that_are_too_short_are_told(tmp_path: Path) -> None:
    (tmp_path / "values").write_text("longer-value\nabc\n")

    done = scrub("-", "--value-file", str(tmp_path / "values"), stdin=b"abc longer-value\n")

    assert done.stdout == b"abc [masked:secret]\n"
    assert b"The value in line 2 of " in done.stderr
    assert done.stderr.endswith(b"values is too short to be masked: it is under five characters.\n")


def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    with running("-") as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"one\n")
        assert process.stdout.readline() == b"one\n"
        process.stdout.close()
        process.stdin.write(b"two\n")

        assert process.wait(240) == -signal.SIGPIPE
        assert process.stderr.read() == b""


def test_an_interrupt_ends_it_quietly_and_releases_no_half_value(tmp_path: Path) -> None:
    value = secrets.token_hex(12)
    (tmp_path / "values").write_text(value)
    with running("-", "--counts", "--value-file", str(tmp_path / "values")) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(f"x {value} y\nhalf {value[:12]}".encode())
        assert process.stdout.readline() == b"x [masked:secret] y\n"
        process.send_signal(signal.SIGINT)

        assert process.wait(240) == -signal.SIGINT
        assert process.stdout.read() == b""
        assert process.stderr.read() == b"1 secret\n"


def test_memory_does_not_grow_with_the_input() -> None:
    lines = b"2026-01-02 INFO row of an ordinary log that says nothing\n" * 4000
    peaks: list[int] = []
    with subprocess.Popen([*COMMAND, "-", "--guard"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin
        for _ in range(2):
            for piece in [*[lines] * 8, *[b"z" * len(lines)] * 8, b"\n"]:
                process.stdin.write(piece)
            process.stdin.flush()
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(status.split("VmHWM:")[1].split()[0]))
        process.stdin.close()
        assert process.wait(240) == 0

    assert peaks[0] < 120_000
    assert peaks[1] - peaks[0] < 4_000


def test_it_starts_without_what_it_does_not_need() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "dlthub_tui.cli.main", "scrub", "-"],
        input=b"x\n", capture_output=True, text=False, timeout=240, check=True,
    )  # fmt: skip
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.decode().splitlines() if "|" in line}

    assert done.stdout == b"x\n"
    assert "planes.scrub" in loaded
    for name in ("textual", "dlt", "httpx", "pydantic", "sqlalchemy", "anyio", "keyring", "planes.host"):
        assert name not in loaded, name
