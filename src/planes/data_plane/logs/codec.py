"""Zstandard for the compressed form of logs."""

import threading

import zstandard

from planes.data_plane.segments.codecs import use_codec

_LEVEL = 3


class Zstandard:
    """One compressor and one decompressor for each thread: neither may be used by two at once."""

    def __init__(self) -> None:
        self._kept = threading.local()

    def compress(self, block: bytes) -> bytes:
        """One frame, which says its size."""
        compressor: zstandard.ZstdCompressor | None = getattr(self._kept, "compressor", None)
        if compressor is None:
            compressor = self._kept.compressor = zstandard.ZstdCompressor(level=_LEVEL)
        return compressor.compress(block)

    def decompress(self, frame: bytes, size: int) -> bytes:
        """Raises: ValueError if the frame does not hold `size` bytes."""
        decompressor: zstandard.ZstdDecompressor | None = getattr(self._kept, "decompressor", None)
        if decompressor is None:
            decompressor = self._kept.decompressor = zstandard.ZstdDecompressor()
        try:
            block = decompressor.decompress(frame, max_output_size=size)
        except zstandard.ZstdError as exc:
            raise ValueError("no frame of a log") from exc
        if len(block) != size:
            raise ValueError("a frame of another size")
        return block


use_codec(Zstandard())
