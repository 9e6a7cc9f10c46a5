"""The users that a platform may be: root, who gives jobs uids of their own, and an ordinary one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.contract.client_environment import as_uid

ORDINARY_UID = 61_234
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["own uid", "ordinary user"])
def own_uid(request: pytest.FixtureRequest) -> int | None:
    """Whose the platform is; None: ours."""
    if request.param == "own uid":
        if os.geteuid() != 0:
            pytest.skip("the platform gives jobs a uid of their own only as root")
        return None
    if os.geteuid() != 0:
        return None
    if subprocess.run([*as_uid(ORDINARY_UID), sys.executable, "-c", ""], check=False, cwd=ROOT).returncode:
        pytest.skip("an ordinary user cannot run the tests' interpreter here")
    return ORDINARY_UID
