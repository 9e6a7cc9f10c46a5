"""The user's settings file: `settings.toml` beside the session."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

NAME = "settings.toml"


def read_preferences(folder: Path) -> tuple[dict[str, Any], str | None]:
    """What the file says, and what is wrong with it, None where nothing is. Without a file there is nothing."""
    try:
        return tomllib.loads((folder / NAME).read_text(encoding="utf-8")), None
    except FileNotFoundError:
        return {}, None
    except OSError as exc:
        return {}, f"{NAME} cannot be read: {exc.strerror or 'no reason given'}."
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        return {}, f"{NAME} is no TOML: {exc}."
