from __future__ import annotations

from pathlib import Path

import anyio
import pytest

from dlthub_tui.cli.opening import OpenRequest, parse_open_request, reach_of, why_closed
from dlthub_tui.cli.reaching import NotReached, Target, _sign_in
from dlthub_tui.session.connection import Connection
from dlthub_tui.session.store import SessionStore
from dlthub_tui.settings import HOME_VARIABLE, KEY_VARIABLE, find_editor, find_home, find_key
from dlthub_tui.viewmodel.options import Reach


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


def test_a_home_that_does_not_open_is_said_before_the_app_is_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    (tmp_path / "client").mkdir()

    assert why_closed(tmp_path) is None
    assert why_closed(tmp_path / "new") is None
    assert why_closed(taken) == f"{taken} is no folder. Choose another home: --home FOLDER."
    monkeypatch.setattr("os.access", lambda path, _mode: path not in {tmp_path, tmp_path / "client"})
    assert why_closed(tmp_path / "new" / "home") == (
        f"Nothing can be made in {tmp_path}. Choose another home: --home FOLDER."
    )
    assert (why_closed(tmp_path) or "").startswith(f"{tmp_path} is another user's, and opens for that user alone.")


def test_a_home_that_lies_in_a_closed_folder_is_not_called_another_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "stat", closed)
    monkeypatch.setattr("os.access", lambda path, _mode: path in tmp_path.parents)

    assert why_closed(tmp_path / "home") == (
        f"{tmp_path} is closed to you, and {tmp_path / 'home'} lies in it. Choose another home: --home FOLDER."
    )


def test_another_shell_is_told_of_a_home_that_only_this_one_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))

    assert reach_of(find_home(None), None) == Reach(home=str(tmp_path))
    assert reach_of(find_home(None, {}), None) == Reach()
    assert reach_of(find_home(None, {}), "https://control.example") == Reach(url="https://control.example")


def test_a_key_has_not_the_end_of_the_line_that_its_file_had() -> None:
    assert find_key({"DLTHUB_TUI_API_KEY": "dlt_u_1\r\n"}) == "dlt_u_1"
    assert find_key({"DLTHUB_TUI_API_KEY": " \n"}) is None


def test_a_home_below_nobodys_folder_is_a_path_like_any_other() -> None:
    assert find_home("~nobody-of-this-name/x").parts[-2:] == ("~nobody-of-this-name", "x")


def test_a_key_that_was_broken_over_lines_is_not_called_a_plane_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "dlt_u_1\n23\n")
    connection = Connection("http://127.0.0.1:1", SessionStore(tmp_path, uses_keyring=False))

    with pytest.raises(NotReached, match=f"{KEY_VARIABLE} holds a blank, a line's end"):
        anyio.run(_sign_in, connection, Target(home=tmp_path, url="http://127.0.0.1:1"))


def test_an_editor_whose_quotes_do_not_close_is_named_by_what_is_said_of_it() -> None:
    assert find_editor({"EDITOR": '"unclosed'}) == ('"unclosed',)
    assert find_editor({"EDITOR": "code --wait"}) == ("code", "--wait")
