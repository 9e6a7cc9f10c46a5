"""Bodies of file lists (Contract: 1.7)."""

from __future__ import annotations

from pydantic import BaseModel


class ManifestFileResponse(BaseModel):
    """One file: `sha3_256` is base64, of the content or of a link's text."""

    relative_path: str
    size_bytes: int
    sha3_256: str
    linkname: str | None = None


class ManifestFilesResponse(BaseModel):
    engine_version: int
    files: list[ManifestFileResponse]
