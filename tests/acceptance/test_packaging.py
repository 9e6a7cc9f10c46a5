"""What people install: the wheel carries its styles and starts; an editable install reads the repository's folder."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from dlthub_tui.cli.sharing import PLACES

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


def run(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(word) for word in argv], cwd=cwd, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    return next(folder.glob("*.whl"))


def test_an_installed_wheel_starts_and_finds_its_styles(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    site = environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    # The dependencies come from this environment, whose own editable copy of the project must not win.
    (site / "zz_dependencies.pth").write_text(
        f"import sys; sys.path.append({sysconfig.get_paths()['purelib']!r})\n", encoding="utf-8"
    )
    python = environment / "bin" / "python"

    found = run(
        python, "-c", "from dlthub_tui.paths import styles_folder; print(styles_folder())", cwd=tmp_path
    ).strip()
    version = run(python, "-m", "dlthub_tui.cli.main", "--version", cwd=tmp_path).strip()

    assert Path(found) == site / "dlthub_tui" / "styles"
    assert (site / "dlthub_tui" / "styles" / "base.tcss").is_file()
    assert (site / "dlthub_tui" / "examples" / "weather" / ".dlt" / "prod.config.toml").is_file()
    assert version == wheel.name.split("-")[1]


def test_the_wheel_holds_only_the_two_packages(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}

    assert {top for top in tops if not top.endswith((".dist-info", ".data"))} == {"planes", "dlthub_tui"}


def test_the_wheel_brings_the_manual_page_and_the_completions(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shared = {name.split(".data/data/")[1] for name in archive.namelist() if ".data/data/" in name}

    assert shared == {f"share/{place}" for place in PLACES}


def test_the_wheel_brings_the_workspaces_of_the_demo(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    for example in ("fruitshop", "weather"):
        files = {path.relative_to(ROOT) for path in (ROOT / "examples" / example).rglob("*") if path.is_file()}
        tracked = {str(path) for path in files if "__pycache__" not in path.parts}
        assert {f"dlthub_tui/{path}" for path in tracked} <= names


def test_an_editable_install_reads_the_repository_and_copies_nothing() -> None:
    from dlthub_tui.paths import styles_folder

    assert styles_folder() == ROOT / "styles"
    assert not (ROOT / "src" / "dlthub_tui" / "styles").exists()
