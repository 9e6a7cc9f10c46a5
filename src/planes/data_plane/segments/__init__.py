"""The log's format: wire lines in checksummed, indexed segment files. Standard library only."""

from planes.data_plane.segments.codecs import FrameCodec, NoCodec, use_codec
from planes.data_plane.segments.files import Segment, is_sealed, list_segments
from planes.data_plane.segments.packing import Consolidated, LogIsOpen, consolidate
from planes.data_plane.segments.reader import Damage, LogCursor, damage_of, gap_in, line_count, read_range
from planes.data_plane.segments.recovery import Recovered, recover
from planes.data_plane.segments.rewriting import RewriteResult, RewriteStep, form_of, rewrite_lines, rewrite_log
from planes.data_plane.segments.splitting import CONTINUES, MAX_LINE_BYTES, LineSplitter
from planes.data_plane.segments.wire import CONTENT_END, Origin, encode_lines, number_of, reported_at_of
from planes.data_plane.segments.writer import DEFAULT_MAX_LOG_BYTES, SegmentWriter, sync_folder, write_synced

__all__ = [
    "CONTENT_END",
    "CONTINUES",
    "DEFAULT_MAX_LOG_BYTES",
    "MAX_LINE_BYTES",
    "Consolidated",
    "Damage",
    "FrameCodec",
    "LineSplitter",
    "LogCursor",
    "LogIsOpen",
    "NoCodec",
    "Origin",
    "Recovered",
    "RewriteResult",
    "RewriteStep",
    "Segment",
    "SegmentWriter",
    "consolidate",
    "damage_of",
    "encode_lines",
    "form_of",
    "gap_in",
    "is_sealed",
    "line_count",
    "list_segments",
    "number_of",
    "read_range",
    "recover",
    "reported_at_of",
    "rewrite_lines",
    "rewrite_log",
    "sync_folder",
    "use_codec",
    "write_synced",
]
