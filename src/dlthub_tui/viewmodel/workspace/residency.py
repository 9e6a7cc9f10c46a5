"""What is stored where, the last proof, and who read data: the Residency tab (SCREENS 2.13)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Literal

from dlthub_tui.client.residency import ControlHoldings, Kept, RegionHoldings, RegionInfo, TrailEntry
from dlthub_tui.session.proofs import Proof
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Role, Span, cut_middle, guard, line, muted, width_of

TRAIL_COLUMNS = (
    Column("When", least=9),
    Column("Who", least=16),
    Column("What", takes_rest=True, least=14),
    Column("Of", drops=2, least=10),
    Column("Token", drops=1, least=10),
)
PROOF_KEY = "proof"
SHORT_LIMITS = "control decides who may act; a small file's hash can be guessed"
BROKEN = "broken"
ENTRY = "entry:"
NOTHING = "nothing"
UNKNOWN = "?"
LIMITS = (
    "The control plane decides who may act: it sees names, schedules and states, and could let itself in.",
    "A hash is no content, but a small file can be guessed from its hash, by trying, without asking anybody.",
    "What jobs write goes where the job sends it; it is neither scrubbed nor counted here.",
    "Each plane counts itself. A proof does not believe them: it plants words and looks for them.",
)


def lock_line(held: ControlHoldings, organization: str, look: Look, width: int) -> Line:
    """Since when the region is locked, and by whom; this year, then where it is in words, make room for that."""
    place = next((one.place for one in held.regions if one.id == held.dataplane_id), "")
    where = f" ({guard(place)})" if place else ""
    whole = _lock_spans(held, organization, where, look, has_year=True)
    short = _lock_spans(held, organization, where, look, has_year=False)
    least = _lock_spans(held, organization, "", look, has_year=True)
    return next((said for said in (whole, short) if width_of(said) < width), least)


def _lock_spans(held: ControlHoldings, organization: str, said: str, look: Look, *, has_year: bool) -> Line:
    region = held.dataplane_id
    spans = [Span(f"{look.glyphs.lock} ", look.hue(region)), Span(f"{guard(organization)} is locked to "),
             Span(guard(region), look.hue(region)), Span(said)]  # fmt: skip
    if held.locked_at is not None:
        shown = look.local(held.locked_at)
        spans.append(muted(f" since {words.day(held.locked_at, look)}"))
        if has_year and str(shown.year) not in words.day(held.locked_at, look):
            spans.append(muted(f" {shown.year}"))
    if held.locked_by:
        spans.append(muted(f", by {guard(held.locked_by)}"))
    return tuple(spans)


def others_of(held: ControlHoldings) -> tuple[RegionInfo, ...]:
    """The regions that must have nothing."""
    return tuple(sorted((one for one in held.regions if one.id != held.dataplane_id), key=lambda one: one.id))


def stored_section(
    held: ControlHoldings, region: RegionHoldings | None, others: dict[str, bool | None], look: Look
) -> Section:
    """A row for each kind of data, a column for each plane. None: the plane did not answer."""
    regions = others_of(held)
    columns = (
        Column("What", least=17),
        Column(guard(held.dataplane_id), takes_rest=True, least=20),
        *(Column(guard(one.id), least=8, drops=2 + position) for position, one in enumerate(regions)),
        Column("control plane", least=13, drops=1),
    )
    elsewhere = [_elsewhere(others.get(one.id), look) for one in regions]
    nothing = line(muted(NOTHING))
    kinds = _kinds(region)
    rows = [Row(name, Span(" "), (line(name), _here(region, said), *elsewhere, nothing), name) for name, said in kinds]
    states = f"{words.plural(held.jobs, 'job')}, {words.plural(held.runs, 'run')}"
    copy = line(muted("a copy while needed"))
    rows.append(Row("states", Span(" "), (line("Names and states"), copy, *elsewhere, line(states)), "names states"))
    written = line(f"{'What jobs write':<19}", muted("where the job sends it; not scrubbed, not counted"))
    rows.append(Row("written", Span(" "), (written,), "what jobs write"))
    return Section(columns, tuple(rows))


_KINDS = ("Code", "Configuration", "Variables", "Logs", "Results", "Pipelines, traces", "For the dashboard")


def _kinds(region: RegionHoldings | None) -> list[tuple[str, str]]:
    if region is None:
        return [(name, "") for name in _KINDS]
    return [
        ("Code", _versions(region.code)),
        ("Configuration", _versions(region.configuration)),
        ("Variables", _variables(region)),
        ("Logs", _runs(region.logs)),
        ("Results", _runs(region.results)),
        ("Pipelines, traces", _runs(region.telemetry)),
        ("For the dashboard", _pipelines(region.artifacts)),
    ]


def _variables(region: RegionHoldings) -> str:
    count = region.variables.count
    return f"{count:,}, of them {region.secret_count:,} secret" if count else "none yet"


def _versions(kept: Kept) -> str:
    return f"{words.plural(kept.count, 'version')}, {words.size(kept.size_bytes or 0)}" if kept.count else "none yet"


def _runs(kept: Kept) -> str:
    return f"{words.plural(kept.count, 'run')}, {words.size(kept.size_bytes or 0)}" if kept.count else "none yet"


def _pipelines(kept: Kept) -> str:
    return f"{words.plural(kept.count, 'pipeline')}, {words.size(kept.size_bytes or 0)}" if kept.count else "none yet"


def _here(region: RegionHoldings | None, said: str) -> Line:
    return line(Span(UNKNOWN, Role.WARN)) if region is None else line(said)


def _elsewhere(holds: bool | None, look: Look) -> Line:
    if holds is None:
        return line(Span(UNKNOWN, Role.WARN))
    return line(Span(f"{look.glyphs.states['failed']} something", Role.FAIL)) if holds else line(muted(NOTHING))


def proof_section(proof: Proof | None, *, is_local: bool, prove_key: str, look: Look) -> Section:
    """The last proof that was made here, or how one is made."""
    columns = (Column("", takes_rest=True),)
    if not is_local:
        said = "Proofs are made on the platform's machine: dlthub-tui doctor --residency"
        return Section(columns, (), "Proof", empty=(said,))
    if proof is None:
        said = f"Not proved yet. {prove_key} plants words, runs jobs and looks for them everywhere."
        return Section(columns, (), "Proof", empty=(said,))
    good = look.state("completed") if proof.is_clean else look.state("failed")
    count = (
        f"{proof.planted} words planted, {proof.elsewhere} found outside, {words.size(proof.searched_bytes)} searched"
    )
    cell = line(f"{words.moment(proof.made_at, look):<12}", Span(count, Role.TEXT if proof.is_clean else Role.FAIL))
    right = proof.verdict.rstrip(".")
    unsearched = ", ".join(guard(part.partition(":")[0]) for part in proof.not_searched)
    below = (
        *((line(muted(f"{'Unsearched':<12}{unsearched}")),) if unsearched else ()),
        line(muted(f"{'':<12}signed by {_signers(proof)}, report {guard(proof.file.name)}")),
        line(muted(f"{'Limits':<12}{SHORT_LIMITS}")),
    )
    return Section(columns, (Row(PROOF_KEY, good, (cell,), "proof"),), "Proof", right, shows_titles=False, below=below)


def _signers(proof: Proof) -> str:
    """The planes that signed the report; their keys are in it."""
    return ", ".join(guard(one.partition(" ")[0]) for one in proof.signed_by) or "nobody"


def proof_lines(proof: Proof, look: Look) -> list[Line]:
    """The report, to read."""
    good = look.state("completed") if proof.is_clean else look.state("failed")
    return [
        line(good, f" {proof.verdict}"),
        line(),
        line(muted("Made       "), words.moment(proof.made_at, look)),
        line(muted("Planted    "), f"{proof.planted} words"),
        line(muted("Outside    "), f"{proof.elsewhere} found"),
        line(muted("Secret     "), f"{proof.secrets} found in any file"),
        line(muted("Searched   "), words.size(proof.searched_bytes)),
        *(line(muted("Unsearched "), guard(part)) for part in proof.not_searched),
        *(line(muted("Signed by  "), guard(one)) for one in proof.signed_by),
        line(muted("Report     "), guard(str(proof.file))),
        line(),
        *(line(Span(guard(one), Role.FAIL)) for one in proof.trouble),
    ]


def chain_word(broken_at: int | Literal["unknown"] | None) -> str:
    """Behind the count of the trail: nothing while the region still walks it."""
    if broken_at is None:
        return ", chain intact"
    return "" if broken_at == "unknown" else ", chain broken"


def broken_row(broken_at: int, look: Look) -> Row:
    """Above the trail that does not add up."""
    after = words.count(max(0, broken_at - 1))
    said = f"The trail does not add up after entry {after}. Everything before it is intact."
    return Row(BROKEN, look.state("failed"), (line(Span(said, Role.FAIL)),), said)


def entry_row(entry: TrailEntry, look: Look) -> Row:
    """One access."""
    who = guard(entry.email or _short_actor(entry.actor))
    what = guard(entry.action.replace("_", " "))
    of = cut_middle(guard(entry.object_id), 10, look.glyphs.cut) if entry.object_id else "-"
    token = cut_middle(guard(entry.token_id), 10, look.glyphs.cut) if len(entry.token_id) > 1 else "-"
    when = words.moment(entry.at, look) if look.times == "relative" else words.clock(entry.at, look)
    cells = (line(muted(when)), line(who), line(what), line(muted(of)), line(muted(token)))
    found = f"{entry.email or ''} {entry.actor} {what} {entry.object_id or ''} {entry.token_id}"
    return Row(f"{ENTRY}{entry.number}", Span(" "), cells, found)


def _short_actor(actor: str) -> str:
    kind, _, rest = actor.partition(":")
    return f"{kind} {rest[:8]}" if rest else actor[:16]


def entry_lines(entry: TrailEntry, look: Look) -> list[Line]:
    """One access with all that was written of it."""
    shown = look.local(entry.at)
    facts: Sequence[tuple[str, str]] = (
        ("Number", f"{entry.number:,}"),
        ("When", f"{shown:%Y-%m-%d %H:%M:%S %Z}"),
        ("Who", entry.email or "-"),
        ("Actor", entry.actor),
        ("Did", entry.action.replace("_", " ")),
        ("To", entry.object_id or "-"),
        ("Token", entry.token_id),
        *((name, json.dumps(value)) for name, value in entry.details.items()),
        ("Hash", entry.hash),
        ("Before it", entry.previous_hash),
    )
    return [line(muted(f"{guard(name):<16}"), guard(value)) for name, value in facts]


def limit_lines(log_days: int | None) -> list[Line]:
    """What the numbers do not say, and for how long there are logs."""
    said: list[str] = list(LIMITS)
    if log_days:
        said.append(f"A log goes {words.plural(log_days, 'day')} after its run's end; what is known of the run stays.")
    return [line(muted(f"   {text}")) for text in said]


STRICT_SAID = "is strict: the words of its definitions are withheld from the control plane."
LAX_SAID = "is strict no longer: the next deploys store the words of definitions again."


def strictness_line(is_strict: bool | None, look: Look) -> Line:
    """What of definitions the control plane stores."""
    match is_strict:
        case None:
            said = "The control plane stores job definitions as they are deployed."
        case True:
            said = "Strict: defaults, examples, constants and agents' words are withheld."
        case False:
            said = "Not strict: definitions are stored with their defaults. {strictness.change} withholds them."
    return line(muted(f"   {name_keys(said, look)}"))


def strictness_question(name: str, *, is_strict: bool) -> tuple[str, str, tuple[str, ...]]:
    """The question, the verb of enter, and what comes of it."""
    if not is_strict:
        return f"Store the words of {name}'s definitions again?", "store them again", (
            "From the next deploy on the control plane stores them as they are deployed.",
            "What was withheld stays withheld in the versions that are stored.",
        )  # fmt: skip
    return f"Withhold the words of {name}'s definitions from the control plane?", "withhold them", (
        "Defaults, examples and constants in schemas, and what agents are told.",
        "All stored versions are rewritten at once, and nothing puts them back.",
        "Runs stay the same. Backups that were made before keep the words.",
    )  # fmt: skip
