"""What of a folder stays on the machine."""

from pathlib import Path

from planes.packing.archives import PackedFile
from planes.packing.staying import left_behind


def test_what_no_archive_takes_is_named_once_with_its_reason(tmp_path: Path) -> None:
    for path in (
        "jobs.py", "ingest/orders.py", "ingest/notes.txt", "ingest/__pycache__/a.pyc", "__pycache__/b.pyc",
        ".venv/lib/deep/x.py", ".dlt/config.toml", ".dlt/dev.secrets.toml", ".dlt/data/state.json",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    code = [PackedFile(path=path, size_bytes=0) for path in ("jobs.py", "ingest/orders.py")]
    found = left_behind(tmp_path, code, [PackedFile(path="config.toml", size_bytes=0)])

    assert [(each["path"], each["why"]) for each in found] == [
        (".dlt/data/", "settings"),
        (".dlt/dev.secrets.toml", "profile"),
        (".venv/", "ignored"),
        ("__pycache__/", "ignored"),
        ("ingest/notes.txt", "ignored"),
    ]
