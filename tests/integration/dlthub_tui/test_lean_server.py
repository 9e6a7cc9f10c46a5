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
    loaded = subprocess.run([sys.executable, "-c", LOADED], check=True, capture_output=True, text=True, timeout=240)

    assert loaded.stdout.split() == []


REGION = """
import sys
from dlthub_tui.cli import main
from dlthub_tui.embed import serving
main._leave_out()
with serving._plain_lines():
    import planes.host.platform
import planes.data_plane.app
print(*sorted({"pygments", "rich", "yaml"} & set(sys.modules)))
"""


def test_a_region_loads_no_command_line_of_its_http_client_and_nothing_of_uploads() -> None:
    loaded = subprocess.run([sys.executable, "-c", REGION], check=True, capture_output=True, text=True, timeout=240)

    assert loaded.stdout.split() == []
