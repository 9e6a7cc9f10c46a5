"""The terminal application of the platform."""

import os
from pathlib import Path


def styles_folder() -> Path:
    """Where the style sheets are: inside an installed wheel, else the repository's top-level `styles/`."""
    shipped = Path(__file__).parent / "styles"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "styles"


def example_folder(name: str = "weather") -> Path:
    """Where an example is, `weather` or `fruitshop`: inside an installed wheel, else in the repository."""
    shipped = Path(__file__).parent / "examples" / name
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "examples" / name


def typed_path(text: str) -> Path:
    """A path as somebody typed it; `~NAME` of nobody is a name like any other, where pathlib raises."""
    return Path(os.path.expanduser(text))
