"""Sends an archive straight to its region, in pieces, telling how far it is."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import anyio
import httpx

from dlthub_tui.client.deployments import UploadPermit
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.transport import CONNECT_SECONDS, FixedToken, Transport, origin_of, parse_answer

PIECE_BYTES = 64 * 1024
UPLOAD_SECONDS = 300.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a multipart body."""

    field: str
    filename: str
    content_type: str
    path: Path


def code_parts(archive: Path, requirements: Path) -> tuple[Part, ...]:
    """The two parts of a code upload. Contract: 1.5 (46)."""
    return (
        Part("file", "workspace.tar.gz", "application/x-tar", archive),
        Part("requirements_file", "requirements.json", "application/json", requirements),
    )


def configuration_parts(archive: Path) -> tuple[Part, ...]:
    """The one part of a configuration upload. Contract: 1.5 (47)."""
    return (Part("file", "configurations.tar.gz", "application/x-tar", archive),)


async def send(permit: UploadPermit, parts: tuple[Part, ...], progress: Progress) -> str:
    """Uploads; `progress(sent, total)` counts bytes of the whole body. Returns the digest of what was stored.

    The plane's pin must have been checked for the permit's origin before. Raises: a ClientError.
    """
    boundary = secrets.token_hex(16)
    total = await anyio.to_thread.run_sync(_body_size, parts, boundary)
    plane = Transport(permit.url, FixedToken(permit.token))
    try:
        request = plane.request(
            "POST",
            httpx.URL(permit.url).path,
            content=_body(parts, boundary, total, progress),
            headers={"content-type": f"multipart/form-data; boundary={boundary}", "content-length": str(total)},
            timeout=httpx.Timeout(UPLOAD_SECONDS, connect=CONNECT_SECONDS),
        )
        assert origin_of(permit.url) == plane.origin
        return Fields(parse_answer(await plane.send(request)), "new version").text("content_hash")
    finally:
        await plane.aclose()


def _head(part: Part, boundary: str) -> bytes:
    return (
        f"--{boundary}\r\n"
        f'Content-Disposition: form-data; name="{part.field}"; filename="{part.filename}"\r\n'
        f"Content-Type: {part.content_type}\r\n\r\n"
    ).encode("ascii")


def _body_size(parts: tuple[Part, ...], boundary: str) -> int:
    end = len(f"--{boundary}--\r\n")
    return sum(len(_head(part, boundary)) + part.path.stat().st_size + 2 for part in parts) + end


async def _body(parts: tuple[Part, ...], boundary: str, total: int, progress: Progress) -> AsyncIterator[bytes]:
    sent = 0
    for part in parts:
        yield _head(part, boundary)
        async with await anyio.open_file(part.path, "rb") as file:
            while piece := await file.read(PIECE_BYTES):
                yield piece
                sent += len(piece)
                progress(sent, total)
        yield b"\r\n"
    progress(total, total)
    yield f"--{boundary}--\r\n".encode("ascii")
