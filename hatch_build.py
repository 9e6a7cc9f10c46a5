"""Ships the style sheets, the example workspace, the manual page and the shells' completions inside the wheel.

The repository keeps them in `styles/`, `examples/` and `share/`, the wheel in `dlthub_tui/` and its data folder. An
editable install would copy them once and let the copies go stale, so it gets none and the app reads the repository's
folders.
"""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFolders(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "standard":
            build_data["force_include"]["styles"] = "dlthub_tui/styles"
            for name in ("fruitshop", "weather"):
                build_data["force_include"][f"examples/{name}"] = f"dlthub_tui/examples/{name}"
            # Beside the environment's programs, where `man` and the shells look: the manual page and completions.
            build_data["shared_data"]["share"] = "share"
