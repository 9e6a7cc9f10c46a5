from __future__ import annotations

import stat
from pathlib import Path

from planes.data_plane.executor.environments import reach


def test_copied_tools_are_open_and_follow_a_new_installation(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for name in ("builder.py", "uv"):
        (closed / name).write_text("one")
        (closed / name).chmod(0o600)
    installed = reach.Tools(closed / "builder.py", closed / "uv")

    copied = reach.copy_tools(installed, tmp_path / "tools")
    (closed / "uv").write_text("two")
    again = reach.copy_tools(installed, tmp_path / "tools")

    assert copied == again
    assert again.uv.read_text() == "two"
    assert again.builder.read_text() == "one"
    assert stat.S_IMODE(again.uv.stat().st_mode) == 0o755
    assert stat.S_IMODE(again.builder.stat().st_mode) == 0o644
    assert sorted(path.name for path in (tmp_path / "tools").iterdir()) == ["builder.py", "uv"]


def test_our_own_user_uses_what_is_installed(tmp_path: Path) -> None:
    tools = reach.find_tools(None, None, tmp_path / "tools")

    assert tools.uv.is_file()
    assert not (tmp_path / "tools").exists()
