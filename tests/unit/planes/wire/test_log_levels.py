"""What a line says of how bad it is."""

from __future__ import annotations

import pytest

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
    ],
)  # fmt: skip
def test_what_says_that_there_is_none_is_none(text: str) -> None:
    assert find_level(text, "user") is None


def test_a_warning_before_an_error_is_a_warning() -> None:
    told = find_level("DeprecationWarning: error is gone", "user")

    assert told is not None
    assert told == ("warning", 0, 18)


def test_the_platform_says_nothing_of_the_job() -> None:
    assert find_level("error: x", "runner") is None
    assert find_level("error: x", "setup") is None
