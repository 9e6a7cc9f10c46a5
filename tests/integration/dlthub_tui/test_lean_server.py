"""What a server that serves nobody yet does not load."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
from dlthub_tui.embed import serving
with serving._plain_lines():
    import planes.host.platform
print(*sorted({"alembic", "obstore", "rich"} & set(sys.modules)))
"""


def test_server_starts_without_what_only_some_work_needs() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True, timeout=60)

    assert loaded.stdout.split() == []
