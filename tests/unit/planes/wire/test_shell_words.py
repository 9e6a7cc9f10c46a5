"""Command lines with hostile names, read by each shell that is here."""

import shutil
import subprocess
import sys

import pytest

from planes.wire.shell_words import command_line, quoted

HOSTILE = [
    "", "plain", "$(exit 3)", "`exit 3`", "a;exit 3", "a' ; exit 3 '", "a\\", "\\'", "a\\'\"; exit 3; #", "\\\\'",
    "=ls", "~root", "*", "{a,b}", "#x", "%1", "!x", "$HOME", "&", "|", "<x>", "a b", "-x", "a\tb", "a\nb", "é\"'",
]  # fmt: skip
_SHOW = "import sys; print(sys.argv[1:])"


@pytest.mark.parametrize("shell", ["sh", "bash", "zsh", "fish"])
def test_every_shell_reads_the_words_that_were_meant(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    line = command_line([sys.executable, "-c", _SHOW, *HOSTILE])
    answer = subprocess.run([shell, "-c", line], capture_output=True, text=True, check=False, timeout=240)

    assert answer.stdout.strip() == str(HOSTILE), answer.stderr


@pytest.mark.parametrize(
    ("word", "said"), [("acme/sales:jobs", "acme/sales:jobs"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("\\", "\\\\")]
)
def test_words_are_as_plain_as_they_may_be(word: str, said: str) -> None:
    assert quoted(word) == said
