"""Who compresses. The format knows frames, but stands on the standard library, and the runner never compresses.

`planes.data_plane.logs` names zstandard here when it is imported.
"""

from typing import Protocol


class FrameCodec(Protocol):
    """Turns a block of lines into one compressed frame, and back. Called from any thread."""

    def compress(self, block: bytes) -> bytes:
        """One whole frame."""
        ...

    def decompress(self, frame: bytes, size: int) -> bytes:
        """The block of `size` bytes. Raises: ValueError if the frame does not hold that."""
        ...


class NoCodec(RuntimeError):
    """A compressed log is read in a process that has named no codec (import `planes.data_plane.logs`)."""


_codecs: list[FrameCodec] = []


def use_codec(codec: FrameCodec) -> None:
    """Name the codec of this process."""
    _codecs[:] = [codec]


def codec_in_use() -> FrameCodec:
    """The codec of this process. Raises: NoCodec."""
    if not _codecs:
        raise NoCodec
    return _codecs[0]
