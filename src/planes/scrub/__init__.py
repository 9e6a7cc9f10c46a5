"""Find and mask secret-like text: in a stream of bytes, in lines, in texts and documents; and make text safe to show.

Pure: no files, no network, no clock. Used by the runner (before anything is written), by both planes (results, traces,
messages, definitions) and by the terminal app (once more before display). See docs/scrubbing.md for how it works and
what it does not promise.
"""

from planes.scrub.display import display_guard, refused_in_name
from planes.scrub.lines import prepare
from planes.scrub.registered import Registered
from planes.scrub.stream import StreamScrubber, scrub_lines
from planes.scrub.texts import JSON, Hit, decode_lossless, find_hits, mask_names_hidden, scrub_json, scrub_text

__all__ = [
    "JSON",
    "Hit",
    "Registered",
    "StreamScrubber",
    "decode_lossless",
    "display_guard",
    "find_hits",
    "mask_names_hidden",
    "prepare",
    "refused_in_name",
    "scrub_json",
    "scrub_lines",
    "scrub_text",
]
