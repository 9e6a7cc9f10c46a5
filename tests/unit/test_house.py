"""Rules of the house that no tool checks."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 500


def tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in tracked("src/*.py", "tests/*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MOST_LINES
    }

    assert long == {}


@pytest.mark.parametrize("plane", ["control", "data"])
def test_migrations_of_a_plane_are_one_line(plane: str) -> None:
    names = sorted(path.stem for path in tracked(f"src/planes/storage/{plane}/migrations/versions/0*.py"))
    texts = [(ROOT / f"src/planes/storage/{plane}/migrations/versions/{name}.py").read_text() for name in names]

    assert [name.partition("_")[0] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    for name, before, text in zip(names[1:], names, texts[1:], strict=False):
        assert f'revision = "{name}"\ndown_revision = "{before}"\n' in text


def test_pins_name_no_package_index() -> None:
    for path in tracked("requirements/*.txt"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text, path
        assert "index-url" not in text, path


def test_nothing_that_is_made_is_tracked() -> None:
    made = ("__pycache__", ".venv", "uv.lock", "snapshot_report.html", ".coverage")

    assert [path for path in tracked() if any(part in made for part in path.parts)] == []


def test_settings_are_listed_for_who_runs_a_platform() -> None:
    """By the names that code takes from the environment; `DLTHUB_TUI_`, and the plane between, are put before them."""
    source = (ROOT / "src/planes/host/building.py").read_text(encoding="utf-8")
    listed = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\{PREFIX\}(?:\{[^}]*\}_)?([A-Z][A-Z_]+)", source))
    names |= set(re.findall(r'_named\("([A-Z_]+)"', source))
    names |= set(re.findall(r'"([A-Z]+_(?:DAYS|GB|MB|SECONDS|PROCESSES|FILES))"', source))

    assert len(names) > 15
    assert {name for name in names if name.strip("_") not in listed} == set()


def test_what_the_rules_of_security_name_is_there() -> None:
    """Each rule names the code that holds it and tests that fail without it; `::test` is of the file named before."""
    text = (ROOT / "docs/security-rules.md").read_text(encoding="utf-8").partition("## Rules that were broken")[0]
    rules = re.findall(r"^\| ([^|]+) \| (`[^|]+`) \| (`[^|]+`) \|$", text, re.MULTILINE)
    missing: list[str] = []
    for _, code, tests in rules:
        for name in re.findall(r"`([^`]+)`", code):
            place = ROOT / "src" / (name if name.startswith("dlthub_tui/") else f"planes/{name}")
            missing += [] if place.is_file() else [name]
        file = ""
        for name in re.findall(r"`([^`]+)`", tests):
            own, _, function = name.partition("::")
            file = own or file
            source = (ROOT / "tests" / file).read_text(encoding="utf-8") if (ROOT / "tests" / file).is_file() else ""
            missing += [] if f"def {function}" in source else [f"{file}::{function}"]

    assert len(rules) == len(re.findall(r"^\| (?!-|rule )", text.replace("|---", "-"), re.MULTILINE))
    assert len(rules) > 70
    assert missing == []


def test_tables_of_pages_have_heads() -> None:
    """A blank line in a table leaves rows that are shown as text."""
    torn: list[str] = []
    for path in tracked("*.md"):
        lines = ["", *path.read_text(encoding="utf-8").splitlines(), ""]
        for number in range(1, len(lines) - 1):
            begins = lines[number].startswith("|") and not lines[number - 1].startswith("|")
            if begins and not re.fullmatch(r"\|[ :|-]+\|", lines[number + 1]):
                torn.append(f"{path.relative_to(ROOT)}:{number}")

    assert torn == []


def test_no_handler_of_the_terminal_calls_the_one_above_it() -> None:
    """The library calls a message's handler of each class; one that calls the next one too makes it act twice."""
    twice: list[str] = []
    for path in tracked("src/dlthub_tui/*.py"):
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(handler, ast.FunctionDef | ast.AsyncFunctionDef) and handler.name.startswith("on_"):
                body = ast.unparse(handler)
                is_alone = handler.name == "on_event" or ".prevent_default()" in body
                twice += [] if is_alone or f"super().{handler.name}(" not in body else [f"{path.name}:{handler.name}"]

    assert twice == []
