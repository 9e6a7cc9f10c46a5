"""What a line says of how bad it is."""

from __future__ import annotations

import time

import pytest
from tests.fakes.collector import collector_off

from planes.wire.log_levels import find_level


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ERROR: no such table", "ERROR"),
        ("2026-01-01 12:00:00,1|[ERROR]|dlt|load.py|failed", "ERROR"),
        ("dlt.pipeline.exceptions.PipelineStepFailed: x raised ValueError", "ValueError"),
        ('{"level": "error", "error": null}', "error"),
        ("error: 0.5 is no rate", "error"),
        ("error: nothing was loaded", "error"),
        ("error=true", "error"),
        ("error=False, then an exception", "exception"),
        ("fatal: not a repository", "fatal"),
        ("CRITICAL disk", "CRITICAL"),
        ("  | ValueError: in a group", "ValueError"),
        ("    | KeyError: 'deeper'", "KeyError"),
        ("panic: runtime gone", "panic"),
        ("thread 'main' panicked at src/main.rs:2:5:", "panicked"),
        ("Segmentation fault (core dumped)", "Segmentation fault"),
        ("2026-01-01T12:00:00Z ERR refused db=x", "ERR"),
        ("Jan 01, 2026 12:00:00 PM org.x.Y z\tSEVERE: gone", "SEVERE"),
        ('{"name":"etl","level":50,"msg":"refused"}', "50"),
        ('{"message": "no warning", "severity": "ALERT"}', "ALERT"),
        ("time=12:00 lvl=crit msg=refused", "crit"),
        ("all that was read of the tables of the day stands in a file beside INFO, and an error", "error"),
    ],
)
def test_an_error_is_one(text: str, word: str) -> None:
    told = find_level(text, "user")

    assert told is not None
    assert (told.level, text[told.start : told.end]) == ("error", word)


@pytest.mark.parametrize(
    "text",
    [
        "done, error=False", "error: null", '{"ok": true, "error": null}', "{'error': None, 'rows': 3}", "error=0",
        '"error": ""', "'error': []", '"exception": {}', ":error => nil,", "0 error(s), 0 warning(s)", "No error",
        "finished with no error in 3 s", "warning: false", "errors are counted", "terrorist", "    raise ValueError(x)",
        "  |     raise ValueError(x)",
        '{"event": "retry", "error": "timed out", "level": "info"}', 'level=info msg="retry" err="an error"',
        "2026-01-01 12:00:00,1|[INFO]|dlt|load.py|no table of errors: error_log", "[info     ] retry of an error",
        "26/01/01 12:00:00 INFO Manager: error policy is FAIL", '{"level":30,"msg":"error rate 0.1"}', "don't panic",
        "stderr: nothing", "critique of ERRATA",
    ],
)  # fmt: skip
def test_what_says_that_there_is_none_is_none(text: str) -> None:
    assert find_level(text, "user") is None


def test_a_warning_before_an_error_is_a_warning() -> None:
    told = find_level("DeprecationWarning: error is gone", "user")

    assert told is not None
    assert told == ("warning", 0, 18)


def test_a_level_that_is_stated_wins_over_words() -> None:
    told = find_level('{"error": "timed out", "level": "warn"}', "user")

    assert told is not None
    assert told == ("warning", 33, 37)


def test_a_word_of_any_length_takes_time_by_its_length() -> None:
    def seconds(length: int) -> float:
        with collector_off():
            began = time.thread_time()
            assert find_level("a." * (length // 2), "user") is None
            return time.thread_time() - began

    assert seconds(128 * 1024) < 40 * seconds(16 * 1024) + 0.05


def test_the_platform_says_nothing_of_the_job() -> None:
    assert find_level("error: x", "runner") is None
    assert find_level("error: x", "setup") is None
