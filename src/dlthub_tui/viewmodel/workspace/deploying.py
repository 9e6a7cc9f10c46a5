"""A deploy on the screen: the difference, the steps, the receipt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dlthub_tui.client.deployments import DeployedJob, DeployReceipt
from dlthub_tui.client.packing import LeftBehind
from dlthub_tui.session.deploys import Difference, StepReport
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.documents import changed_lines, words_of
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, Section
from dlthub_tui.viewmodel.text import Line, Role, Span, accent, cell_width, cut_front, cut_middle, guard, line, muted
from dlthub_tui.viewmodel.workspace import version_files

COLUMNS = (Column("", least=28, is_name=True), Column("", takes_rest=True, least=20))
FACT_COLUMNS = (Column("", least=14), Column("", takes_rest=True, least=20))
# From here on files stand right of jobs, and the receipt right of the steps.
WIDE = 116
_READING = {
    "environment": "its Python environment: {}",
    "code": "its code: {}",
    "configuration": "its configuration: {}",
    "manifest": "importing {} to learn its jobs",
}
STEPS = ("Pack", "Permit", "Code", "Configuration", "Check", "Reconcile")
BAR_CELLS = 30
# Why something stays, as the rule says it.
STAYS = {"ignored": "by .gitignore", "profile": "by profile", "settings": "not configuration"}
STAYS_CELLS = 74
_MARKS = {
    "created": ("+", Role.OK),
    "updated": ("~", Role.WARN),
    "archived": ("", Role.MUTED),
    "unchanged": (" ", Role.MUTED),
}


def head(folder: Path, difference: Difference | None, look: Look, width: int, to: str = "") -> list[Line]:
    """From where, against what; `to` a region once it is sent."""
    home = str(Path.home())
    path = guard(str(folder))
    path = "~" + path.removeprefix(home) if path.startswith(home + "/") else path
    if difference is None:
        return [line(muted(" From     "), cut_front(path, max(20, width - 11), look.glyphs.cut))]
    packed = difference.packed
    facts = f"{guard(packed.deployment_module or 'one file')}.py, {words.plural(len(packed.code.files), 'file')}"
    facts += f", {words.size(packed.code.size_bytes)} packed"
    shown = cut_front(path, max(20, width - 14 - cell_width(facts)), look.glyphs.cut)
    latest = difference.latest
    against = "nothing, this is the first"
    if latest is not None:
        by = f", {guard(difference.latest_by)}" if difference.latest_by else ""
        against = f"deployment {latest.version}, {words.moment(latest.created_at, look)}{by}"
    second = line(muted(" To       "), Span(guard(to), look.hue(to)), ", straight from this machine") if to else None
    return [
        line(muted(" From     "), f"{shown}   ", muted(facts)),
        second or line(muted(" Against  "), against),
    ]


def difference_sections(difference: Difference, look: Look, region: str) -> tuple[list[Section], list[Section]]:
    """What would change and what is said to the control plane; and the files, against those that are deployed."""
    jobs = difference.receipt.jobs
    shown = [job for job in jobs if job.outcome != "unchanged"]
    rows = [_job_row(job, look) for job in shown]
    packed = difference.packed
    code = "new, goes to " + region if difference.has_new_code else "unchanged, not sent"
    configuration = "new, goes to " + region if difference.has_new_configuration else "unchanged, not sent"
    profiles = ", ".join(guard(profile) for profile in packed.profiles) or "none"
    sent_rows = (
        _fact_row("code", f"{words.plural(len(packed.code.files), 'file')}, {code}"),
        _fact_row("configuration", f"profiles {profiles}; {configuration}"),
        *profile_rows(packed.jobs, packed.profiles, look),
    )
    sections = [
        Section(COLUMNS, tuple(rows), "Jobs", counted(jobs), empty=("The same jobs as before.",), shows_titles=False),
        Section(FACT_COLUMNS, sent_rows, "Code and configuration", f"straight to {region}", shows_titles=False),
        Section(
            COLUMNS, (_words_row(told(packed.jobs)),), "Goes to the control plane", "no file, no value",
            shows_titles=False,
        ),
    ]  # fmt: skip
    if packed.stays:
        stays = Row("fact/stays", Span(" "), (line(_stays(packed.stays)),), "stays")
        why = ", ".join(word for key, word in STAYS.items() if any(each.why == key for each in packed.stays))
        sections.append(Section(COLUMNS, (stays,), "Stays on this machine", why, shows_titles=False))
    if packed.warnings:
        warnings = tuple(_fact_row(f"warning {n}", guard(text), Role.WARN) for n, text in enumerate(packed.warnings, 1))
        sections.append(Section(COLUMNS, warnings, "Warnings", shows_titles=False))
    return sections, _file_sections(difference, look)


def profile_rows(jobs: Sequence[dict[str, Any]], profiles: Sequence[str], look: Look) -> list[Row]:
    """Whether the profiles that jobs ask for come with files; no row where none is asked for."""
    asked = dict[str, str]()
    for job in jobs:
        required: dict[str, Any] = job.get("require") or {}
        profile = required.get("profile")
        if isinstance(profile, str):
            asked.setdefault(profile, words.short_ref(str(job.get("job_ref", "?"))))
    # `prod` runs on the base configuration where it has no file of its own.
    missing = [profile for profile in asked if profile not in {"prod", *profiles}]
    rows: list[Row] = []
    for profile in missing:
        said = Span(f"{guard(asked[profile])} asks for {guard(profile)}, which has no file", Role.FAIL)
        rows.append(Row(f"fact/profile {profile}", look.state("failed"), (line("profile"), line(said)), profile))
    if asked and not missing:
        names = " and ".join(guard(profile) for profile in asked)
        said = muted(f"{names} {'is' if len(asked) == 1 else 'are'} there, as jobs ask")
        rows.append(Row("fact/profiles", look.state("completed"), (line("profiles"), line(said)), "profiles"))
    return rows


def _file_sections(difference: Difference, look: Look) -> list[Section]:
    """Files against those that are deployed, on the first deploy all of them; none where these are not known."""
    deployed = () if difference.latest is None else difference.deployed_files
    if deployed is None:
        return []
    files = difference.packed.code.files
    found = version_files.changes(deployed, files, look)
    rows = [
        Row(
            f"file/{each.path}", version_files.marked(each),
            (line(guard(each.path)), line(muted(each.sizes))), guard(each.path),
        )
        for each in found
    ]  # fmt: skip
    counts = Counter(each.mark for each in found)
    names = (("+", "new"), ("~", "changed"), ("-", "removed"))
    said = [f"{counts[mark]} {word}" for mark, word in names if counts[mark]]
    said.append(f"{len(files) - counts['+'] - counts['~']} unchanged")
    return [Section(COLUMNS, tuple(rows), "Code", "  ".join(said), shows_titles=False)]


def counted(jobs: Sequence[DeployedJob]) -> str:
    """`1 new  2 changed  11 unchanged`."""
    counts = Counter(job.outcome for job in jobs)
    names = (("created", "new"), ("updated", "changed"), ("unchanged", "unchanged"), ("archived", "archived"))
    return "  ".join(f"{counts[outcome]} {word}" for outcome, word in names if counts[outcome])


def is_same(difference: Difference) -> bool:
    """Whether there is nothing to send."""
    changed = any(job.outcome != "unchanged" for job in difference.receipt.jobs)
    return not (changed or difference.has_new_code or difference.has_new_configuration)


def _job_row(job: DeployedJob, look: Look) -> Row:
    name = guard(words.short_ref(job.job.job_ref))
    mark, role = _MARKS.get(job.outcome, (" ", Role.MUTED))
    glyph = look.state("archived") if job.outcome == "archived" else Span(mark, role)
    return Row(f"job/{job.job.id}", glyph, (line(name), line(muted(_change(job, look)))), name)


def _change(job: DeployedJob, look: Look) -> str:
    if job.outcome == "archived":
        return "no longer declared; its runs are kept"
    now = guard(words.schedule_here(job.job.triggers, job.job.job_type, job.job.timezone, look, is_short=True))
    if job.outcome == "created" or job.previous_definition is None:
        return now
    before = job.previous_definition
    after = job.job.definition
    old_zone = before["require"].get("timezone") if isinstance(before.get("require"), dict) else None
    triggers = tuple(before.get("triggers") or ())
    old = guard(words.schedule_here(triggers, job.job.job_type, old_zone, look, is_short=True))
    if old != now and (before.get("triggers"), old_zone) != (after.get("triggers"), job.job.timezone):
        return f"{old} {look.glyphs.becomes} {now}"
    changed = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
    return f"changed: {', '.join(guard(key) for key in changed)}" if changed else now


def _fact_row(name: str, text: str, role: Role = Role.TEXT) -> Row:
    return Row(f"fact/{name}", Span(" "), (line(name), (Span(text, role),)), name)


def _stays(stays: Sequence[LeftBehind]) -> str:
    """As many as fit in a row of the smallest terminal; all of them are a look away."""
    shown, room = list[str](), STAYS_CELLS
    for each in stays:
        name = guard(each.path)
        if shown and cell_width(name) + 2 > room - len("and 1,000 more"):
            break
        shown.append(name)
        room -= cell_width(name) + 2
    hidden = len(stays) - len(shown)
    return "  ".join([*shown, *([f"and {hidden:,} more"] if hidden else [])])


def _words_row(text: str) -> Row:
    """Takes the whole width: it has no name of its own."""
    return Row("fact/words", Span(" "), (line(text),), "words")


def told(jobs: Sequence[dict[str, Any]]) -> str:
    """What of the definitions leaves the region, in counts."""
    return ", ".join(_told(jobs))


def _told(jobs: Sequence[dict[str, Any]]) -> list[str]:
    triggers = sum(len(job.get("triggers") or ()) for job in jobs)
    descriptions = sum(1 for job in jobs if job.get("description"))
    parts = [words.plural(len(jobs), "job definition"), words.plural(triggers, "trigger")]
    if descriptions:
        parts.append(words.plural(descriptions, "description"))
    return [*parts, "1 hash"]


def told_lines(jobs: Sequence[dict[str, Any]]) -> list[Line]:
    """Every word that goes to the control plane, as it is sent: where it stands, then the word."""
    lines: list[Line] = []
    for job in jobs:
        lines.append((Span(guard(str(job.get("job_ref", "?"))), Role.TITLE),))
        lines.extend(line("  ", muted(f"{guard(path)}: "), guard(value)) for path, value in words_of("", job))
    return lines


def reading(report: StepReport) -> str:
    """What is read of the folder just now, and what may take its time."""
    return _READING.get(report.step, "{}").format(report.detail)


def step_lines(steps: dict[str, StepReport], look: Look, width: int, region: str) -> list[Line]:
    """Each step with its state, a bar by bytes where bytes are sent, and its seconds."""
    bar_cells = BAR_CELLS if width >= 78 else BAR_CELLS // 3
    named = ((name, f"Check in {region}" if name == "Check" else name) for name in STEPS)
    return [_step_line(shown, steps.get(name), look, bar_cells) for name, shown in named]


def _step_line(name: str, step: StepReport | None, look: Look, bar_cells: int) -> Line:
    if step is None:
        return line("   ", look.state("pending"), muted(f" {name}"))
    glyph = {"completed": look.state("completed"), "failed": look.state("failed"), "skipped": muted("-")}.get(
        step.state, look.state("running")
    )
    took = words.duration(step.seconds) if step.seconds is not None else ""
    if step.total_bytes:
        done = round(bar_cells * step.sent_bytes / step.total_bytes)
        bar = accent(look.glyphs.bar * done), Span(look.glyphs.rule * (bar_cells - done), Role.RULE)
        amount = words.size(step.total_bytes)
        if step.state == "running":
            amount = f"{words.size(step.sent_bytes)} of {amount}"
        return line("   ", glyph, f" {name:<16}", *bar, f"  {amount:<20}", muted(took))
    role = Role.FAIL if step.state == "failed" else Role.MUTED
    return line("   ", glyph, f" {name:<16}", Span(f"{step.detail:<{bar_cells + 22}}", role), muted(took))


def silent_lines(steps: dict[str, StepReport], difference: Difference, region: str) -> tuple[str, ...]:
    """How far the sending came before the region fell silent, and what stays; none where no bytes were on their way."""
    step = next((step for step in steps.values() if step.state == "running" and step.total_bytes), None)
    if step is None:
        return ()
    stays = f"Deployment {difference.latest.version} stays." if difference.latest else "Nothing is deployed yet."
    sent = f"{words.size(step.sent_bytes)} of {words.size(step.total_bytes)}"
    return (f"{guard(region)} went silent at {sent}.", f"{stays} {{deploy.go}} tries again.")


def receipt_sections(
    receipt: DeployReceipt, difference: Difference, look: Look, region: str
) -> tuple[list[Section], list[Section]]:
    """What went where; and what was created, changed, archived."""
    rows = [_receipt_row(job, look) for job in receipt.jobs if job.outcome != "unchanged"]
    same = sum(job.outcome == "unchanged" for job in receipt.jobs)
    if same:
        rows.append(_fact_row("same", words.plural(same, "job")))
    packed = difference.packed
    went = [f"{words.plural(len(packed.code.files), 'file')}, their names"] if difference.has_new_code else []
    went += ["configuration, secrets"] if difference.has_new_configuration else []
    facts = (
        _fact_row("content", cut_middle(guard(packed.code.content_hash), 20, look.glyphs.cut)),
        _fact_row(guard(region), ", ".join(went) or "nothing: it has both already"),
        _fact_row("control plane", ", ".join(_told(packed.jobs)[:2])),
        _fact_row("", ", ".join(_told(packed.jobs)[2:])),
    )
    went_where = Section(FACT_COLUMNS, facts, "Where it went", "the control plane got no file", shows_titles=False)
    version = f"deployment {receipt.version}   " if receipt.version is not None else ""
    right = version + counted(receipt.jobs)
    what = Section(COLUMNS, tuple(rows), "Receipt", right, empty=("No job.",), shows_titles=False)
    return [went_where], [what]


def _receipt_row(job: DeployedJob, look: Look) -> Row:
    name = guard(words.short_ref(job.job.job_ref))
    upcoming = job.job.next_scheduled_run_at
    then = f", next run {words.coming(upcoming, look)}" if upcoming and job.outcome != "archived" else ""
    row = _job_row(job, look)
    said = f"{job.outcome}, version {job.job.version}{then}"
    return Row(row.key, row.glyph, (line(name), line(muted(said))), name)


def look_lines(difference: Difference, key: str) -> list[Line]:
    """What a row of the difference stands for: a definition before and after, a file's size and digest, twice."""
    kind, _, name = key.partition("/")
    if key == "fact/stays":
        return [line(f"{guard(each.path):<50}  ", muted(STAYS[each.why])) for each in difference.packed.stays]
    if kind == "job":
        job = next((each for each in difference.receipt.jobs if each.job.id == name), None)
        return _definition_lines(job) if job is not None else []
    if kind == "file":
        deployed = next((each for each in difference.deployed_files or () if each.path == name), None)
        packed = next((each for each in difference.packed.code.files if each.path == name), None)
        sides = (("deployed", deployed), ("to be sent", packed))
        said = [
            line(muted(f"{side:<12}"), f"{words.size(each.size_bytes)}   ", muted(f"sha3-256 {guard(each.digest)}"))
            if each is not None
            else line(muted(f"{side:<12}"), "not there")
            for side, each in sides
        ]
        stays = "What is in it stays in its region: sizes and digests are compared, not lines."
        return [*said, line(), line(muted(stays))]
    return []


def _definition_lines(job: DeployedJob) -> list[Line]:
    """The words that differ, before and after; then all of them as they will be."""
    lines: list[Line] = []
    if job.previous_definition is not None and job.outcome != "archived":
        lines = [*changed_lines(job.previous_definition, job.job.definition), line()]
    after = words_of("", job.job.definition)
    return [*lines, *(line(muted(f"{guard(path)}: "), guard(value)) for path, value in after)]
