"""The log's format: wire lines in checksummed, indexed segment files. Standard library only."""

from planes.data_plane.segments.files import Segment, is_sealed, list_segments
from planes.data_plane.segments.reader import LogCursor, line_count, read_range
from planes.data_plane.segments.recovery import Recovered, recover
from planes.data_plane.segments.splitting import CONTINUES, MAX_LINE_BYTES, LineSplitter
from planes.data_plane.segments.wire import Origin, encode_lines
from planes.data_plane.segments.writer import DEFAULT_MAX_LOG_BYTES, SegmentWriter, sync_folder, write_synced

__all__ = [
    "CONTINUES",
    "DEFAULT_MAX_LOG_BYTES",
    "MAX_LINE_BYTES",
    "LineSplitter",
    "LogCursor",
    "Origin",
    "Recovered",
    "Segment",
    "SegmentWriter",
    "encode_lines",
    "is_sealed",
    "line_count",
    "list_segments",
    "read_range",
    "recover",
    "sync_folder",
    "write_synced",
]
