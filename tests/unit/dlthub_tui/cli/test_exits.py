"""What went wrong is said in words."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from dlthub_tui.cli import exits
from dlthub_tui.cli.exits import words_of
from dlthub_tui.client import errors
from dlthub_tui.client.transport import origin_of


def test_a_file_that_cannot_be_read_is_named_without_the_systems_number(tmp_path: Path) -> None:
    missing = tmp_path / "passphrase"

    with pytest.raises(OSError) as refused:
        missing.read_text()

    assert words_of(refused.value) == f"{missing}: No such file or directory."
    assert words_of(ValueError("It is none.")) == "It is none."


def test_a_disk_without_room_for_a_file_of_ours_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = exits.end_unwritten(OSError(errno.ENOSPC, "No space left on device", "/srv/home/client/pins.json"))

    assert code == exits.FAILED
    assert "/srv/home/client/pins.json: No space left on device. Make room there" in capsys.readouterr().err


def test_a_home_that_is_closed_to_this_user_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    code = exits.end_unwritten(PermissionError(errno.EACCES, "Permission denied", "/srv/home/data/us1/tools"))

    assert code == exits.FAILED
    assert "/srv/home/data/us1/tools: Permission denied. A home is open" in capsys.readouterr().err


def test_who_does_not_answer_is_looked_at_where_it_runs() -> None:
    def said(error: errors.ClientError) -> str:
        assert exits.code_of(error) == exits.NOT_REACHABLE
        return exits.sentence_of(error)

    here = said(errors.NotReachable("http://127.0.0.1:8400", "connection refused"))
    here_too = said(errors.TimedOut(str(origin_of("http://[::1]:8400"))))
    far = said(errors.TimedOut("https://tui.example:443"))
    unknown = said(errors.UnknownAuthority("https://tui.example:443", "its certificate is not accepted: self-signed"))

    assert here.endswith("Is it running? dlthub-tui doctor says more.")
    assert here_too.endswith("Is it running? dlthub-tui doctor says more.")
    assert far.endswith("dlthub-tui doctor, on its machine, says more.")
    assert "SSL_CERT_FILE" in unknown
    assert "doctor" not in unknown
    proxied = said(errors.ProxyFailed("https://tui.example:443", "by way of the proxy http://proxy.example:3128"))
    assert "NO_PROXY" in proxied
    assert "doctor" not in proxied
    assert said(errors.NothingBehind(502, "A proxy answers, and no plane behind it.")).endswith("behind it.")
    assert said(errors.SentOn("http://127.0.0.1:80", "https://tui.example:443")).endswith("if it is the one you mean.")


def test_a_log_that_was_removed_points_to_what_a_shell_has() -> None:
    said = exits.sentence_of(errors.Gone(410, "The log was removed on 2 Mar 2026 (90 days).", "log_removed"))

    assert (
        said
        == "The log was removed on 2 Mar 2026 (90 days). How the run ended is in the list: dlthub-tui runs WORKSPACE."
    )
