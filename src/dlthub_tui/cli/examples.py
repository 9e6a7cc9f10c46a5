"""Where the example workspace is: inside an installed wheel, else in the repository."""

from __future__ import annotations

from pathlib import Path

import dlthub_tui


def weather_folder() -> Path:
    """The folder of `examples/weather`."""
    package = Path(dlthub_tui.__file__).parent
    shipped = package / "examples" / "weather"
    return shipped if shipped.is_dir() else package.parents[1] / "examples" / "weather"
