"""Stored and live logs as wire lines. Knows nothing of processes or HTTP."""

from planes.data_plane.logs import codec as codec
from planes.data_plane.logs.comparing import Comparison
from planes.data_plane.logs.consolidating import Consolidation
from planes.data_plane.logs.downloading import as_text
from planes.data_plane.logs.following import Followers, WakeSource, follow
from planes.data_plane.logs.matching import Matcher, Wish
from planes.data_plane.logs.mining import Templates
from planes.data_plane.logs.reading import end_of, iterate, iterate_range
from planes.data_plane.logs.searching import Scan, Scope, Searches, Work, first_at

__all__ = [
    "Comparison",
    "Consolidation",
    "Followers",
    "Matcher",
    "Scan",
    "Scope",
    "Searches",
    "Templates",
    "WakeSource",
    "Wish",
    "Work",
    "as_text",
    "end_of",
    "first_at",
    "follow",
    "iterate",
    "iterate_range",
]
