"""Pictures of screens: SVG without web fonts and without what differs from run to run."""

from __future__ import annotations

import re
from typing import Any

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode


class Picture(SingleFileSnapshotExtension):
    """One SVG file for each picture."""

    _file_extension = "svg"
    _write_mode = WriteMode.TEXT


def picture_of(app: Any, replacements: dict[str, str]) -> str:
    """The screen as SVG. Fonts come from the reader's machine: no request to anybody."""
    svg: str = app.export_screenshot(title="dlthub-tui")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"terminal-\d+", "terminal", svg)
    svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)
    for old, new in replacements.items():
        svg = svg.replace(old, new)
    return "\n".join(line.rstrip() for line in svg.splitlines()) + "\n"
