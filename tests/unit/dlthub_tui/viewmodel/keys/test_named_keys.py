"""Sentences say the user's own keys, and nothing that a read-only session hides."""

import ast
import re
from pathlib import Path

import pytest

import dlthub_tui
from dlthub_tui.viewmodel.keys.actions import ACTIONS
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look

# What a sentence that names a key by itself looks like.
BARE = re.compile(
    r"\b[Pp]ress [^ {\[]{1,6}\b(?!ing)|\bctrl\+[a-z]\b"
    r"|(?:^|[.;:] )[a-zA-Z!/] (?:makes|runs|starts|deploys|shows|sends|sets|takes|cancels|brings) "
)
# Keys are what these are about: names of keys, how settings write them, and a form's own footer.
ABOUT_KEYS = {
    "actions.py", "keymap.py", "key_docs.py", "search_words.py", "field.py", "message_line.py", "help.py", "guard.py",
    "errors.py",
}  # fmt: skip


def test_a_key_is_said_as_it_is_bound() -> None:
    said = "No jobs yet. {deploy.open} deploys a folder; {undo} takes it back."

    assert name_keys(said, Look()) == "No jobs yet. d deploys a folder; u takes it back."
    look = Look(keys={"deploy.open": ("f6",), "undo": ("exclamation_mark",)})
    assert name_keys(said, look) == "No jobs yet. f6 deploys a folder; ! takes it back."


def test_braces_of_somebody_else_stay() -> None:
    assert name_keys("{orders.daily} of {} failed in {x}", Look()) == "{orders.daily} of {} failed in {x}"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("No variables. Press {item.add}. Jobs read them.", "No variables. Jobs read them."),
        ("No jobs yet. {deploy.open} deploys a folder; its file declares them.", "No jobs yet."),
        ("the workspace has no mail server; {alert.mail} sets one", "the workspace has no mail server"),
        ("It waits: {item.end} resumes it.", "It waits."),
        ("   {item.add} makes its address.", ""),
        ("Nothing answers. Press {doctor.open} to look.", "Nothing answers. Press ! to look."),
    ],
)
def test_a_read_only_session_is_told_of_nothing_that_it_hides(said: str, left: str) -> None:
    assert name_keys(said, Look(is_read_only=True)) == left


def test_every_id_in_a_sentence_is_one_and_no_sentence_names_a_key_by_itself() -> None:
    known = {action.id for action in ACTIONS}
    for path, text in _texts():
        for found in re.findall(r"\{([a-z_]+\.[a-z_0-9]+)\}", text):
            assert found in known, f"{path}: {found}"
        assert " " not in text or path.name in ABOUT_KEYS or not BARE.search(text), f"{path}: {text}"


def _texts() -> list[tuple[Path, str]]:
    """Every text of the app that is no docstring."""
    root = Path(dlthub_tui.__file__).parent
    found: list[tuple[Path, str]] = []
    for path in (each for each in root.rglob("*.py") if "cli" not in each.relative_to(root).parts):
        tree = ast.parse(path.read_text())
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        found.extend(
            (path, node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs
        )
    return found
