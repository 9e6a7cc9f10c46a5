"""Writes docs/keys.md from the registry: `python -m dlthub_tui.viewmodel.keys.key_docs > docs/keys.md`."""

from __future__ import annotations

import sys
from itertools import groupby

from dlthub_tui.viewmodel.keys.actions import ACTIONS, key_name

INTRODUCTION = """\
# Keys

A letter means the same verb wherever it exists; a capital is its stronger or reverse twin.
`?` on any screen shows the keys that work there, `:` does the same by name.
While you type, only `esc`, `tab`, `shift+tab`, `f1` and the `ctrl` keys of the first table live.

Every key can be another one, by the action's id, in `client/settings.toml` of the home:

```toml
[keys]
"run.start" = "f6"
"row.next" = ["j", "down", "ctrl+n"]
```

Footer, help, palette and the sentences of the app then say your own keys.
A key that another action has on the same screen is refused with the name of that action.
"""


def render_keys() -> str:
    """The whole document."""
    parts = [INTRODUCTION]
    for layer, actions in groupby(ACTIONS, key=lambda action: action.layer):
        rows = [f"## {layer}\n", "| key | does | by name | id |", "|---|---|---|---|"]
        for action in actions:
            keys = " ".join(f"`{key_name(key)}`" for key in action.keys)
            said = f"{action.title}: {action.sentence}" if action.sentence else action.title
            rows.append(f"| {keys} | {said} | {f'`:{action.command}`' if action.command else ''} | `{action.id}` |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    sys.stdout.write(render_keys())
