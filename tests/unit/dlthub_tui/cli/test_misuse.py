"""What is said of a command line that does not fit: one sentence, as of every other failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.cli import exits
from dlthub_tui.cli.commands import run_command
from dlthub_tui.cli.main import main
from dlthub_tui.client.errors import NotSignedIn, refusal
from dlthub_tui.settings import HOME_VARIABLE, KEY_VARIABLE

HELP = "--help says what there is."
ADDRESSES = "It begins with https://, or with http:// on this machine."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("runz", f'No command "runz". Nearest: run, runs. dlthub-tui {HELP}'),
        ("frobnicate", f'No command "frobnicate". dlthub-tui {HELP}'),
        ("admin usr", f'No command "admin usr". Nearest: user. dlthub-tui admin {HELP}'),
        ("admin org foo", f'No command "admin org foo". dlthub-tui admin org {HELP}'),
        ("--home /x demo --autoplay", "The options of demo stand behind it: dlthub-tui demo --help says which."),
        ("serve --port 9.5", f'--port takes a whole number, not "9.5". dlthub-tui serve {HELP}'),
        ("runs a -n 0x10", f'-n takes a whole number, not "0x10". dlthub-tui runs {HELP}'),
        ("run a/b extra", f'"extra" is one word too many. dlthub-tui run {HELP}'),
        ("logs", f"RUN is missing. dlthub-tui logs {HELP}"),
        ("connect", f"URL is missing. dlthub-tui connect {HELP}"),
        (
            "connect shop.example",
            f'"shop.example" is no address of a control plane. Nothing was sent. {ADDRESSES}',
        ),
        ("admin org create x", f"--region is missing. dlthub-tui admin org create {HELP}"),
        ("demo --record", f"--record needs a value behind it. dlthub-tui demo {HELP}"),
        ("runs a --limit ten", f'--limit takes a whole number, not "ten". dlthub-tui runs {HELP}'),
        ("web --port 70000", "--port takes 0 to 65535."),
        ("demo --pace fast", f'--pace takes a number, not "fast". dlthub-tui demo {HELP}'),
        ("runs a --json=maybe", f'--json takes no value, not "maybe". dlthub-tui runs {HELP}'),
        ("completion tcsh", f'"tcsh" is none of bash, zsh, fish. dlthub-tui completion {HELP}'),
        ("runs a --statu x", f"Unknown option: --statu. Did you mean --status? dlthub-tui runs {HELP}"),
    ],
)
def test_misuse_is_one_sentence_that_names_the_help(words: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(words.split()) == exits.WRONG_USAGE
    printed = capsys.readouterr()

    assert (printed.out, printed.err) == ("", f"dlthub-tui: {said}\n")


@pytest.mark.parametrize("words", [["connect", "http://127.0.0.1:1"], ["--ascii"], ["--home", "/nowhere"]])
def test_without_a_terminal_the_app_is_not_drawn(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Into a pipe it would write what only a terminal reads, and wait for keys that never come."""
    with pytest.raises(SystemExit) as left:
        main(words)
    printed = capsys.readouterr()

    assert left.value.code == exits.WRONG_USAGE
    assert printed.out == ""
    assert "needs a terminal" in printed.err


def test_without_a_terminal_the_app_of_an_installation_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`ssh HOST dlthub-tui` gives no terminal; the main job is for machines that have no installation yet."""
    (tmp_path / "owner.key").touch()
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    monkeypatch.setenv("SSH_CONNECTION", "127.0.0.1 1 127.0.0.1 22")
    with pytest.raises(SystemExit) as left:
        main([])

    assert left.value.code == exits.WRONG_USAGE
    assert "ssh -t HOST dlthub-tui" in capsys.readouterr().err


def test_a_key_that_is_not_good_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = NotSignedIn(401, "The credential is unknown, has run out or was revoked. Sign in again.")
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert "connect" in exits.sentence_of(refused)

    monkeypatch.setenv(KEY_VARIABLE, "a key")

    assert exits.sentence_of(refused) == f"The key in {KEY_VARIABLE} is unknown here, has run out or was revoked."


@pytest.mark.parametrize(
    ("key", "message", "said"),
    [
        ("email", "must be an e-mail address", "EMAIL must be an e-mail address."),
        ("expires_in_days", "Input should be less than or equal to 365", "DAYS must be less than or equal to 365."),
        (
            "dataplane_id",
            "String should match pattern '^[a-z]{2,12}[0-9]{0,3}$'",
            "REGION must be letters and up to three digits, such as eu1.",
        ),
        ("profile", "String should match pattern '^x$'", "PROFILE is not in the form that it must have."),
        # Not about what was typed, so it needs the sentence before it.
        ("email", "nobody has it", "The request breaks a rule. email: nobody has it"),
    ],
)
def test_what_a_plane_says_of_fields_names_what_was_typed(key: str, message: str, said: str) -> None:
    body = {"detail": "The request breaks a rule.", "extra": [{"key": key, "message": message}]}

    assert exits.sentence_of(refusal(400, body)).startswith(said)


def test_a_demo_that_was_kept_is_opened_another_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "kept"
    (kept / "home").mkdir(parents=True)

    assert run_command(["demo", "--home", str(kept), "--record", str(tmp_path / "a.cast")]) != exits.DONE
    assert f"opens with dlthub-tui --home {kept / 'home'}." in capsys.readouterr().err
