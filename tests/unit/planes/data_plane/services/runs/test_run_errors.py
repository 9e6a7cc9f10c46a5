"""Why a run failed, from the end of its log."""

from __future__ import annotations

import json
import traceback

from planes.data_plane.services.runs.run_errors import find_error


def log(*lines: tuple[str, str, str], stage: str = "build") -> bytes:
    """Wire lines of (source, stream, content); those of set-up are of this stage."""
    return b"".join(
        json.dumps({
            "source": source, "io_stream": stream, "content": content, "stage": stage if source == "setup" else "run",
        }).encode() + b"\n"
        for source, stream, content in lines
    )  # fmt: skip


def printed(error: BaseException) -> list[tuple[str, str, str]]:
    text = "".join(traceback.format_exception(error))
    return [("user", "stderr", line) for line in text.splitlines()]


def raised() -> ValueError:
    try:
        try:
            raise KeyError("station")
        except KeyError as exc:
            raise ValueError("no news\nof the station") from exc
    except ValueError as exc:
        return exc


def test_the_last_exception_is_the_reason_and_those_before_it_are_told() -> None:
    earlier = [("user", "stderr", line) for line in ("Traceback (most recent call last):", "OldError: handled", "on")]
    found = find_error(log(*earlier, ("user", "stdout", "printed"), *printed(raised()), ("runner", "other", "exit 1")))

    assert found is not None
    assert found.reason == "ValueError: no news"
    assert found.text.startswith("Traceback (most recent call last):")
    assert "KeyError: 'station'" in found.text
    assert "of the station" in found.text
    assert "OldError" not in found.text
    assert "exit 1" not in found.text


def test_a_group_names_itself() -> None:
    try:
        raise ExceptionGroup("several", [raised(), KeyError("two")])
    except ExceptionGroup as exc:
        found = find_error(log(*printed(exc)))

    assert found is not None
    assert found.reason == "ExceptionGroup: several (2 sub-exceptions)"
    assert "ValueError: no news" in found.text


def test_set_up_that_failed_is_the_reason_when_nothing_ran() -> None:
    found = find_error(log(("setup", "stdout", "building"), ("setup", "stderr", "no such package: orchard")))

    assert found is not None
    assert found.reason == "no such package: orchard"


def test_what_the_platform_says_of_the_end_is_the_reason() -> None:
    ended = ("setup", "stderr", "Out of memory: load less.")
    with_exception = find_error(log(*printed(raised()), ended, stage="run"))
    killed = find_error(log(("user", "stderr", "loading"), ended, stage="run"))

    assert with_exception is not None
    assert killed is not None
    assert with_exception.reason == killed.reason == "Out of memory: load less."
    assert "KeyError: 'station'" in with_exception.text
    assert killed.text == "loading\nOut of memory: load less."


def test_nothing_is_made_up() -> None:
    assert find_error(b"") is None
    assert find_error(log(("user", "stdout", "fine"), ("runner", "other", "exit code 3"))) is None


def test_of_a_huge_statement_that_an_exception_quotes_its_beginning_is_told() -> None:
    said = "ValueError: no such column: INSERT " + "x" * 250_000
    found = find_error(
        log(*printed(raised()), ("user", "stderr", "Traceback (most recent call last):"), ("user", "stderr", said))
    )

    assert found is not None
    assert found.reason.startswith("ValueError: no such column: INSERT xxx")
    assert found.reason.endswith("x…")
    assert len(found.text) < 10_000
