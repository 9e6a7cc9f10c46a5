"""What the demo says when it is stopped before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from dlthub_tui.cli import exits
from dlthub_tui.cli.tour.platform import DemoPlatform
from dlthub_tui.cli.tour.touring import Tour, run_tour


def test_a_demo_that_is_interrupted_says_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_platform: DemoPlatform) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(DemoPlatform, "start", interrupted)
    monkeypatch.setattr("dlthub_tui.cli.exits.signal.signal", lambda *_: None)

    assert run_tour(Tour(tmp_path / "kept", is_auto=False, record=None, pace=1)) == exits.FAILED
    assert capsys.readouterr().err.endswith(
        f"Stopped before the demo was ready; what was made of it stays in {tmp_path}/kept.\n"
    )
    assert run_tour(Tour(None, is_auto=False, record=None, pace=1)) == exits.FAILED
    assert capsys.readouterr().err.endswith("Stopped before the demo was ready; its folder is removed.\n")
