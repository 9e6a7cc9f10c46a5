"""Variables on the screen: which value wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dlthub_tui.client.models import Configuration
from dlthub_tui.client.variables import Variable
from dlthub_tui.viewmodel import words
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.table import Column, Row, rule
from dlthub_tui.viewmodel.text import Line, Role, Span, guard, line, muted

SHORTEST_SECRET = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """A name in both scopes that are compared; `others` are its values on the other profiles, by their names."""

    name: str
    workspace: Variable | None
    profile: Variable | None
    others: tuple[tuple[str, Variable], ...] = ()

    @property
    def winner(self) -> Variable | None:
        """What jobs on the profile read."""
        return self.profile or self.workspace


def columns(profile: str, others: Sequence[str], look: Look) -> tuple[Column, ...]:
    """Name, the workspace's value, the profile's value; where there is room, those of the other profiles."""
    chosen = f"< Profile {profile} >" if look.is_ascii else f"‹ Profile {profile} ›"
    beside = (Column(f"Profile {name}", drops=1 + number, least=16) for number, name in enumerate(others))
    return (
        Column("Name", least=20, is_name=True),
        Column("Workspace", takes_rest=True, least=20),
        Column(chosen, least=22),
        *beside,
    )


def pairs(variables: Sequence[Variable], profile: str) -> list[Pair]:
    """By name."""
    found = {(variable.profile, variable.name): variable for variable in variables}
    others: dict[str, list[tuple[str, Variable]]] = {}
    for variable in variables:
        if variable.profile not in {None, profile}:
            others.setdefault(variable.name, []).append((variable.profile or "", variable))
    names = sorted({variable.name for variable in variables})
    return [
        Pair(name, found.get((None, name)), found.get((profile, name)), tuple(others.get(name, ()))) for name in names
    ]


ORDERS = ("name", "changed last", "secrets first")


def sorted_pairs(found: Sequence[Pair], order: str) -> list[Pair]:
    """By one of `ORDERS`; what is alike stays by name."""
    match order:
        case "changed last":
            return sorted(found, key=lambda pair: -max(_changed(pair.workspace), _changed(pair.profile)))
        case "secrets first":
            return sorted(
                found, key=lambda pair: not any(each and each.is_secret for each in (pair.workspace, pair.profile))
            )
        case _:
            return list(found)


MOST_NAMED = 6


def delete_question(chosen: Sequence[Pair], profile: str) -> tuple[str, list[str]]:
    """What is deleted, and what jobs read then, of each by name; and whether it comes back."""
    winners = [pair.winner for pair in chosen if pair.winner is not None]
    if len(winners) == 1:
        scope = guard(winners[0].profile or "the workspace")
        back = "It does not come back." if winners[0].is_secret else "{undo} brings it back."
        return f"Delete {guard(winners[0].name)} in {scope}?", [
            f"Jobs on {guard(profile)} then {_read_after(chosen[0])}. {back}"
        ]
    lines = [
        f"{guard(pair.name)} in {guard(pair.winner.profile or 'the workspace')}: jobs then {_read_after(pair)}."
        for pair in chosen[:MOST_NAMED]
        if pair.winner is not None
    ]
    if len(winners) > MOST_NAMED:
        lines.append(f"And {len(winners) - MOST_NAMED} more.")
    secrets = sum(variable.is_secret for variable in winners)
    back = "1 is a secret and does not come back." if secrets == 1 else f"{secrets} are secrets and do not come back."
    if secrets < len(winners):
        back = f"{back} {{undo}} brings the others back." if secrets else "{undo} brings them back."
    return f"Delete {words.plural(len(winners), 'variable')} that jobs on {guard(profile)} read?", [*lines, back]


def _read_after(pair: Pair) -> str:
    return "get the workspace value" if pair.profile and pair.workspace else "do not get it any more"


def _changed(variable: Variable | None) -> float:
    return variable.updated_at.timestamp() if variable is not None and variable.updated_at is not None else 0.0


def profiles_of(variables: Sequence[Variable], configuration: Configuration | None) -> list[str]:
    """Profiles that can have variables: `prod` first."""
    names = {variable.profile for variable in variables if variable.profile}
    names |= set(configuration.profiles if configuration else ()) | {"prod", "access"}
    return sorted(names, key=lambda name: (name != "prod", name != "access", name))


def value_of(variable: Variable, look: Look) -> str:
    """A plain value, or how old a secret is; a secret is never dots."""
    if variable.is_secret:
        return "secret" if variable.updated_at is None else f"secret, {words.aged(variable.updated_at, look)}"
    return guard(variable.value or "")


def _cell(variable: Variable | None, look: Look, *, wins: bool) -> Line:
    if variable is None:
        return ()
    mark = look.state("completed").text
    text = value_of(variable, look)
    if not text.strip():
        text = "only blanks" if text else "empty"
        return (Span(f"{mark} " if wins else "  ", Role.OK), muted(text))
    return (Span(f"{mark} ", Role.OK), Span(text)) if wins else (Span("  "), muted(text))


def pair_row(pair: Pair, others: Sequence[str], look: Look) -> Row:
    """One line of the list: the value that loses is muted. A value of a profile wins there."""
    beside = dict(pair.others)
    values = tuple(_cell(beside.get(name), look, wins=True) for name in others)
    if pair.winner is None:
        cells = (line(muted(guard(pair.name))), (), line(muted(f"  only in {_names(pair)}")), *values)
        return Row(pair.name, Span(" "), cells, guard(pair.name))
    cells = (
        line(guard(pair.name)),
        _cell(pair.workspace, look, wins=pair.profile is None),
        _cell(pair.profile, look, wins=pair.profile is not None),
        *values,
    )
    return Row(pair.name, Span(" "), cells, guard(pair.name))


def _names(pair: Pair) -> str:
    return guard(", ".join(sorted(name for name, _ in pair.others)))


def _author(variable: Variable, people: Mapping[str, str]) -> str:
    return guard(people.get(variable.updated_by or "", ""))


def pair_details(pair: Pair, profile: str, people: Mapping[str, str], look: Look, width: int) -> list[Line]:
    """The strip below the list, with who set what as far as `people` are known."""
    kind = "secret" if pair.winner and pair.winner.is_secret else "plain"
    lines = [rule(guard(pair.name), kind if pair.winner else "not set here", width, look)]
    if pair.winner is None:
        unset = f"   Jobs on {guard(profile)} do not get it: it is set in {_names(pair)}. {{row.open}} sets it here."
        return [*lines, line(muted(name_keys(unset, look)))]
    for scope, variable in (("workspace", pair.workspace), (profile, pair.profile)):
        if variable is None:
            continue
        wins = variable is pair.winner
        mark = Span(f"  {look.state('completed').text} wins", Role.OK) if wins else Span("")
        # Of a secret the value says it already.
        said = ("" if variable.is_secret else words.moment(variable.updated_at, look), _author(variable, people))
        at = "".join(f"   {text}" for text in said if text)
        lines.append(line("   ", muted(f"{guard(scope):<12}"), value_of(variable, look), mark, muted(at)))
    # Security: 11. Who may deploy to a profile runs code with its secrets.
    said = ", and so can whoever may deploy there: 6 shows who." if kind == "secret" else " from their next run on."
    lines.append(line(muted(f"   Jobs on {guard(profile)} read it{said}")))
    return lines
