"""What a command creates a key or a Secret with, and what it hands on by a sensitive name."""

import re

from planes.scrub.rules.judging import cells, command_judges, judges
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.vocabulary import KEY, named

_CREATES = re.compile(rb"\bsecrets?[ \t]")


def _literal(line: bytes, begin: int, start: int, end: int) -> int:
    """A member of a Secret whatever its name; of a ConfigMap it is none."""
    return cells.made(line, begin, start, end) if _CREATES.search(line, 0, begin) else -1


CREATED_RULES: tuple[Rule, ...] = (
    named(
        "first-passphrase",
        rb"ssh-keygen\b[^|;\n]*?[ \t](?-i:-[NP])[ \t]+[\"']?(?P<secret>[^ \t\r\"']+)",
        "ssh-keygen -P <a16> -N x",
        command_judges.command,
        ((b"ssh-keygen ",), rb""),
    ),
    named(
        "literal-of-secret",
        rb"--from-literal[= \t]+[\"']?[\w.-]+=[\"']?(?P<secret>[^ \t\r\"']+)",
        "kubectl create secret generic x --from-literal=k=<a16>",
        _literal,
        ((b"--from-literal",), rb"[= \t]"),
    ),
    named(
        "argument-of-filter",
        rb"--arg(?:json)?[ \t]+[0-9a-z_]*" + KEY + rb"[ \t]+[\"'](?P<secret>[^\"'\n]+)[\"']",
        "jq --arg api_key '<a8> <a8>' '.x = $api_key'",
        judges.quoted,
        ((b"--arg ", b"--argjson "), rb""),
    ),
)
