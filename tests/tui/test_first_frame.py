"""The app paints before it loads what only the connection needs (Borders: 11)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = ("httpx", "pydantic", "keyring", "cryptography", "fastapi", "sqlalchemy", "dlt", "re2", "cyclopts")

PROBE = """
import gc
import sys
gc.disable()
from dlthub_tui.app import AppOptions, DlthubTui

class Silent:
    async def start(self, report):
        import asyncio
        loaded = sorted(name for name in sys.modules if name.partition(".")[0] in HEAVY or name.startswith("planes."))
        print("LOADED", loaded, "COLLECTS", gc.isenabled(), file=sys.stderr)
        app.exit(0)
        await asyncio.Event().wait()
    async def active_runs(self):
        return 0
    async def leave(self, *, keep_running):
        pass

HEAVY = set(sys.argv[2].split(","))
app = DlthubTui(AppOptions(home=sys.argv[1], platform=Silent()))
app.run(headless=True)
"""


def test_nothing_heavy_is_loaded_at_the_first_frame_and_garbage_is_collected_after_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(tmp_path), ",".join(HEAVY)],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert "LOADED [] COLLECTS True" in done.stderr, done.stderr[-2000:] + done.stdout[-500:]
