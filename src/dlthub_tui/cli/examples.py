"""Where the example workspaces are: inside an installed wheel, else in the repository."""

from __future__ import annotations

from pathlib import Path

import dlthub_tui


def weather_folder() -> Path:
    """The folder of `examples/weather`."""
    return example_folder("weather")


def example_folder(name: str) -> Path:
    """The folder of an example: `weather` or `fruitshop`."""
    package = Path(dlthub_tui.__file__).parent
    shipped = package / "examples" / name
    return shipped if shipped.is_dir() else package.parents[1] / "examples" / name
