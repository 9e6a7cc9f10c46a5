"""What the command line, the palette and the help offer: the actions of a screen, with what is possible now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dlthub_tui.viewmodel.keys.actions import ACTIONS, Action, key_name
from dlthub_tui.viewmodel.keys.named_keys import name_keys
from dlthub_tui.viewmodel.keys.search_words import SEARCH_WORDS
from dlthub_tui.viewmodel.keys.shell_twins import in_shell
from dlthub_tui.viewmodel.look import Look
from dlthub_tui.viewmodel.options import Reach
from dlthub_tui.viewmodel.text import Line, Role, Span, accent, cell_width, in_a_sentence, line, muted

LAYER_TITLES = {
    "global": "Everywhere", "workspace": "Workspace", "home": "Home", "move": "Every list", "list": "Every list",
    "tree": "Columns", "log": "Log", "run": "Run", "compare": "Compare", "shown-once": "Shown once",
    "versions": "Deployments", "alerts": "Alerts", "backfills": "Backfills", "webhooks": "Webhooks",
    "residency": "Residency", "deploy": "Deploy", "form": "Form", "sign-in": "Sign in",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done. `choice` is what is done; `why_not` is None when it is possible now.

    `twin` is the same as a command line of a shell.
    """

    choice: str
    name: str
    title: str
    keys: str
    sentence: str
    group: str
    why_not: str | None = None
    twin: str = ""


@dataclass(frozen=True, slots=True)
class ShellPlace:
    """Where a command line is about: the link of a workspace, and what reaches its installation."""

    workspace: str
    reach: Reach


# Commands that take a job's name: what they do with it, and the command of a shell that does the same.
OF_A_JOB = {
    "run": ("start it now", "run"),
    "log": ("the log of its last run", "logs"),
    "job": ("what fires it, and its history", "open"),
    "runs": ("its runs only", "runs"),
}


REFRESH = "--refresh"


def offers_of_jobs(text: str, names: Sequence[str], at: ShellPlace, *, changes: bool) -> list[Offer] | None:
    """What `run load` may become: the command with each job whose name holds the words. None for other commands.

    Names that begin with the words, after any dot, come first.
    """
    command, space, rest = text.partition(" ")
    if not space or command not in OF_A_JOB or (command == "run" and not changes):
        return None
    sentence, _ = OF_A_JOB[command]
    refreshes = command == "run" and rest.rstrip().endswith(REFRESH)
    wanted = rest.strip().removesuffix(REFRESH).strip().casefold()
    found = [name for name in names if wanted in name.casefold()]
    found.sort(key=lambda name: not any(part.casefold().startswith(wanted) for part in (name, name.rpartition(".")[2])))
    refreshing = [_refreshing(name, at) for name in found] if command == "run" else []
    if refreshes:
        return refreshing
    plain = [
        Offer(f"of-job {command} {name}", f"{command} {name}", name, "", sentence, "Commands",
              twin=twin_of_job(command, name, at))
        for name in found
    ]  # fmt: skip
    return plain[:1] + refreshing[:1] + plain[1:] if wanted else plain


def twin_of_job(command: str, name: str, at: ShellPlace) -> str:
    """The same in a shell."""
    refreshes = command == "refresh"
    verb = OF_A_JOB["run" if refreshes else command][1]
    return in_shell(verb, f"{at.workspace}/{name}", *([REFRESH] if refreshes else ()), reach=at.reach)


def _refreshing(name: str, at: ShellPlace) -> Offer:
    """The job started so that it loads everything again."""
    twin = twin_of_job("refresh", name, at)
    return Offer(
        f"of-job refresh {name}", f"run {name} {REFRESH}", name, "", "and load everything again", "Commands", twin=twin
    )


def offer(action: Action, why_not: str | None, look: Look, place: str) -> Offer:
    """An action as it is offered. A layer of several places is named after the one that it is offered in."""
    keys = " ".join(key_name(key, is_ascii=look.is_ascii) for key in action.keys)
    group = "Not possible here" if why_not else LAYER_TITLES.get(action.layer, place)
    why_not = name_keys(why_not, look) if why_not else None
    return Offer(action.id, action.command or "", action.title, keys, action.sentence, group, why_not)


def found(offers: Sequence[Offer], text: str, *, by_title: bool) -> list[Offer]:
    """Offers that begin with, then that contain each word, then that are called so elsewhere; possible ones first.

    A command is found by its name alone: enter after a name that there is not must do nothing else.
    """
    wanted = text.casefold().strip()
    named = [item for item in offers if item.name or by_title]
    if not wanted:
        return sorted(named, key=lambda item: item.why_not is not None)

    def rank(item: Offer) -> tuple[bool, int] | None:
        name = (item.title if by_title else item.name).casefold()
        whole = (f"{item.name} {item.title} {item.sentence} {item.keys}" if by_title else item.name).casefold()
        if name == wanted:
            return (item.why_not is not None, 0)
        if name.startswith(wanted):
            return (item.why_not is not None, 1)
        if all(word in whole for word in wanted.split()):
            return (item.why_not is not None, 2)
        if by_title and _is_called(item, wanted):
            return (item.why_not is not None, 3)
        return None

    ranked = [(rank(item), position, item) for position, item in enumerate(named)]
    kept = [(place, position, item) for place, position, item in ranked if place is not None]
    return [item for _, _, item in sorted(kept, key=lambda entry: entry[:2])]


def _is_called(item: Offer, wanted: str) -> bool:
    """Whether each word stands in what it is called here or elsewhere."""
    whole = f"{item.name} {item.title} {item.sentence} {SEARCH_WORDS.get(item.choice, '')}".casefold()
    return all(word in whole for word in wanted.split())


def unknown(offers: Sequence[Offer], text: str, *, in_workspace: bool = True) -> str:
    """The sentence for a command that does not exist. Jobs are named inside of their workspace only."""
    command, _, rest = text.partition(" ")
    if command in OF_A_JOB and rest.strip() and not in_workspace:
        return f'"{command}" takes a job of a workspace: open the workspace first.'
    if command in OF_A_JOB and rest.strip():
        return f'No job matches "{in_a_sentence(rest.strip())}".'
    if any(action.command == command for action in ACTIONS):
        return f'"{command}" does nothing here: it belongs to another place.'
    named = [item for item in offers if item.name]
    near = [item.name for item in named if _is_called(item, text.casefold())][:2]
    near = near or get_close_matches(command, [item.name for item in named], n=2, cutoff=0.5)
    return f'No command "{in_a_sentence(text)}".' + (f" Nearest: {', '.join(near)}." if near else "")


LEAST_NAME_CELLS = 16


def name_cells(items: Sequence[Offer]) -> int:
    """How wide the names of these candidates stand: sentences begin behind the longest one."""
    return max((cell_width(item.name or item.title) + 2 for item in items), default=0)


def command_line(item: Offer, look: Look, *, is_chosen: bool, name_cells: int) -> Line:
    """One candidate."""
    cursor = accent(f"{look.glyphs.cursor}  ") if is_chosen else Span("   ")
    role = Role.MUTED if item.why_not else Role.TEXT
    # What ends something has one name everywhere, and a word for it that is the screen's own.
    own = f"{item.title}: " if item.choice == "item.end" and item.title != item.name else ""
    said = item.why_not or f"{own}{item.sentence}" or item.title
    name = f"{item.name or item.title:<{max(LEAST_NAME_CELLS, name_cells)}}"
    return (cursor, Span(name, role), accent(f"{item.keys:<10}"), muted(said))


def help_line(item: Offer) -> Line:
    """One key: key, title, what it does or why not."""
    return line(accent(f"{item.keys:<12} "), f"{item.title:<18} ", muted(item.why_not or item.sentence))
