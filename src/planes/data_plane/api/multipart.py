"""Receives the parts of a multipart form as they arrive; nothing is held but the piece at hand."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import anyio
from anyio import to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from planes.data_plane.services.uploads.spools import Spool
from planes.domain.errors import InvalidRequest, Reason, TooLarge

_BATCH_BYTES = 512 * 1024
_FORM_BYTES = 64 * 1024
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 20
RECEIVE_SECONDS = 600


async def receive_form(request: Request, spools: Mapping[str, Spool], limit_bytes: int) -> None:
    """Feeds exactly the named file parts, each once, into their spools. `limit_bytes` bounds the whole body.

    Raises: InvalidRequest, TooLarge, StorageFull. What is left of the body is then read and dropped, within bounds,
    so that the client comes to read the answer.
    """
    stream = request.stream()
    try:
        declared = request.headers.get("content-length", "0")
        if declared.isdigit() and int(declared) > limit_bytes + _FORM_BYTES:
            raise TooLarge("too_large", "The body is larger than the region takes.")
        form = _Form(_boundary_of(request), spools, limit_bytes + _FORM_BYTES)
        with anyio.fail_after(RECEIVE_SECONDS):
            await _feed(stream, form)
    except ClientDisconnect as exc:
        raise InvalidRequest("incomplete", "The connection ended before the upload did.") from exc
    except TimeoutError as exc:
        raise InvalidRequest("too_slow", f"The upload took longer than {RECEIVE_SECONDS} seconds.") from exc
    except BaseException:
        await _drain(stream)
        raise


async def _feed(stream: AsyncIterator[bytes], form: _Form) -> None:
    batch: list[bytes] = []
    size = 0
    async for chunk in stream:
        batch.append(chunk)
        size += len(chunk)
        if size >= _BATCH_BYTES:
            await to_thread.run_sync(form.feed, b"".join(batch))
            batch, size = [], 0
    await to_thread.run_sync(form.feed, b"".join(batch))
    form.finish()


async def _drain(stream: AsyncIterator[bytes]) -> None:
    left = _DRAIN_BYTES
    try:
        with anyio.move_on_after(_DRAIN_SECONDS):
            async for chunk in stream:
                left -= len(chunk)
                if left < 0:
                    return
    except ClientDisconnect:
        return


class _Form:
    """Gives the library's callbacks a meaning: which part is open, and whether all came."""

    def __init__(self, boundary: bytes, spools: Mapping[str, Spool], limit_bytes: int) -> None:
        self._spools = spools
        self._left = limit_bytes
        self._seen: set[str] = set()
        self._header = b""
        self._value = b""
        self._disposition = b""
        self._spool: Spool | None = None
        self._is_complete = False
        callbacks: Any = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_end": self._on_end,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, chunk: bytes) -> None:
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLarge("too_large", "The body is larger than the region takes.")
        try:
            self._parser.write(chunk)
        except FormParserError as exc:
            raise _malformed() from exc

    def finish(self) -> None:
        if not self._is_complete:
            raise _malformed()
        missing = sorted(self._spools.keys() - self._seen)
        if missing:
            raise _wrong_part(missing[0], "this file is missing")

    def _on_part_begin(self) -> None:
        self._disposition = b""

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]
        self._check_size(self._header)

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check_size(self._value)

    def _on_header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if name not in self._spools:
            raise _wrong_part("body", "the form has a part that does not belong to this upload")
        if b"filename" not in options:
            raise _wrong_part(name, "this part must be a file")
        if name in self._seen:
            raise _wrong_part(name, "this file is there twice")
        self._seen.add(name)
        self._spool = self._spools[name]

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        assert self._spool is not None
        self._spool.feed(data[start:end])

    def _on_end(self) -> None:
        self._is_complete = True

    def _check_size(self, text: bytes) -> None:
        if len(text) > _FORM_BYTES:
            raise _malformed()


def _boundary_of(request: Request) -> bytes:
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 200:
        raise InvalidRequest("invalid_request", "An upload is a multipart/form-data body.")
    return boundary


def _malformed() -> InvalidRequest:
    return InvalidRequest("invalid_request", "The body is not a complete multipart form.")


def _wrong_part(key: str, message: str) -> InvalidRequest:
    return InvalidRequest(
        "invalid_request", "The form has not the parts of this upload.", (Reason(key=key, message=message),)
    )
