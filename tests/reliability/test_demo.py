"""`dlthub-tui demo --record`: the whole tour over real planes, real runs, a kill and a proof, headless at 80x24."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.reliability.sizes import IS_FULL

from dlthub_tui.cli.tour.script import END, PROOF, beats

pytestmark = [pytest.mark.acceptance, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.skipif(not IS_FULL, reason="the whole tour takes some minutes: make reliability")
def test_the_tour_tells_the_whole_story_and_records_it(tmp_path: Path) -> None:
    cast = tmp_path / "tour.cast"
    command = [sys.executable, "-m", "dlthub_tui.cli.main", "demo", "--record", str(cast), "--pace", "0.4"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as demo:
        try:
            said, _ = demo.communicate(timeout=1100)
        finally:
            demo.terminate()  # it stops its platform; nothing happens to one that has ended
    assert demo.returncode == 0, said

    header, *events = [json.loads(line) for line in cast.read_text().splitlines()]
    shown = "".join(text for _, _, text in events)
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    captions = [beat.caption for beat in (*beats("", lambda: None, lambda: None), PROOF, END)]
    places = [shown.find(caption[:50]) for caption in captions]
    assert -1 not in places
    assert places == sorted(places)

    stills = {path.stem: path.read_text() for path in (tmp_path / "tour").iterdir()}
    assert "[masked:SHOP__API_KEY]" in stills["masked"]
    assert "KeyError" in stills["failed"]
    assert "all 60 crates counted" in stills["survived"]
    assert "Nothing left its region" in stills["proof"]
    # The key is a new one each time; whatever it was, no part of what was recorded shows one.
    assert re.search(r"fs_live_[0-9a-f]{4}", shown + "".join(stills.values())) is None
    assert "Traceback" not in "\n".join(text for name, text in stills.items() if name != "failed")


def test_without_a_terminal_it_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "dlthub_tui.cli.main", "demo"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=240, check=False, env={**os.environ},
    )  # fmt: skip

    assert done.returncode == 2
    assert "--record FILE" in done.stderr
