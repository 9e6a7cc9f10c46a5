"""View models, session and client load no terminal library."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import pytest

import dlthub_tui.client
import dlthub_tui.session
import dlthub_tui.viewmodel

PACKAGES = [dlthub_tui.client, dlthub_tui.session, dlthub_tui.viewmodel]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_headless_packages_load_no_terminal_library(package: object) -> None:
    name, path = package.__name__, package.__path__  # type: ignore[attr-defined]
    modules = [module.name for module in pkgutil.walk_packages(path, f"{name}.")]
    code = f"import sys, importlib\nfor m in {modules!r}: importlib.import_module(m)\n"
    code += "print([m for m in ('textual',) if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240, check=True)

    assert done.stdout.strip() == "[]"
