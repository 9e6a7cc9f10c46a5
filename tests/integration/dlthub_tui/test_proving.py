"""What the search of a whole home calls a leak."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlthub_tui.embed.proving import Findings, Sought, search_home

pytestmark = pytest.mark.anyio

SOUGHT = Sought(region="eu1", word="marka" + os.urandom(8).hex(), secret="markb" + os.urandom(8).hex())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("control", "data/eu1/logs", "data/us1", "client"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "data/eu1/logs/0.ndjson").write_text(f"said {SOUGHT.word}stdout\n")
    (tmp_path / "client" / "mine").write_text(SOUGHT.word)
    return tmp_path


def is_clean(found: Findings) -> bool:
    return not (found.elsewhere or found.secrets or found.unread)


async def test_words_at_home_are_no_leak(home: Path) -> None:
    (found,) = await search_home(home, [SOUGHT], None)

    assert (found.own, is_clean(found)) == (1, True)
    assert [place["place"] for place in found.searched] == ["control plane", "home", "eu1", "us1"]


async def test_words_of_several_regions_are_kept_apart(home: Path) -> None:
    other = Sought(region="us1", word="marka" + os.urandom(8).hex(), secret="markb" + os.urandom(8).hex())
    (home / "data/us1/blob").write_text(other.word)
    (home / "control/control.log").write_text(other.word)
    first, second = await search_home(home, [SOUGHT, other], None)

    assert (first.own, is_clean(first)) == (1, True)
    assert (second.own, len(second.elsewhere)) == (1, 1)


@pytest.mark.parametrize("place", ["control/control.log", "data/us1/blob", "platform.log"])
async def test_words_in_any_other_part_are(home: Path, place: str) -> None:
    (home / place).write_text(SOUGHT.word.upper())
    (found,) = await search_home(home, [SOUGHT], None)

    assert len(found.elsewhere) == 1
    assert f"{place.rpartition('/')[2]} (upper case)" in found.elsewhere[0]


async def test_a_secret_is_one_even_at_home(home: Path) -> None:
    (home / "data/eu1/logs/1.ndjson").write_text(SOUGHT.secret)
    (found,) = await search_home(home, [SOUGHT], None)

    assert (found.elsewhere, found.secrets) == ((), ("eu1: logs/1.ndjson (plain)",))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root reads memory, through /proc")
async def test_the_memory_of_a_control_plane_of_its_own_is_a_part(home: Path) -> None:
    code = (
        f"import sys; kept = bytearray({SOUGHT.word[:9]!r}.encode() + {SOUGHT.word[9:]!r}.encode()); print(flush=True)"
    )
    words = [sys.executable, "-c", code + "; sys.stdin.read()"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        (found,) = await search_home(home, [SOUGHT], process.pid)
        process.stdin.close()

    assert found.elsewhere
    assert all(hit.startswith("memory of the control plane: address") for hit in found.elsewhere)
