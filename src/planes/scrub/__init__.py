"""Find and mask secret-like text: in a stream of bytes, in lines, in texts and documents; and make text safe to show.

`ScrubSettings` carries what a workspace changes (classes of personal data, patterns of its own, false positives); see
`planes.scrub.settings`. `StreamScrubber`, `scrub_lines`, `scrub_text` and `scrub_json` take it as their last argument.

Pure: no files, no network, no clock. Used by the runner (before anything is written), by both planes (results, traces,
messages, definitions) and by the terminal app (once more before display). See docs/scrubbing.md for how it works and
what it does not promise.
"""

from planes.scrub.display import display_guard, refused_in_name
from planes.scrub.lines import prepare
from planes.scrub.registered.registered import MOST_TEXTS, Registered
from planes.scrub.settings import (
    PII_CLASSES,
    ScrubSettings,
    check_pattern,
    check_pattern_name,
    parse_settings,
    refused_patterns,
    settings_document,
    usable_patterns,
)
from planes.scrub.stream import StreamScrubber, scrub_lines
from planes.scrub.texts import JSON, Hit, decode_lossless, find_hits, mask_names_hidden, scrub_json, scrub_text

__all__ = [
    "JSON",
    "MOST_TEXTS",
    "PII_CLASSES",
    "Hit",
    "Registered",
    "ScrubSettings",
    "StreamScrubber",
    "check_pattern",
    "check_pattern_name",
    "decode_lossless",
    "display_guard",
    "find_hits",
    "mask_names_hidden",
    "parse_settings",
    "prepare",
    "refused_in_name",
    "refused_patterns",
    "scrub_json",
    "scrub_lines",
    "scrub_text",
    "settings_document",
    "usable_patterns",
]
