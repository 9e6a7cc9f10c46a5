"""Folders that come with the program, and paths that somebody typed."""

from __future__ import annotations

import os
from pathlib import Path


def styles_folder() -> Path:
    """Where the style sheets are."""
    return _shipped("styles")


def example_folder(name: str = "weather") -> Path:
    """Where an example is, `weather` or `fruitshop`."""
    return _shipped(f"examples/{name}")


def typed_path(text: str) -> Path:
    """A path as somebody typed it; `~NAME` of nobody is a name like any other, where pathlib raises."""
    return Path(os.path.expanduser(text))


def _shipped(place: str) -> Path:
    """Inside an installed wheel, else at the top of the repository."""
    shipped = Path(__file__).parent / place
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / place
