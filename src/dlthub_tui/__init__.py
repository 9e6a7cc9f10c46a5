"""The terminal application of the platform."""

from pathlib import Path


def styles_folder() -> Path:
    """Where the style sheets are: inside an installed wheel, else the repository's top-level `styles/`."""
    shipped = Path(__file__).parent / "styles"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "styles"
