"""The search behind `doctor --residency` finds a word in every form in which it could have left its region."""

from __future__ import annotations

import base64
import gzip
import os
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard

from planes.host.proof import places_of, search_folder, search_memory, separation_of, sign_report
from planes.tokens.keys import PublicKey, SigningKey

WORD = "markq7" + os.urandom(7).hex()


def database(path: Path, cell: bytes) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('create table "odd ""name" (content blob)')
        connection.execute('insert into "odd ""name" values (?)', (cell,))


FORMS = {
    "plain": WORD.encode(),
    "upper": WORD.upper().encode(),
    "backwards": WORD[::-1].encode(),
    "hexadecimal": b"{" + WORD.encode().hex().encode() + b"}",
    "base64": base64.b64encode(b"a" + WORD.encode() + b" and more"),
    "base64, one later": base64.b64encode(b"ab" + WORD.encode() + b" and more"),
    "gzip": gzip.compress(b"before " + WORD.encode()),
    "zstd, second frame": zstandard.compress(b"first") + zstandard.compress(WORD.encode()),
    "zstd behind a skippable frame": b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard.compress(WORD.encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_in_a_file_is_found(tmp_path: Path, form: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"x" * 5000 + FORMS[form] if form in {"plain", "upper"} else FORMS[form])
    found = search_folder(tmp_path, [WORD])

    assert len(found.hits[WORD]) == 1
    assert found.hits[WORD][0].startswith("deep/file (")
    assert (found.files, found.unread) == (1, [])


PIECE = 2**20


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize("before", [PIECE - len(WORD) // 2, 2 * PIECE - 1, 3 * PIECE])
def test_words_over_the_borders_of_what_is_read_at_once_are_found(
    tmp_path: Path, pack: Callable[[bytes], bytes], before: int
) -> None:
    (tmp_path / "file").write_bytes(pack(bytes(before) + WORD.encode() + bytes(PIECE)))

    assert search_folder(tmp_path, [WORD]).hits == {WORD: ["file (plain)"]}


def test_words_are_told_apart_whether_they_begin_alike_or_not(tmp_path: Path) -> None:
    alike, other = WORD[:-4] + "zzzz", "Zq" + os.urandom(9).hex()
    for name, word in (("a", WORD), ("b", alike), ("c", other)):
        (tmp_path / name).write_bytes(word.encode() + b" " + word[::-1].encode())
    (tmp_path / "d").write_bytes(WORD[:-4].encode())

    for words in ([WORD, alike], [WORD, alike, other]):
        hits = search_folder(tmp_path, words).hits

        assert {word: len(found) for word, found in hits.items()} == dict.fromkeys(words, 2)


def test_a_log_of_very_many_frames_is_read(tmp_path: Path) -> None:
    (tmp_path / "log.zst").write_bytes(
        zstandard.compress(os.urandom(1000)) * 20_000 + zstandard.compress(WORD.encode())
    )

    assert search_folder(tmp_path, [WORD]).hits == {WORD: ["log.zst (plain)"]}


def test_a_folder_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    # Its path is longer than the system takes, so that nobody can list it by its name, root neither.
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(40):
        os.mkdir("x" * 200, dir_fd=here)
        below = os.open("x" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    found = search_folder(tmp_path, [WORD])

    assert len(found.unread) == 1
    assert found.unread[0].endswith("File name too long")


def test_compressed_cells_and_names_are_searched(tmp_path: Path) -> None:
    database(tmp_path / "region.db", zlib.compress(WORD.encode()))
    (tmp_path / f"notes-{WORD}").mkdir()
    (tmp_path / f"notes-{WORD}" / "empty").touch()
    found = search_folder(tmp_path, [WORD])

    assert sorted(found.hits[WORD]) == [f"notes-{WORD}/empty (its name, plain)", "region.db (plain)"]


def test_what_only_begins_like_an_archive_is_read_as_it_is(tmp_path: Path) -> None:
    for number, head in enumerate((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"SQLi")):
        (tmp_path / f"{number}.bin").write_bytes(head + b" no archive " + WORD.encode())
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\0 and then nothing")
    found = search_folder(tmp_path, [WORD])

    assert len(found.hits[WORD]) == 3
    assert [problem.partition(":")[0] for problem in found.unread] == ["broken.db"]


def test_only_this_folder_when_asked(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "file").write_text(WORD)

    assert search_folder(tmp_path, [WORD], is_deep=False).hits == {WORD: []}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="memory is read through Linux's /proc")
def test_memory_is_searched() -> None:
    kept = bytearray(WORD.encode())

    assert any("(plain)" in hit for hit in search_memory(os.getpid(), [WORD]).hits[WORD])
    assert kept
    absent = search_memory(2**22 + 1, [WORD])
    assert (absent.hits, len(absent.unread)) == ({WORD: []}, 1)


def test_every_plane_of_a_home_is_a_place(tmp_path: Path) -> None:
    for folder in ("control", "data/eu1", "data/us1", "client"):
        (tmp_path / folder).mkdir(parents=True)
    found = {place.name: (place.region, place.is_deep) for place in places_of(tmp_path)}

    assert found == {
        "control plane": (None, True), "home": (None, False), "eu1": ("eu1", True), "us1": ("us1", True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("host", "planes", "expected"),
    [("127.0.0.1", {"eu1": "x"}, "code only"), ("localhost", {}, "process"), ("eu1.orchard.example", {}, "host")],
)
def test_no_more_separation_is_claimed_than_there_is(host: str, planes: dict[str, str], expected: str) -> None:
    assert separation_of(planes, "eu1", host) == expected


def test_a_report_is_signed_by_every_plane(tmp_path: Path) -> None:
    keys = {
        plane: SigningKey.load_or_create(tmp_path / path)
        for plane, path in (("control", "control/signing.key"), ("eu1", "data/eu1/identity.key"))
    }
    document = sign_report(tmp_path, {"b": "ä", "a": [1]})
    signatures = document["signatures"]

    assert isinstance(signatures, list)
    assert {one["plane"]: one["key"] for one in signatures} == {plane: key.public.text for plane, key in keys.items()}
    for one in signatures:
        signature = base64.urlsafe_b64decode(one["signature"])
        assert PublicKey.parse(one["key"]).verifies(signature, b'{"a":[1],"b":"\\u00e4"}')
