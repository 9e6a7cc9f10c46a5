"""What screens call their methods and actions: none hides one, and the help calls them as the footer does."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

from dlthub_tui import screens
from dlthub_tui.screens.frame.acting import ActingScreen
from dlthub_tui.screens.installation.guide import GuideScreen
from dlthub_tui.screens.installation.home import HomeScreen
from dlthub_tui.screens.work.runs import RunsScreen
from dlthub_tui.screens.workspace.team import TeamScreen


def _below(base: type) -> set[type]:
    return {base}.union(*(_below(each) for each in base.__subclasses__()))


def test_no_value_of_a_screen_hides_a_method() -> None:
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    of_screens = [each for each in _below(ActingScreen) if each.__module__.startswith("dlthub_tui.")]
    hidden = []
    for screen in of_screens:
        for base in (each for each in screen.__mro__ if each in of_screens):
            values = set(re.findall(r"self\.(\w+)(?:: [^=\n]+)? = ", inspect.getsource(base)))
            hidden += [
                f"{base.__name__}.{name} hides {screen.__name__}.{name}()"
                for name in values
                if inspect.isfunction(screen.__dict__.get(name))
            ]

    assert hidden == []


def test_what_ends_something_is_called_as_in_the_footer() -> None:
    called = {screen: _called(screen, "item.end") for screen in (GuideScreen, HomeScreen, TeamScreen, RunsScreen)}

    assert called[GuideScreen] == ("close guide", ":guide brings it back")
    assert called[HomeScreen] == ("set aside", "what needs you, until it happens again")
    assert called[TeamScreen] == ("remove", "what is under the cursor")
    assert called[RunsScreen] == ("stop", "stop or refuse what is under the cursor")


def _called(screen: type[ActingScreen[None]], action_id: str) -> tuple[str, str]:
    action = next(each for each in screen.actions() if each.id == action_id)
    return action.title, action.sentence
