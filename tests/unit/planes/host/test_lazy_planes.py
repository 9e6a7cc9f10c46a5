"""A process loads the code of the planes that it serves: most of what keeps a killed region away is its imports."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import planes.host.platform
print(*(name for name in ("planes.control_plane.app", "planes.data_plane.app") if name in sys.modules))
import planes.data_plane.app
print(*(name for name in sys.modules if name.startswith("planes.control_plane")))
"""


def test_a_region_of_its_own_loads_no_code_of_the_control_plane() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=240)

    assert done.stdout.split() == []
