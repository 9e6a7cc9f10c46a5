"""The log's format: wire lines in checksummed, indexed segment files. Standard library only.

What stands here is what writes a log, and all that a runner loads; what reads, checks, packs and rewrites one is in the
modules beside.
"""

from planes.data_plane.segments.files import Segment, is_sealed, list_segments
from planes.data_plane.segments.splitting import CONTINUES, MAX_LINE_BYTES, LineSplitter
from planes.data_plane.segments.wire import CONTENT_END, Origin, encode_lines, number_of, reported_at_of
from planes.data_plane.segments.writer import DEFAULT_MAX_LOG_BYTES, SegmentWriter, sync_folder, write_synced

__all__ = [
    "CONTENT_END",
    "CONTINUES",
    "DEFAULT_MAX_LOG_BYTES",
    "MAX_LINE_BYTES",
    "LineSplitter",
    "Origin",
    "Segment",
    "SegmentWriter",
    "encode_lines",
    "is_sealed",
    "list_segments",
    "number_of",
    "reported_at_of",
    "sync_folder",
    "write_synced",
]
