"""Archives by somebody who means harm: each is refused with its rule, and no file appears (Reliability: R6)."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.archives import digest, end, header, listed, manifest, member, pack, pax
from tests.fakes.collector import collector_off

from planes.data_plane.services.uploads.archives import verify_archive
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.data_plane.services.uploads.unpacking import unpack
from planes.domain.errors import InvalidRequest, TooLarge

LIMITS = Limits(unpacked_bytes=64 * 1024 * 1024, members=1000)
ONE = listed({"a": b"x"})
A = member(b"files/a", b"x")


def link(name: bytes, target: bytes) -> bytes:
    return member(name, kind=b"2", link=target)


def raw(members: bytes) -> bytes:
    return gzip.compress(members + bytes(1024))


def with_manifest(text: bytes) -> bytes:
    return raw(A + member(b"manifest.yaml", text))


def changed(**changes: object) -> bytes:
    return end(A, [{**ONE[0], **changes}])


def bomb() -> bytes:
    return end(header(b"files/a", 60_000_000) + bytes(60_000_256), [])


def broken_checksum() -> bytes:
    return raw(A.replace(b"files/a", b"files/b", 1))


def bad_size(field: bytes) -> bytes:
    block = bytearray(header(b"files/a"))
    block[124:136] = field.ljust(12, b"\0")
    block[148:156] = b"        "
    block[148:156] = b"%06o\0 " % sum(block)
    return raw(bytes(block))


CASES: dict[str, tuple[bytes, str]] = {
    "dot-dot": (end(member(b"files/../x", b"x")), "'..'"),
    "dot-dot in the middle": (end(member(b"files/a/../../../x", b"x")), "'..'"),
    "dot-dot by pax": (end(pax({"path": b"files/../../x"}) + A), "'..'"),
    "dot-dot by a GNU long name": (end(member(b"././@LongLink", b"files/../x\0", b"L") + A), "'..'"),
    "absolute": (end(member(b"/etc/passwd", b"x")), "outside files/"),
    "absolute below the prefix": (end(member(b"files//etc/x", b"x")), "absolute"),
    "another top folder": (end(member(b"other/a", b"x")), "outside files/"),
    "the prefix itself": (end(member(b"files/", b"")), "plain form"),
    "a dot": (end(member(b"files/./a", b"x")), "plain form"),
    "a double slash": (end(member(b"files/a//b", b"x")), "plain form"),
    "a trailing slash": (end(member(b"files/a/", b"x")), "plain form"),
    "link to an absolute name": (end(link(b"files/a", b"/etc/passwd")), "absolute"),
    "link to nowhere": (end(link(b"files/a", b"")), "empty"),
    "link out": (end(link(b"files/a", b"../secret")), "leads out"),
    "link out from a folder": (end(link(b"files/d/a", b"../../secret")), "leads out"),
    "link out by pax": (end(pax({"linkpath": b"../secret"}) + link(b"files/a", b"ok")), "leads out"),
    "link out through another link": (
        end(member(b"files/d/e/f", b"x") + link(b"files/d/e/up", b"../..") + link(b"files/out", b"d/e/up/../x")),
        "leads out",
    ),
    "links in a circle": (end(link(b"files/a", b"b") + link(b"files/b", b"a")), "circle"),
    "link with content": (end(member(b"files/a", b"x", b"2", b"b")), "no content"),
    "link named .dlt": (end(link(b"files/.dlt", b"d")), ".dlt"),
    "link below .dlt": (end(link(b"files/.dlt/prod.secrets.toml", b"../a")), ".dlt"),
    "link, then write through it": (end(link(b"files/a", b"..") + member(b"files/a/b", b"x")), "below a link"),
    "file, then write below it": (end(A + member(b"files/a/b", b"x")), "below a file"),
    "folder, then a file of its name": (end(member(b"files/a/b", b"x") + A), "both a file and a folder"),
    "hard link": (end(A + member(b"files/b", kind=b"1", link=b"files/a")), "hard link"),
    "hard link out": (end(member(b"files/b", kind=b"1", link=b"/etc/passwd")), "hard link"),
    "character device": (end(member(b"files/a", kind=b"3")), "character device"),
    "block device": (end(member(b"files/a", kind=b"4")), "block device"),
    "named pipe": (end(member(b"files/a", kind=b"6")), "named pipe"),
    "folder entry": (end(member(b"files/a", kind=b"5")), "folder entry"),
    "contiguous file": (end(member(b"files/a", kind=b"7")), "contiguous"),
    "unknown kind": (end(member(b"files/a", kind=b"V")), "unknown kind"),
    "sparse": (end(member(b"files/a", kind=b"S")), "sparse"),
    "sparse by pax": (end(pax({"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0"}) + A), "sparse"),
    "global header": (end(member(b"g", b"17 path=files/zz\n", b"g") + A), "global header"),
    "set-user-id": (end(member(b"files/a", b"x", mode=0o4755)), "set-user-id"),
    "set-group-id": (end(member(b"files/a", b"x", mode=0o2755)), "set-group-id"),
    "a name twice": (end(A + A), "twice"),
    "names that differ in case": (end(A + member(b"files/A", b"x")), "only in case"),
    "folders that differ in case": (end(member(b"files/d/a", b"x") + member(b"files/D/b", b"x")), "only in case"),
    "names that differ in composition": (
        end(member("files/\u00e9".encode(), b"x") + member("files/e\u0301".encode(), b"x")),
        "only in case",
    ),
    "NUL in a name": (end(member(b"files/a\0../x", b"x")), "NUL"),
    "NUL in a pax name": (end(pax({"path": b"files/a\0b"}) + A), "control character"),
    "newline in a name": (end(member(b"files/a\nb", b"x")), "control character"),
    "escape in a name": (end(member(b"files/a\x1b]0;x\x07", b"x")), "control character"),
    "C1 in a name": (end(member("files/a\u009b31m".encode(), b"x")), "control character"),
    "text direction in a name": (end(member("files/a\u202egpj.exe".encode(), b"x")), "control character"),
    "a name that is not UTF-8": (end(member(b"files/\xff\xfe", b"x")), "UTF-8"),
    "10,000 folders deep": (end(pax({"path": b"files/" + b"a/" * 10_000 + b"x"}) + A), "longer than 1024 bytes"),
    "too deep": (end(pax({"path": b"files/" + b"a/" * 70 + b"x"}) + A), "deeper"),
    "too long": (end(pax({"path": b"files/" + b"a/" + b"b" * 2000}) + A), "longer than 1024 bytes"),
    "a part too long": (end(pax({"path": b"files/" + b"b" * 300}) + A), "longer than 255 bytes"),
    "a header of 1 GB": (gzip.compress(header(b"p", 1_000_000_000, b"x") + bytes(4096)), "header is too large"),
    "a long name of 1 GB": (gzip.compress(header(b"p", 1_000_000_000, b"L") + bytes(4096)), "header is too large"),
    "a header that says two names": (end(member(b"p", b"16 path=files/b\n16 path=files/c\n", b"x") + A), "twice"),
    "two headers that say two names": (end(pax({"path": b"files/b"}) + pax({"path": b"files/c"}) + A), "twice"),
    "a header with a wrong length": (end(member(b"p", b"99 path=files/b\n", b"x") + A), "damaged"),
    "a header without a length": (end(member(b"p", b"path=files/b\n", b"x") + A), "damaged"),
    "a header for nothing": (raw(pax({"path": b"files/b"})), "damaged"),
    "a wrong checksum": (broken_checksum(), "damaged"),
    "a size that is no number": (bad_size(b"12x"), "damaged"),
    "a negative size": (bad_size(b"\xff" * 12), "damaged"),
    "more members than allowed": (
        end(b"".join(member(b"files/%d" % number) for number in range(1001))),
        "more than 1000 members",
    ),
    "bomb": (bomb(), "200 times"),
    "cut off": (end(A, ONE)[:-30], "truncated"),
    "without an end": (gzip.compress(A + member(b"manifest.yaml", manifest(ONE))), "truncated"),
    "half an end": (gzip.compress(A + member(b"manifest.yaml", manifest(ONE)) + bytes(512)), "truncated"),
    "less than it says": (gzip.compress(header(b"files/a", 5000) + b"short"), "truncated"),
    "garbage behind gzip": (end(A, ONE) + b"garbage", "follows its end"),
    "another gzip behind it": (end(A, ONE) + end(A, ONE), "follows its end"),
    "garbage behind tar": (
        gzip.compress(A + member(b"manifest.yaml", manifest(ONE)) + bytes(1024) + b"files"),
        "follows its end",
    ),
    "damaged gzip": (end(A, ONE)[:20] + b"\xff\xff\xff\xff" + end(A, ONE)[24:], "damaged"),
    "not gzip": (b"PK\x03\x04" + bytes(100), "not a gzip stream"),
    "nothing": (b"", "empty"),
    "no manifest": (end(A, with_manifest=False), "no manifest"),
    "two manifests": (end(A + member(b"manifest.yaml", manifest(ONE)), ONE), "two manifests"),
    "a manifest that is a link": (raw(A + link(b"manifest.yaml", b"files/a")), "manifest is a link"),
    "another digest": (changed(sha3_256=digest(b"y")), "another digest"),
    "another size": (changed(size_in_bytes=2), "another size"),
    "another name": (changed(relative_path="b"), "does not list exactly"),
    "a link that is none": (changed(linkname="b"), "another link"),
    "a file that is not listed": (end(A, []), "does not list exactly"),
    "a listed file that is missing": (end(A, listed({"a": b"x", "b": b"y"})), "not there"),
    "a file listed twice": (end(A, [*ONE, *ONE]), "not there"),
    "a list out of order": (
        end(A + member(b"files/b", b"y"), list(reversed(listed({"a": b"x", "b": b"y"})))),
        "does not list exactly",
    ),
    "another engine": (with_manifest(manifest(ONE).replace(b"engine_version: 1", b"engine_version: 2")), "engine"),
    "an unknown key": (with_manifest(manifest(ONE) + b"more: 1\n"), "unknown key"),
    "a key twice": (with_manifest(manifest(ONE) + b"engine_version: 1\n"), "twice"),
    "anchors": (with_manifest(b"engine_version: &x 1\nfiles: []\n"), "anchors"),
    "aliases": (with_manifest(b"files: &a []\nengine_version: *a\n"), "anchors"),
    "tags": (with_manifest(b"engine_version: 1\nfiles: !!python/object:os.system []\n"), "anchors or tags"),
    "directives": (with_manifest(b"%TAG !a! x\n---\n" + manifest(ONE)), "it has directives"),
    "directives of another document": (with_manifest(manifest(ONE) + b"...\r%TAG !a! x\n---\n"), "it has directives"),
    "directives in another encoding": (
        with_manifest(("\ufeff%TAG !a! x\n---\n" + manifest(ONE).decode()).encode("utf-16-be")),
        "byte order mark",
    ),
    "no YAML": (with_manifest(b"{[}"), "not the YAML"),
    "YAML that is a list": (with_manifest(b"- 1\n"), "not the YAML"),
    "two documents": (with_manifest(manifest(ONE) + b"---\n" + manifest(ONE)), "not the YAML"),
    "binary as a manifest": (with_manifest(b"\xff\xfe\x00"), "not the YAML"),
    "an empty manifest": (with_manifest(b""), "not the YAML"),
}  # fmt: skip


def tree_below(folder: Path) -> set[str]:
    return {
        os.path.relpath(Path(place) / name, folder)
        for place, folders, files in os.walk(folder)
        for name in [*folders, *files]
    }


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A folder to unpack into, within one that must stay as it is."""
    (tmp_path / "secret").write_text("not for archives")
    (tmp_path / "trees").mkdir()
    before = tree_below(tmp_path)
    yield tmp_path / "trees" / "tree"

    assert tree_below(tmp_path) == before


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_archive_is_refused_with_its_rule(name: str) -> None:
    archive, rule = CASES[name]
    started = time.thread_time()  # how busy the machine is does not count

    with collector_off(), pytest.raises(InvalidRequest) as refused:
        verify_archive(io.BytesIO(archive), LIMITS)
    seconds = time.thread_time() - started

    assert rule in refused.value.detail
    assert refused.value.detail.isprintable()
    assert seconds < 2


WHAT_PEOPLE_MAKE = {
    "names that differ in case": "(a and A). Rename one",
    "folders that differ in case": "(d and D). Rename one",
    "names that differ in composition": r"(\xe9 and e\u0301). Rename one",
    "newline in a name": "U+000A",
    "text direction in a name": "U+202E",
    "a name that is not UTF-8": "Rename it",
    "too deep": "Shorten it",
    "too long": "Shorten it",
    "a part too long": "Shorten it",
    "link to an absolute name": "relative path",
    "set-user-id": "chmod",
    "named pipe": "Leave it out",
}


@pytest.mark.parametrize("name", WHAT_PEOPLE_MAKE)
def test_what_people_can_mend_in_their_folder_is_said_with_what_to_do(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        verify_archive(io.BytesIO(CASES[name][0]), LIMITS)

    wrong, advice = refused.value.detail.split("). ")
    assert WHAT_PEOPLE_MAKE[name] in refused.value.detail
    assert advice, "it follows what is wrong, and where"
    assert wrong == f"The archive was refused: {refused.value.reasons[0].message}"[:-1], "the client prints both"


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_archive_leaves_no_file_anywhere(name: str, root: Path) -> None:
    with pytest.raises(InvalidRequest):
        unpack(io.BytesIO(CASES[name][0]), root, LIMITS)


@pytest.mark.parametrize(
    "make",
    [
        lambda: gzip.compress(header(b"files/a", 70_000_000)),
        lambda: end(pax({"size": b"99999999999999"}) + A),
        lambda: end(b"".join(member(b"files/%d" % number, os.urandom(1024 * 1024)) for number in range(70))),
    ],
    ids=["one large file", "a large size by pax", "many files"],
)
def test_an_archive_that_unpacks_to_too_much_is_too_large(make: Callable[[], bytes], root: Path) -> None:
    archive = make()

    with pytest.raises(TooLarge):
        unpack(io.BytesIO(archive), root, LIMITS)


def test_an_honest_tree_is_unpacked_as_it_was(tmp_path: Path) -> None:
    files = {"jobs.py": b"1", "a/b/run.sh": b"#!", "\u00e4 b.txt": b"", f"long/{'n' * 200}": b"2"}

    contents = unpack(io.BytesIO(pack(files, {"a/link": "../jobs.py", "later": "not/here"})), tmp_path / "t", LIMITS)

    assert {path.relative_to(tmp_path / "t").as_posix() for path in (tmp_path / "t").rglob("*") if path.is_file()} == {
        *files, "a/link",
    }  # fmt: skip
    assert (tmp_path / "t/a/link").readlink() == Path("../jobs.py")
    assert (tmp_path / "t/a/b/run.sh").stat().st_mode & 0o777 == 0o500
    assert (tmp_path / "t/jobs.py").stat().st_mode & 0o777 == 0o400
    assert contents.file_count == 6


def test_links_that_stay_inside_are_allowed(root: Path) -> None:
    archive = pack({"d/e/f": b"x"}, {"d/up": "..", "in": "d/e/../e/f", "through": "d/up/d/e"})

    verify_archive(io.BytesIO(archive), LIMITS)


MEASURE = """
import sys, time
from pathlib import Path
from planes.data_plane.services.uploads.archives import verify_archive
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.domain.errors import PlaneError

def peak():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)

before, started = peak(), time.process_time()
with open(sys.argv[1], "rb") as file:
    try:
        verify_archive(file, Limits(unpacked_bytes=2 * 1024**3))
        outcome = "taken"
    except PlaneError as exc:
        outcome = exc.detail
    read = file.tell()
print(peak() - before, time.process_time() - started, read, outcome)
"""


def measure(archive: bytes, folder: Path) -> tuple[int, float, int, str]:
    """KiB of growth, seconds of processor time, bytes read and the outcome, in a process of its own."""
    (folder / "archive").write_bytes(archive)
    command = [sys.executable, "-c", MEASURE, str(folder / "archive")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=True)
    growth, seconds, read, outcome = done.stdout.split(" ", 3)
    return int(growth), float(seconds), int(read), outcome


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["members", "bomb", "manifest"])
def test_a_flood_takes_bounded_memory_and_time(kind: str, tmp_path: Path) -> None:
    floods = {
        "members": lambda: end(b"".join(member(b"files/%07d" % number) for number in range(200_000))),
        "bomb": lambda: gzip.compress(header(b"files/a", 10**9) + bytes(400_000_000), 1),
        "manifest": lambda: with_manifest(
            b"engine_version: 1\nfiles:\n" + b"".join(b"- r: %x\n" % (n * 7919**3) for n in range(1_200_000))
        ),
    }
    growth, seconds, _, outcome = measure(floods[kind](), tmp_path)

    assert "refused" in outcome
    assert growth <= 64 * 1024
    assert seconds < 10
