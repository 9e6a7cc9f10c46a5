"""The table of rules in docs/scrubbing.md, written from the rules themselves.

`python -m planes.scrub.table < docs/scrubbing.md > new.md` renews it between its two marks.
"""

import sys
from collections.abc import Iterable

from planes.scrub.rules import RULES
from planes.scrub.rules.links import linked
from planes.scrub.rules.model import Rule
from planes.scrub.rules.named.below import BELOW_RULES

BEGIN = "<!-- rules: begin, written by planes.scrub.table -->"
END = "<!-- rules: end -->"


def rule_table(rules: Iterable[Rule] = (*RULES, *BELOW_RULES)) -> str:
    """The rules as a Markdown table: name, kind, source of the format."""
    rows = [f"| `{rule.name}` | {rule.kind} | {linked(rule.source)} |" for rule in rules]
    return "\n".join(["| rule | kind | source of the format |", "|---|---|---|", *rows])


def renewed(document: str) -> str:
    """A document with the table between its marks renewed. Raises: ValueError when a mark is missing."""
    before, after = document.index(BEGIN) + len(BEGIN), document.index(END)
    return f"{document[:before]}\n{rule_table()}\n{document[after:]}"


if __name__ == "__main__":
    sys.stdout.write(renewed(sys.stdin.read()))
