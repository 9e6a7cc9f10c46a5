"""No screen has a method that a screen above it writes over with a value of its own."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re

from dlthub_tui import screens
from dlthub_tui.screens.frame.acting import ActingScreen


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
