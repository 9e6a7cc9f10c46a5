from __future__ import annotations

import pytest

from dlthub_tui.cli.opening import OpenRequest, parse_open_request


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], OpenRequest()),
        (["--home", "/tmp/h", "--ascii"], OpenRequest(home="/tmp/h", ascii=True)),
        (["--home=/tmp/h", "--slow", "--calm", "--read-only"], OpenRequest("/tmp/h", None, True, False, True, True)),
    ],
)
def test_options_alone_open_the_app(words: list[str], expected: OpenRequest) -> None:
    assert parse_open_request(words) == expected


@pytest.mark.parametrize("words", [["serve"], ["--help"], ["--home"], ["--home", "--ascii"], ["--nonsense"], ["x"]])
def test_words_and_unknown_options_go_to_the_command_framework(words: list[str]) -> None:
    assert parse_open_request(words) is None
