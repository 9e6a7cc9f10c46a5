"""A workspace's settings on the screen, and how its logs are scrubbed as a file for an editor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from dlthub_tui.client.workspace_settings import Scrubbing, WorkspaceSettings
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.edited_files import BadFile, read_toml
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

COLUMNS = (Column("Setting", least=22), Column("Value", takes_rest=True, least=24), Column("From", least=14))
NO_ROLE = "none"
ROLES = (NO_ROLE, "viewer", "developer")
SCRUBBING = ("pii", "patterns", "allowed")
_HEAD = """\
# How the logs of {where} are scrubbed, beside what is always masked: secrets and known kinds of tokens.
# It holds for runs that start from then on. Nothing is sent before you say so.

# Classes of personal data that are masked, too: {known}.
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: what it is called, and what it does."""

    title: str
    sentence: str


SETTINGS = {
    "name": Setting("Name", "Links have it. What is kept goes by the id of the workspace and stays."),
    "description": Setting("Description", "For people. The control plane has it."),
    "role": Setting("Default role", "Of the organization's members without a role of their own here."),
    "versions": Setting("Versions of code kept", "The newest ones; older archives are removed with the next upload."),
    "words": Setting("Words of definitions", "Defaults and examples in schemas, and what agents are told."),
    "pii": Setting("Personal data masked", "Classes masked in logs. Cards, accounts, ids with a checksum always are."),
    "patterns": Setting("Own patterns masked", "Patterns of this workspace's own, masked in its logs by their name."),
    "allowed": Setting("Texts left alone", "No rule masks them in logs. A secret's value is masked all the same."),
    "state": Setting("State", "Archived: its jobs stop firing, nobody deploys or runs; all stays, readable."),
}


def sections(settings: WorkspaceSettings, scrubbing: Scrubbing | str, region: str, look: Look) -> list[Section]:
    """A row for each setting: what holds, and who keeps it. `scrubbing` as text says why it is not known."""
    archived = settings.archived_at
    kept = {
        "name": line(guard(settings.name)),
        "description": line(guard(settings.description) if settings.description else muted("none")),
        "role": line(settings.default_role or muted(NO_ROLE)),
        "versions": line(words.count(settings.keep_versions)),
        "words": line("withheld" if settings.is_strict else "stored"),
    }
    state = line(look.state("archived"), f" archived {words.moment(archived, look)}") if archived else line("in use")
    if isinstance(scrubbing, str):
        of_region = dict.fromkeys(SCRUBBING, line(muted("?")))
        source = region
    else:
        names = [name for name, _ in scrubbing.patterns]
        of_region = dict(zip(SCRUBBING, map(_list, (scrubbing.pii, names, scrubbing.allowed)), strict=True))
        if not scrubbing.pii:
            of_region["pii"] = line(muted("by checksum only"))
        source = region if scrubbing.version else f"{region}, default"
    rows = [_row(name, value, "control plane") for name, value in kept.items()]
    rows += [_row(name, value, source) for name, value in of_region.items()]
    return [Section(COLUMNS, (*rows, _row("state", state, "control plane")))]


def _list(found: Sequence[str]) -> Line:
    return line(guard(", ".join(found)) if found else muted("none"))


def _row(name: str, value: Line, source: str) -> Row:
    title = SETTINGS[name].title
    return Row(name, Span(" "), (line(title), value, line(muted(source))), f"{title} {source}")


def file_of(scrubbing: Scrubbing, where: str) -> str:
    """What the editor gets."""
    head = _HEAD.format(where=where, known=", ".join(scrubbing.known_pii) or "none is known here")
    patterns = "\n".join(f"{json.dumps(name)} = {json.dumps(pattern)}" for name, pattern in scrubbing.patterns)
    return (
        f"{head}pii = {json.dumps(list(scrubbing.pii))}\n\n"
        f"# Texts that no rule masks.\nallowed = {json.dumps(list(scrubbing.allowed), ensure_ascii=False)}\n\n"
        '# A name, which stands in the mask, and an RE2 pattern: "customer" = "KD-[0-9]{8}".\n'
        f"[patterns]\n{patterns}\n"
    )


def parse_file(text: str, before: Scrubbing) -> Scrubbing:
    """What an edited file says, with what its region would refuse told here. Raises: BadFile."""
    from planes.scrub import check_pattern, check_pattern_name

    document = read_toml(text)
    if unknown := set(document) - set(SCRUBBING):
        raise BadFile(f'"{min(unknown)}" is none of pii, allowed and patterns.')
    patterns = document.get("patterns", {})
    if not isinstance(patterns, dict):
        raise BadFile("patterns is no table.")
    found = cast("dict[str, object]", patterns)
    for name, pattern in found.items():
        if not isinstance(pattern, str):
            raise BadFile(f"{name} in patterns: a pattern stands in quotes.")
        if why := check_pattern_name(name) or check_pattern(pattern):
            raise BadFile(f"{name} {why}.")
    if strange := set(_texts(document, "pii")) - set(before.known_pii):
        raise BadFile(f'"{min(strange)}" is no class of personal data here.')
    return replace(
        before,
        pii=_texts(document, "pii"),
        allowed=_texts(document, "allowed"),
        patterns=tuple(cast("dict[str, str]", found).items()),
    )


def _texts(document: dict[str, Any], name: str) -> tuple[str, ...]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in cast("list[object]", found)):
        raise BadFile(f"{name} is a list of texts.")
    return tuple(cast("list[str]", found))


def changes_of(before: Scrubbing, after: Scrubbing) -> list[str]:
    """A sentence for what each list loses and gets."""
    found: list[str] = []
    lists = (("personal data", before.pii, after.pii), ("left alone", before.allowed, after.allowed))
    for title, old, new in lists:
        found += [f"{title}: {guard(each)} is added" for each in new if each not in old]
        found += [f"{title}: {guard(each)} goes" for each in old if each not in new]
    old_patterns, new_patterns = dict(before.patterns), dict(after.patterns)
    for name in sorted(old_patterns | new_patterns):
        if old_patterns.get(name) != new_patterns.get(name):
            what = "is added" if name not in old_patterns else "goes" if name not in new_patterns else "is changed"
            found.append(f"pattern: {guard(name)} {what}")
    return found


def details(name: str, why_unknown: str, look: Look) -> list[Line]:
    """What the setting under the cursor does."""
    lines = [line("   ", SETTINGS[name].sentence)]
    if name in SCRUBBING:
        edits = name_keys("{row.open} edits all of scrubbing in $EDITOR. No other place has it.", look)
        lines.append(line(Span(f"   {why_unknown}", Role.WARN) if why_unknown else muted(f"   {edits}")))
    return lines
