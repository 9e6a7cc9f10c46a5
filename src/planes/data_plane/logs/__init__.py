"""Stored and live logs as wire lines. Knows nothing of processes or HTTP."""

from planes.data_plane.logs import codec as codec
from planes.data_plane.logs.following import WakeSource, follow
from planes.data_plane.logs.reading import iterate, range_of

__all__ = ["WakeSource", "follow", "iterate", "range_of"]
