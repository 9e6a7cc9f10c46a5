"""Rules of the source itself: what the platform's code never does, whatever it is asked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src"
# Reading any of these runs what the writer wanted (Security: 8).
_EXECUTES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "jsonpickle"}
_EVALUATES = {"eval", "exec", "compile", "__import__"}


def _modules() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCE.rglob("*.py"):
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func)


def test_nothing_is_unpickled_or_evaluated() -> None:
    found = [
        (path.name, name) for path, tree in _modules() for name in _imported(tree) if name.split(".")[0] in _EXECUTES
    ]
    found += [
        (path.name, _name(call)) for path, tree in _modules() for call in _calls(tree) if _name(call) in _EVALUATES
    ]

    assert found == []


def test_yaml_is_read_by_safe_loaders_only() -> None:
    """One reader: the packing process, which names its loader in a function of its own."""
    readers = [path for path, tree in _modules() for call in _calls(tree) if _name(call).startswith("yaml.load")]

    assert [path.relative_to(SOURCE).as_posix() for path in readers] == ["planes/packing/archives.py"]
    assert "SafeLoader" in readers[0].read_text()
    assert not any(f"yaml.{loader}" in readers[0].read_text() for loader in ("Loader", "UnsafeLoader", "FullLoader"))


def test_planes_take_no_proxy_and_follow_no_redirect() -> None:
    """`trust_env` also stands for SSL_CERT_FILE and .netrc; a redirect would lead a signed call elsewhere."""
    clients = [
        call
        for path, tree in _modules()
        if path.is_relative_to(SOURCE / "planes")
        for call in _calls(tree)
        if _name(call).startswith("httpx.") and _name(call).endswith("Client")
    ]

    assert clients
    for call in clients:
        said = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert said["trust_env"] == "False"
        assert said["follow_redirects"] == "False"


def test_no_shell_is_started() -> None:
    shells = [
        (path.name, _name(call))
        for path, tree in _modules()
        for call in _calls(tree)
        if _name(call) in {"os.system", "os.popen"}
        or any(keyword.arg == "shell" and ast.unparse(keyword.value) != "False" for keyword in call.keywords)
    ]

    assert shells == []


def test_no_interpreter_of_ours_looks_for_modules_where_it_is_started() -> None:
    """`-m` alone looks in the current folder first: a workspace that somebody else wrote, with a `yaml.py` in it."""
    commands = [
        [ast.unparse(each).strip("'") for each in node.elts]
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.List | ast.Tuple)
    ]
    options = [words[: words.index("-m")] for words in commands if "-m" in words[:-1] and _is_ours(words)]

    assert len(options) >= 6
    assert all({"-I", "-P"} & set(words) for words in options)


def _is_ours(words: list[str]) -> bool:
    return words[words.index("-m") + 1].startswith(("planes.", "dlthub_tui."))


def test_nobody_makes_hard_links_of_files_of_users() -> None:
    """The keys of the platform are put in place by one, which never replaces what is there."""
    makers = {
        path.relative_to(SOURCE).as_posix()
        for path, tree in _modules()
        for call in _calls(tree)
        if _name(call) == "os.link" or _name(call).endswith(".hardlink_to")
    }

    assert makers == {"planes/private_files.py"}


def test_cnf_and_the_key_policy_are_reserved() -> None:
    """Region keys come later (Security: 10): nothing else may use their claim, and their column is there."""
    from planes.control_plane.ledger import LEDGER
    from planes.tokens import claims

    assert "cnf" not in claims._FIELDS  # pyright: ignore[reportPrivateUsage] - the list of claims is the rule
    assert "cnf" not in claims._FIELDS.values()  # pyright: ignore[reportPrivateUsage]
    assert "key_policy" in LEDGER["workspaces"]
