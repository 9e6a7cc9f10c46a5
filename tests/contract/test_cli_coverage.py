"""No command and no flag of the released client is without a test: each is used by one, or named with a reason.

`pytest -s` prints the table: command, what it takes, the test that uses it.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.contract.cli_uses import TREE, Tree, everything, invocations, parse_tree, uses_of
from tests.contract.client_environment import NEWEST, client_environment
from tests.contract.client_users import ClientUsers
from tests.contract.mcp_sessions import FASTMCP
from tests.contract.released_client import RealClient

TESTS = Path(__file__).parents[1]
SOURCES = (
    *(source for source in sorted((TESTS / "contract").glob("test_cli*.py")) if source != Path(__file__)),
    TESTS / "contract" / "test_mcp.py",
    TESTS / "contract" / "mcp_sessions.py",
    *sorted((TESTS / "acceptance").glob("test_*.py")),
)
HELP = "-h/--help"
EVERYWHERE = frozenset({"-v/--verbose", "--non-interactive", "-y/--yes", "--debug"})
"""Flags that may stand at any place: one use of each is enough."""

LOCAL = "works on the folder alone and asks no platform"
FETCHED = "fetches from a public repository, not from a platform"
REASONS = {
    "init": LOCAL,
    "local": LOCAL,
    "pipeline init": FETCHED,
    "ai init": FETCHED,
    "ai toolkit": FETCHED,
    "ai status": LOCAL,
    "ai secrets": LOCAL,
    "ai mcp install": "writes an editor's configuration: " + LOCAL,
}
"""Commands, with all below them, that no platform hears of."""

FLAG_REASONS = {
    ("", "--disable-telemetry"): "dlt's own usage tracking",
    ("", "--enable-telemetry"): "dlt's own usage tracking",
    **{
        (words, "--access"): "test_mcp.py::test_access_that_was_not_granted_has_no_tools passes it on"
        for words in ("ai mcp run", "ai mcp")
    },
}


@pytest.fixture(scope="module")
def tree() -> Tree:
    """What the newest client offers in a workspace, its MCP server's package included."""
    users = ClientUsers()
    try:
        user = users.make()
        client = RealClient(client_environment(NEWEST, FASTMCP), user.home, user.uid, user.api_base_url)
        folder = client.home / "workspace"
        (folder / ".dlt").mkdir(parents=True)
        (folder / ".dlt" / ".workspace").touch()
        client.own(folder)
        done = client.run_python(TREE, cwd=folder)
        assert done.code == 0, done.text
        return parse_tree(json.loads(done.stdout))
    finally:
        users.close()


def reason(words: str, taken: str) -> str | None:
    """Why no test needs to use this, if none needs to."""
    if taken == HELP:
        return "prints what this table is made of"
    excused = next((why for prefix, why in REASONS.items() if f"{words} ".startswith(f"{prefix} ")), None)
    return excused or FLAG_REASONS.get((words, taken))


def used(tree: Tree) -> dict[tuple[str, str], str]:
    """Each use with the first test that has it."""
    found: dict[tuple[str, str], str] = {}
    for source in SOURCES:
        for test, words in invocations(source):
            for use in uses_of(tree, words):
                found.setdefault(use, test)
    anywhere = {taken: test for (_, taken), test in found.items() if taken in EVERYWHERE}
    found |= {(words, taken): anywhere[taken] for words, taken in everything(tree) if taken in anywhere}
    return found


def test_every_command_and_flag_is_used_or_excused(tree: Tree) -> None:
    by_test = used(tree)
    for words, taken in sorted(everything(tree)):
        why = by_test.get((words, taken)) or reason(words, taken)
        print(f"dlthub {words} {taken}: {why or 'NOTHING'}")
    # the names of groups need no use of their own: something below them is used
    left = [
        use
        for use in everything(tree)
        if use not in by_test and reason(*use) is None and not (use[1] == "" and _is_group(tree, use[0]))
    ]

    assert sorted(left) == []


def test_no_reason_is_stale(tree: Tree) -> None:
    by_test = used(tree)

    assert set(REASONS) <= set(tree)
    assert {(words, flag) for words, flag in FLAG_REASONS} <= everything(tree)
    assert not [flag for flag in FLAG_REASONS if flag in by_test]


def _is_group(tree: Tree, words: str) -> bool:
    return any(other.startswith(f"{words} ".lstrip()) and other != words for other in tree)
