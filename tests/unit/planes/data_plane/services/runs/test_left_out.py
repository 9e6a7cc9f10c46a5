"""What the released client leaves out of its requirements, of files that it has read itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from planes.data_plane.services.runs.left_out import left_out

_HASH = "--hash=sha256:" + 64 * "0"


def _said(
    folder: Path, files: Mapping[str, str], main: list[str], groups: Mapping[str, list[str]] | None = None,
    python: str = "3.11",
) -> str:  # fmt: skip
    for name, text in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    own = groups or {}
    return "\n".join(left_out(folder, {"python_version": python, "groups": {"main": main, **own}}, tuple(own)))


@pytest.mark.parametrize(("line", "shown"), [
    (f"humanize==4.9.0 \\\n    {_HASH} \\\n    {_HASH}", "humanize==4.9.0 --hash=…. Install uv"),
    (f"humanize==4.9.0 ; python_version >= '3.9' {_HASH}", "humanize==4.9.0 ; python_version >= '3.9' --hash=…."),
    ("-r more/base.txt", "other files): -r more/base.txt. Install uv"),
    ("--requirement=more/base.txt", "--requirement=more/base.txt"),
    ("-c held.txt", "-c held.txt"),
    ("-r nowhere.txt", "-r nowhere.txt"),
    ("-e .", "places of packages): -e .. Jobs import from the workspace's own folder"),
    ("./wheels/own-1.0-py3-none-any.whl", "./wheels/own-1.0-py3-none-any.whl"),
    ("git+https://example.org/own.git", "git+https://example.org/own.git"),
    ("--extra-index-url https://who:opens@example.org/simple", "--extra-index-url. Packages come from the index"),
], ids=["hash", "marker", "-r", "--requirement=", "-c", "no file", "-e", "wheel", "address", "index"])  # fmt: skip
def test_each_line_that_no_uv_has_read_is_named(tmp_path: Path, line: str, shown: str) -> None:
    files = {
        "requirements.txt": f"# ours\ndlt[duckdb]>=1.31,<2  # pinned\nrequests\n{line}\n",
        "more/base.txt": "-r deep.txt\n",
        "more/deep.txt": "polars\n",
        "held.txt": "attrs<25\n",
    }
    said = _said(tmp_path, files, ["dlt[duckdb]<2,>=1.31", "requests"])

    assert shown in said
    assert said.count("Left out") == 1
    assert "opens" not in said


def test_what_uv_has_resolved_is_not_left_out(tmp_path: Path) -> None:
    files = {
        "requirements.txt": f"-r base.txt\n-c held.txt\nhumanize==4.9.0 {_HASH}\n",
        "base.txt": "requests\n",
        "held.txt": "attrs<25\n",
    }
    assert not _said(tmp_path, files, ["humanize==4.9.0", "idna==3.10", "requests==2.32.3"])


def test_plain_requirements_and_files_that_add_nothing_are_silent(tmp_path: Path) -> None:
    plain = [
        "a", "b_c[x,y]", "d==1.0", "e>=1, <2", "f (>=1)", "g @ https://example.org/g.zip", "h~=1.0; python_version>'3'",
        "i===1", "j[z]>=2 ; sys_platform=='linux'", "k!=1.2", "l==1!2.0",
    ]  # fmt: skip
    text = "\n".join([*plain, "-r none.txt", ""])

    assert not _said(tmp_path, {"requirements.txt": text, "none.txt": "# nothing\na\n"}, plain)


def test_a_long_list_is_cut_and_counted(tmp_path: Path) -> None:
    text = "".join(f"package-{number}==1.0 {_HASH}\n" for number in range(30))

    assert "package-19==1.0 --hash=… and 10 more" in _said(tmp_path, {"requirements.txt": text}, [])


def test_a_line_is_never_cut_where_a_secret_may_be(tmp_path: Path) -> None:
    said = _said(tmp_path, {"requirements.txt": "git+https://who:" + 400 * "x" + "@example.org\n"}, [])

    assert "a line of 428 characters" in said
    assert "xx" not in said


@pytest.mark.parametrize("line", [
    "a" + 5000 * ">=1" + "(", "a >=1" + 50000 * " " + "(", "a>=1" + 5000 * " , " + "(", "a [" + 50000 * "b,",
    20000 * ".tar.x" + "(",
], ids=["versions", "blanks", "commas", "extras", "endings"])  # fmt: skip
def test_no_line_takes_long_to_look_at(tmp_path: Path, line: str) -> None:
    assert "Left out" in _said(tmp_path, {"requirements.txt": f"{line}\n"}, [])


def test_a_file_outside_the_workspace_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("polars\n")
    folder = tmp_path / "tree"

    said = _said(folder, {"requirements.txt": "-r ../secret.txt\n"}, [])

    assert "-r ../secret.txt" in said
    assert "polars" not in said


@pytest.mark.parametrize(("text", "shown"), [
    ('[project]\ndependencies = ["own"]\n[tool.uv.sources]\nown = { path = "own" }\n', "come from): own. A"),
    ('[project]\ndependencies = ["own"]\n[tool.uv.sources]\nown = [{ index = "x" }]\n', "come from): own. A"),
    ('[project]\ndynamic = ["dependencies"]\n', 'dynamic dependencies): dynamic = ["dependencies"]. List them'),
    ('[dependency-groups]\nextra = [{ include-group = "more" }]\n', "group extra: groups that it includes): more. "),
    ('[tool.poetry.dependencies]\npython = "^3.12"\npolars = "^1"\n', "[tool.poetry]: dependencies): polars. Where"),
], ids=["path", "index", "dynamic", "include", "poetry"])  # fmt: skip
def test_what_a_project_file_says_beside_names_is_named(tmp_path: Path, text: str, shown: str) -> None:
    said = _said(tmp_path, {"pyproject.toml": text}, ["own"] if "own" in text else [], {"extra": []})

    assert shown in said
    assert said.count("Left out") == 1


def test_a_project_file_for_tools_hides_the_requirements_beside_it(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[tool.ruff]\nline-length = 120\n", "requirements.txt": "polars>=1\n"}

    assert "(requirements.txt: lines): polars>=1. Where there is a pyproject.toml" in _said(tmp_path, files, [])


@pytest.mark.parametrize("text", [
    '[project]\ndependencies = ["own"]\ndynamic = ["version"]\n[tool.uv.sources]\nother = { path = "x" }\n',
    '[project]\ndependencies = ["own @ git+https://example.org/own"]\n[tool.uv.sources]\nown = { git = "x" }\n',
    "no toml", '[tool]\nuv = 1\n[project]\ndependencies = ["own"]\ndynamic = 1\n', "[[project]]\n",
], ids=["unused source", "address", "no toml", "odd", "list"])  # fmt: skip
def test_a_project_file_that_is_taken_whole_or_unreadable_says_nothing(tmp_path: Path, text: str) -> None:
    assert not _said(
        tmp_path, {"pyproject.toml": text}, ["own @ git+https://example.org/own" if "@" in text else "own"]
    )


@pytest.mark.parametrize(("name", "text", "python", "shown"), [
    ("pyproject.toml", ">=3.12", "3.11", "pyproject.toml asks for Python >=3.12, and this environment has 3.11"),
    ("pyproject.toml", "<3.13,>=3.10", "3.13", "<3.13,>=3.10, and this environment has 3.13"),
    ("pyproject.toml", ">=3.11.4", "3.11", ""),
    ("pyproject.toml", ">=3.11.4", "3.11.2", "has 3.11.2: the client takes"),
    ("pyproject.toml", "==3.11.*", "3.11", ""),
    ("pyproject.toml", "3.11", "3.13", ""),
    ("pyproject.toml", ">=3.12" + 50 * ", !=3.14", "3.11", ""),
    (".python-version", "# ours\n3.13\n", "3.11", ".python-version asks for Python 3.13, and this"),
    (".python-version", "cpython-3.13.2\n3.12\n", "3.11", "asks for Python cpython-3.13.2"),
    (".python-version", "3.11.9\n", "3.11", ""),
    (".python-version", "pypy@3.10\n", "3.11", ""),
    (".python-version", "", "3.11", ""),
])  # fmt: skip
def test_a_python_that_the_client_did_not_take_is_said(
    tmp_path: Path, name: str, text: str, python: str, shown: str
) -> None:
    written = f'[project]\nrequires-python = "{text}"\n' if name == "pyproject.toml" else text
    said = _said(tmp_path, {name: written}, [], python=python)

    assert shown in said
    assert said.count("the client takes the Python that it runs on") == bool(shown)
