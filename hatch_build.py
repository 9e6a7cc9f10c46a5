"""Ships the style sheets inside the wheel.

The repository keeps them in `styles/`, the wheel in `dlthub_tui/styles`. An editable install would copy them once and
let the copy go stale, so it gets none and the app reads the repository's folder (`dlthub_tui.styles_folder`).
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StylesHook(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["styles"] = "dlthub_tui/styles"
