"""The one registry of actions: bindings, footer, `?`, `:`, palette and docs/keys.md come from it (SCREENS 3).

A screen names its layers and implements actions as methods (`run.start` is `do_run_start`); an action without a method
on a screen does not exist there, so nothing is shown that is not real.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Action:
    """`keys` in the terminal library's names, the first is shown. `sentence` stands in the help."""

    id: str
    layer: str
    keys: tuple[str, ...]
    title: str
    sentence: str
    command: str | None = None
    changes: bool = False

    @property
    def method(self) -> str:
        """The name of the method that does it."""
        return "do_" + self.id.replace(".", "_")


def _action(
    layer: str,
    keys: str,
    action_id: str,
    title: str,
    sentence: str = "",
    command: str | None = None,
    *,
    changes: bool = False,
) -> Action:
    return Action(action_id, layer, tuple(keys.split()), title, sentence, command, changes)


ACTIONS: tuple[Action, ...] = (
    _action("global", "colon", "command.open", "command line", "do anything by its name"),
    _action("global", "ctrl+p", "palette.open", "palette", "find any action by its title"),
    _action("global", "question_mark", "help.open", "help", "the keys of this screen; enter runs one", "help"),
    _action("global", "f1", "help.open", "help", "the same, also while typing"),
    _action("global", "escape", "nav.back", "back", "one step back; never quits"),
    _action("global", "q", "nav.close", "close", "as esc; on home asks whether to leave", "close"),
    _action("global", "ctrl+q", "app.quit", "leave", "with runs active asks about the platform", "quit"),
    _action("global", "tab", "pane.next", "next pane", "to the next pane or field"),
    _action("global", "shift+tab", "pane.previous", "previous pane", "to the pane or field before"),
    _action("global", "left_square_bracket ctrl+o", "nav.older", "older place", "places visited, back", "older"),
    _action("global", "right_square_bracket", "nav.newer", "newer place", "places visited, forward", "newer"),
    _action("global", "0", "nav.home", "home", "organizations, workspaces, planes", "home"),
    _action("global", "9", "nav.platform", "platform", "planes, keys, scheduler", "platform"),
    _action("global", "ctrl+r", "link.retry", "ask again", "ask, connect and draw all again", "refresh"),
    _action("global", "at", "log.commands", "command log", "what each key did, and the same in a shell", "command-log"),
    _action("global", "exclamation_mark", "doctor.open", "doctor", "this machine; on Residency the proof", "doctor"),
    _action("global", "y", "copy.link", "copy link", "a link that `:open` and the command line take", "link"),
    _action("global", "Y", "copy.command", "copy command", "this as a command line", "copy-command"),
    _action("global", "o", "open.web", "web page", "of this place, in a browser; an app that runs: the app", "web"),
    _action("global", "u", "undo", "undo", "take the last undoable thing back", "undo", changes=True),
    _action("global", "t", "times.toggle", "times", "relative, exact, UTC", "times"),
    _action("global", "z", "pane.zoom", "zoom", "this pane alone, and back", "zoom"),
    _action("global", "i", "pane.details", "details", "the details, off and on", "details"),
    _action("global", "Q", "session.end", "sign out", "asks first; then another account may sign in", "sign-out"),
    _action("global", "ctrl+z", "app.suspend", "to the shell", "fg returns", "suspend"),
    _action("global", "ctrl+c", "app.interrupt", "interrupt", "copies a selection, or stops; twice to leave"),
    _action("workspace", "1", "tab.1", "Jobs", "the workspace's jobs", "jobs"),
    _action("workspace", "2", "tab.2", "Runs", "the workspace's runs", "runs"),
    _action("workspace", "3", "tab.3", "Deployments", "versions of its code", "deployments"),
    _action("workspace", "4", "tab.4", "Variables", "plain and secret variables", "variables"),
    _action("workspace", "5", "tab.5", "Pipelines", "what its jobs loaded", "pipelines"),
    _action("workspace", "6", "tab.6", "Members & keys", "who may do what", "team"),
    _action("workspace", "7", "tab.7", "Alerts", "who is told of runs", "alerts"),
    _action("workspace", "8", "tab.8", "Residency", "what is stored where, and the proof", "residency"),
    _action("workspace", "d", "deploy.open", "deploy", "a folder, after a look at the change", "deploy", changes=True),
    _action("home", "d", "deploy.open", "deploy", "a folder to the workspace under the cursor", "deploy", changes=True),
    _action("move", "j down", "row.next", "next row"),
    _action("move", "k up", "row.previous", "row before"),
    _action("move", "g home", "row.first", "first row"),
    _action("move", "G end", "row.last", "last row"),
    _action("move", "pagedown ctrl+d", "page.next", "next page"),
    _action("move", "pageup ctrl+u", "page.previous", "page before"),
    _action("list", "enter", "row.open", "open", "the row under the cursor", "open-row"),
    _action("list", "slash", "list.filter", "filter", "as you type; esc clears", "filter"),
    _action("list", "F", "list.failed", "only failed", "only what failed, and all again", "only-failed"),
    _action("list", "s", "list.sort", "sort", "next order, then turned", "sort"),
    _action("list", "space", "row.mark", "mark", "mark this row and go one down"),
    _action("list", "asterisk", "list.mark_all", "mark all", "what the filter shows"),
    _action("list", "c", "copy.text", "copy row", "the row as text", "copy"),
    _action("list", "S", "list.save", "save", "the rows that are shown, to a file", "save-list"),
    _action("list", "a", "item.add", "add", "something new of what the list shows", "add", changes=True),
    _action("list", "e", "item.edit", "edit", "the plain variables, in $EDITOR", "edit", changes=True),
    _action("list", "x", "item.end", "stop", "stop or refuse what is under the cursor", "stop", changes=True),
    _action("list", "D", "item.destroy", "delete", "asks first", "delete", changes=True),
    _action("verbs", "r", "run.start", "run", "start it now", "run", changes=True),
    _action("verbs", "R", "run.options", "run with options", "profile and refresh", "run-options", changes=True),
    _action("verbs", "p", "job.pause", "pause", "its schedule, or resume it", "pause", changes=True),
    _action("verbs", "l", "log.open", "log", "of its last run", "log"),
    _action("verbs", "P", "job.publish", "publish", "its app to everybody with the link, or end that", "publish",
            changes=True),
    _action("verbs", "m", "masked.open", "masked lines", "of the run, the first one", "masked"),
    _action("verbs", "O", "app.open", "open app", "of an interactive job that runs, in a browser", "open-app"),
    _action("verbs", "T", "job.retries", "tries", "how often it is tried again after a failure", "tries", changes=True),
    _action("verbs", "b", "backfills.open", "backfills", "its past, loaded once more in slices", "backfills"),
    _action("verbs", "B", "job.backfill", "backfill", "load a stretch of its past once more", "backfill", changes=True),
    _action("verbs", "w", "webhooks.open", "webhooks", "where it is called from outside, in its region", "webhooks"),
    _action("verbs", "v", "definition.open", "definition", "as deployed", "definition"),
    _action("tree", "h left", "tree.close", "left", "the column or level to the left"),
    _action("tree", "l right", "tree.open", "right", "the column or level to the right"),
    _action("log", "j down", "line.next", "line down"),
    _action("log", "k up", "line.previous", "line up", "pauses following"),
    _action("log", "h left", "line.left", "left"),
    _action("log", "l right", "line.right", "right"),
    _action("log", "g home", "line.first", "first line"),
    _action("log", "G end", "line.last", "last line", "and follow"),
    _action("log", "pagedown ctrl+d", "page.next", "next page"),
    _action("log", "pageup ctrl+u", "page.previous", "page before"),
    _action("log", "slash", "log.search", "search", "the whole log, in its region; re: and a regular expression",
            "search"),
    _action("log", "ampersand", "log.filter", "filter", "only the lines that contain something", "filter"),
    _action("log", "n", "match.next", "next match"),
    _action("log", "N", "match.previous", "match before"),
    _action("log", "e", "error.next", "next error", "the next line that names an error", "next-error"),
    _action("log", "E", "error.previous", "error before"),
    _action("log", "w", "warning.next", "next warning", "the next line that warns", "next-warning"),
    _action("log", "W", "warning.previous", "warning before"),
    _action("log", "m", "masked.next", "next masked", "the next line with masked text", "next-masked"),
    _action("log", "M", "masked.previous", "masked before"),
    _action("log", "less_than_sign", "minute.back", "minute back"),
    _action("log", "greater_than_sign", "minute.on", "minute on"),
    _action("log", "left_curly_bracket", "hour.back", "hour back"),
    _action("log", "right_curly_bracket", "hour.on", "hour on"),
    _action("log", "v", "log.lines", "which lines", "all, mine, errors, new since the last good run", "lines"),
    _action("log", "equals_sign", "log.compare", "compare", "beside the last good run, or another", "compare"),
    _action("log", "minus", "log.fold", "tracebacks", "fold them to head and reason, or show them whole", "fold"),
    _action("log", "b", "log.break", "long lines", "break long lines or cut them", "break"),
    _action("log", "number_sign", "log.numbers", "line numbers", "off and on", "numbers"),
    _action("log", "f", "log.follow", "follow", "the end of the log as it grows", "follow"),
    _action("log", "space", "line.mark", "mark", "mark this line and go one down"),
    _action("log", "c", "copy.text", "copy lines", "the marked lines, or the line at the cursor", "copy"),
    _action("log", "S", "log.save", "save", "the masked text to a file", "save"),
    _action("run", "x", "item.end", "stop", "stop the run", "stop", changes=True),
    _action("run", "r", "run.start", "run again", "the same job, now", "run", changes=True),
    _action("run", "R", "run.options", "run with options", "profile and refresh", "run-options", changes=True),
    _action("run", "O", "app.open", "open app", "of an interactive job; y copies its address", "open-app"),
    _action("run", "V", "leak.rotate", "new value", "for a secret that this run printed", "new-value", changes=True),
    _action("compare", "enter", "log.open", "log", "this line in the log of its run", "log"),
    _action("compare", "slash", "log.search", "search", "both logs, in their region; re: as in a log", "search"),
    _action("compare", "n", "difference.next", "next difference", "or match, while something is searched for"),
    _action("compare", "N", "difference.previous", "difference before", "or match, as above"),
    _action("compare", "v", "compare.lines", "which lines", "those near differences, or all", "lines"),
    _action("compare", "equals_sign", "compare.other", "other run", "beside which run, by its number", "compare"),
    _action("compare", "h left", "line.left", "left"),
    _action("compare", "l right", "line.right", "right"),
    _action("compare", "number_sign", "log.numbers", "line numbers", "off and on", "numbers"),
    _action("compare", "c", "copy.text", "copy", "the line at the cursor, with its sign", "copy"),
    _action("shown-once", "y", "key.copy", "copy", "the key or secret, which is shown this once"),
    _action("versions", "R", "version.roll_back", "roll back", "to this version", "roll-back", changes=True),
    _action("alerts", "r", "alert.test", "test", "send a test of the alert at once", "test-alert", changes=True),
    _action("alerts", "l", "alert.messages", "messages", "what was sent, failed or waits", "messages"),
    _action("alerts", "m", "alert.mail", "mail server", "over which the workspace's mail goes", "mail-server",
            changes=True),
    _action("backfills", "r", "backfill.resume", "resume", "load again what failed or was cancelled", "resume",
            changes=True),
    _action("webhooks", "V", "webhook.rotate", "new secret", "another one, shown once", "new-secret", changes=True),
    _action("residency", "W", "strictness.change", "strictness",
            "withhold the words of job definitions from the control plane, or not", "strict", changes=True),
    _action("deploy", "enter", "deploy.go", "deploy", "send it; on the receipt, on to Jobs", changes=True),
    _action("deploy", "b", "folder.choose", "folder", "another folder", "folder"),
    _action("deploy", "v", "definition.open", "words", "every word that goes to the control plane", "words"),
    _action("deploy", "r", "run.start", "run", "what was created", "run", changes=True),
    _action("sign-in", "k", "sign_in.key", "API key", "sign in by an API key", "api-key"),
    _action("form", "enter", "form.next", "next", "the next field; on the last one, do it"),
    _action("form", "up", "choice.previous", "choice before"),
    _action("form", "down", "choice.next", "next choice"),
    _action("form", "left", "choice.left", "choice to the left"),
    _action("form", "right", "choice.right", "choice to the right"),
    _action("form", "ctrl+e", "field.edit", "change key", "in the help: another key for what is chosen"),
    _action("form", "ctrl+x", "sheet.unblock", "unblock", "do first what blocks"),
)  # fmt: skip

KEY_NAMES = {
    "exclamation_mark": "!", "at": "@",
    "colon": ":", "question_mark": "?", "slash": "/", "asterisk": "*", "number_sign": "#", "ampersand": "&",
    "less_than_sign": "<", "greater_than_sign": ">", "left_curly_bracket": "{", "right_curly_bracket": "}",
    "left_square_bracket": "[", "right_square_bracket": "]",
    "plus": "+", "comma": ",", "full_stop": ".", "semicolon": ";", "quotation_mark": '"', "apostrophe": "'",
    "grave_accent": "`", "tilde": "~", "circumflex_accent": "^", "percent_sign": "%", "dollar_sign": "$",
    "underscore": "_", "vertical_line": "|", "backslash": "\\", "left_parenthesis": "(", "right_parenthesis": ")",
    "equals_sign": "=", "minus": "-", "escape": "esc", "space": "space", "left": "←", "right": "→", "up": "↑",
    "down": "↓", "pagedown": "pgdn", "pageup": "pgup",
}  # fmt: skip
ASCII_KEY_NAMES = {"left": "left", "right": "right", "up": "up", "down": "down"}


# What a footer names together: the second stands before the first.
PAIRS = {
    "choice.next": "choice.previous", "choice.right": "choice.left", "match.next": "match.previous",
    "row.next": "row.previous", "tree.open": "tree.close",
}  # fmt: skip


def paired(action: Action, live: Iterable[Action]) -> Action:
    """The action as a footer names it, with the key of its other half before, or behind, its own: `←→`, `n N`."""
    other = next((each for each in live if each.id == PAIRS.get(action.id)), None)
    if other is None:
        return replace(action, keys=(_footer_key(action),))
    keys = (_footer_key(action), _footer_key(other))
    return replace(action, keys=(" ".join(keys if action.layer == "log" else reversed(keys)),))


def _footer_key(action: Action) -> str:
    """An arrow says by itself what it does, which a letter beside it has to be known for."""
    return next((key for key in action.keys if key in ASCII_KEY_NAMES), action.keys[0])


def key_name(key: str, *, is_ascii: bool = False) -> str:
    """A key as it is printed; two of them with a space between, but for arrows."""
    if " " in key:
        names = [key_name(each, is_ascii=is_ascii) for each in key.split()]
        return ("" if all(name in "←→↑↓" for name in names) else " ").join(names)
    if is_ascii and key in ASCII_KEY_NAMES:
        return ASCII_KEY_NAMES[key]
    return KEY_NAMES.get(key, key)


def of_layers(layers: Iterable[str]) -> tuple[Action, ...]:
    """The actions of these layers, in the registry's order."""
    wanted = set(layers)
    typing = tuple(action for action in ACTIONS if "typing" in wanted and _works_while_typing(action))
    return (*(action for action in ACTIONS if action.layer in wanted), *typing)


def _works_while_typing(action: Action) -> bool:
    """In a form every printing key types, so of the global layer only these live there."""
    allowed = ("escape", "tab", "shift+tab", "f1")
    return action.layer == "global" and all(key in allowed or key.startswith("ctrl+") for key in action.keys)


def find(action_id: str, layers: Iterable[str]) -> Action | None:
    """The action with this id in one of the layers."""
    return next((action for action in of_layers(layers) if action.id == action_id), None)


def conflicts(layers: Iterable[str]) -> list[str]:
    """Keys that would mean two things in this stack of layers."""
    seen: dict[str, str] = {}
    pairs = [(key, action.id) for action in of_layers(layers) for key in action.keys]
    return [f"{key}: {seen[key]} and {name}" for key, name in pairs if seen.setdefault(key, name) != name]
