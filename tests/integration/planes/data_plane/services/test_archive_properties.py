"""Archives of any honest tree are taken and hash as the client hashes; any link is judged as the system walks it."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.archives import content_hash, end, listed, member, pack

from planes.data_plane.services.uploads.archives import verify_archive
from planes.data_plane.services.uploads.tar_stream import Limits
from planes.data_plane.services.uploads.unpacking import tree_matches, unpack
from planes.domain.errors import PlaneError

LIMITS = Limits(unpacked_bytes=1024 * 1024)
NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"], exclude_characters="/"), min_size=1, max_size=12)
TREES = st.dictionaries(NAMES.filter(lambda name: name.strip(".")), st.binary(max_size=2000), max_size=6)
QUIET = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUIET
@given(TREES)
def test_an_honest_tree_hashes_as_the_client_hashes_it(files: dict[str, bytes]) -> None:
    nested = {f"d{index}/{name}": content for index, (name, content) in enumerate(files.items())}

    contents = verify_archive(io.BytesIO(pack(nested)), LIMITS)

    assert contents.content_hash == content_hash(listed(nested))
    with tempfile.TemporaryDirectory() as folder:
        assert unpack(io.BytesIO(pack(nested)), Path(folder) / "t", LIMITS) == contents
        assert tree_matches(Path(folder) / "t", contents.files)


@QUIET
@given(st.binary(max_size=400), st.integers(0, 400), st.integers(0, 255))
def test_no_damage_is_more_than_a_refusal(extra: bytes, position: int, value: int) -> None:
    archive = bytearray(pack({"a.py": b"print()", "b/c": extra}))
    archive[position % len(archive)] = value

    outcome = outcome_of(bytes(archive))

    assert outcome.isprintable()
    assert "refused" in outcome or outcome == content_hash(listed({"a.py": b"print()", "b/c": extra}))


PLACES = ["a", "d/a", "d/e/a", "d/e/f/a"]
PARTS = st.sampled_from(["..", ".", "d", "e", "f", "a", "x"])


@QUIET
@given(st.dictionaries(st.sampled_from(PLACES), st.lists(PARTS, min_size=1, max_size=6).map("/".join), min_size=1))
def test_links_are_judged_as_the_system_walks_them(links: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve() / "outer" / "root"
        root.mkdir(parents=True)
        for path, target in links.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).symlink_to(target)
        (root / "d/e/f").mkdir(parents=True, exist_ok=True)
        (root / "d/e/f/x").touch()
        leaves = [path for path in links if not _is_inside(root, path)]
    records = b"".join(member(b"files/" + path.encode(), kind=b"2", link=links[path].encode()) for path in links)
    records += member(b"files/d/e/f/x")
    archive = end(records, listed({"d/e/f/x": b""}, links))

    outcome = outcome_of(archive)

    if leaves:
        assert "leads out of the tree or in a circle" in outcome
    else:
        # Circles, and ways that leave and come back, are refused although the system finds an end to them.
        assert "refused" not in outcome or "leads out of the tree or in a circle" in outcome


def _is_inside(root: Path, path: str) -> bool:
    found = os.path.realpath(root / path)
    return found == str(root) or found.startswith(f"{root}/")


def outcome_of(archive: bytes) -> str:
    """The content hash, or why it was refused."""
    try:
        return verify_archive(io.BytesIO(archive), LIMITS).content_hash
    except PlaneError as exc:
        return exc.detail
