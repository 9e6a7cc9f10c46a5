"""`trust`: another key of a region is trusted by its fingerprint, and by nothing else."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import anyio
import pytest
from tests.fakes.installation import Installation, served

from dlthub_tui.cli import trusting
from dlthub_tui.cli.commands import run_command
from dlthub_tui.client.errors import PinMismatch
from dlthub_tui.client.pins import Pin, recognise
from dlthub_tui.session.store import FilePins, SessionStore
from planes.tokens.keys import SigningKey
from planes.wire.well_known import grouped_fingerprint, six_words


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Installation]:
    """An installation whose eu1 was met before, and has a new key since."""
    installation = Installation()
    with served(installation):
        monkeypatch.setenv("DLTHUB_TUI_HOME", str(tmp_path))
        monkeypatch.setenv("DLTHUB_TUI_URL", installation.url)
        monkeypatch.setenv("DLTHUB_TUI_API_KEY", installation.tokens[-1])
        anyio.run(recognise, pins_of(installation, tmp_path), "eu1", installation.url)
        installation.keys["eu1"] = SigningKey.generate()
        yield installation


def pins_of(fake: Installation, home: Path) -> FilePins:
    return SessionStore(home / "client", uses_keyring=False).pins(fake.url)


def known(fake: Installation, home: Path) -> str:
    pin = anyio.run(pins_of(fake, home).find, "eu1")
    assert pin is not None
    return pin.fingerprint


def answer(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Somebody sits at a terminal and types that."""
    monkeypatch.setattr(trusting, "has_terminal", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: typed)


def test_another_key_is_refused_and_the_refusal_names_the_command(fake: Installation, tmp_path: Path) -> None:
    with pytest.raises(PinMismatch) as caught:
        anyio.run(recognise, pins_of(fake, tmp_path), "eu1", fake.url)

    assert "If its key is new: dlthub-tui trust eu1" in caught.value.sentence


def test_the_key_of_a_fingerprint_is_trusted_from_then_on(fake: Installation, tmp_path: Path, capsys: Any) -> None:
    new = fake.keys["eu1"].public.fingerprint

    assert run_command(["trust", "eu1", *grouped_fingerprint(new).split()]) == 0
    assert "This key of eu1 is trusted from now on." in capsys.readouterr().out
    assert known(fake, tmp_path) == new
    anyio.run(recognise, pins_of(fake, tmp_path), "eu1", fake.url)

    assert run_command(["trust", "eu1"]) == 0
    assert "is trusted since" in capsys.readouterr().out


@pytest.mark.parametrize("whose", ["the old one", "another"])
def test_another_fingerprint_than_the_region_shows_changes_nothing(
    fake: Installation, tmp_path: Path, capsys: Any, whose: str
) -> None:
    before = known(fake, tmp_path)
    wanted = before if whose == "the old one" else SigningKey.generate().public.fingerprint

    assert run_command(["trust", "eu1", wanted]) == 4
    assert "eu1 shows another key than that one. Nothing changed." in capsys.readouterr().err
    assert known(fake, tmp_path) == before


def test_without_fingerprint_and_terminal_nothing_is_trusted_and_both_keys_are_shown(
    fake: Installation, tmp_path: Path, capsys: Any
) -> None:
    before = known(fake, tmp_path)

    assert run_command(["trust", "eu1"]) == 4
    said = capsys.readouterr().err
    assert "dlthub-tui trust eu1 FINGERPRINT" in said
    assert six_words(before) in said
    assert six_words(fake.keys["eu1"].public.fingerprint) in said
    assert run_command(["trust", "eu1", "--json"]) == 4
    shown = json.loads(capsys.readouterr().out)
    assert (shown["is_trusted"], shown["is_new"], shown["known"]["fingerprint"]) == (False, False, before)
    assert known(fake, tmp_path) == before


@pytest.mark.parametrize("what", ["words", "fingerprint"])
def test_in_a_terminal_what_the_operator_tells_is_typed(
    fake: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    new = fake.keys["eu1"].public.fingerprint
    answer(monkeypatch, six_words(new).upper() if what == "words" else grouped_fingerprint(new))

    assert run_command(["trust", "eu1"]) == 0
    assert known(fake, tmp_path) == new


@pytest.mark.parametrize("typed", ["", "yes", "eu1", "old"])
def test_in_a_terminal_anything_else_changes_nothing(
    fake: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, typed: str
) -> None:
    before = known(fake, tmp_path)
    answer(monkeypatch, six_words(before) if typed == "old" else typed)

    assert run_command(["trust", "eu1"]) == 4
    assert "That is not the key that eu1 shows. Nothing changed." in capsys.readouterr().err
    assert known(fake, tmp_path) == before


def test_known_regions_are_listed_for_each_control_plane(fake: Installation, tmp_path: Path, capsys: Any) -> None:
    key = SigningKey.generate().public
    other = SessionStore(tmp_path / "client", uses_keyring=False).pins("https://planes.example:443")
    anyio.run(keep, other, key.text)

    assert run_command(["trust", "--json", "--url", "https://planes.example"]) == 0
    (item,) = json.loads(capsys.readouterr().out)["items"]
    assert item == {
        "control_plane": "https://planes.example:443", "dataplane_id": "us1", "pinned_at": "2026-03-02",
        "fingerprint": key.fingerprint, "words": six_words(key.fingerprint),
    }  # fmt: skip


def test_without_an_address_those_of_all_control_planes_are_listed(
    fake: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    other = SessionStore(tmp_path / "client", uses_keyring=False).pins("https://planes.example:443")
    anyio.run(keep, other, SigningKey.generate().public.text)
    monkeypatch.delenv("DLTHUB_TUI_URL")

    assert run_command(["trust"]) == 0
    said = capsys.readouterr().out
    assert fake.url in said
    assert "https://planes.example:443" in said
    assert six_words(known(fake, tmp_path)) in said


async def keep(pins: FilePins, key: str) -> None:
    await pins.put(Pin("us1", key, "2026-03-02"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trust", "eu9"], "No region is called eu9 here. There are: eu1, us1."),
        (["trust", "eu1", "3f9ac2d1"], "A fingerprint has 64 digits"),
        (["trust", "eu1", "g" * 64], "A fingerprint has 64 digits"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_wrong_usage_is_said(words: list[str], said: str, capsys: Any) -> None:
    assert run_command(words) == 2
    assert said in capsys.readouterr().err


def test_damaged_pins_are_not_replaced(fake: Installation, tmp_path: Path) -> None:
    for path in (tmp_path / "client").glob("pins-*"):
        path.write_text("{")

    assert run_command(["trust"]) == 4
    assert run_command(["trust", "eu1", fake.keys["eu1"].public.fingerprint]) == 4
    assert [path.read_text() for path in (tmp_path / "client").glob("pins-*")] == ["{"]
