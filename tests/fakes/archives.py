"""Makes upload archives: as the client packs them, or by hand, block by block, for hostile ones."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

REQUIREMENTS = (
    b'{"engine_version": 2, "python_version": "3.11", "dlt_version": {"name": "dlt", "extras": [], "version": "1.31.0",'
    b' "mode": "pypi"}, "default_groups": ["main"], "groups": {"main": ["dlt==1.31.0"]}, "launcher_requirements": {}}'
)


def digest(content: bytes) -> str:
    """SHA3-256 in base64, as manifests write it."""
    return base64.b64encode(hashlib.sha3_256(content).digest()).decode()


def listed(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The manifest's items, sorted."""
    items = [
        {"relative_path": path, "size_in_bytes": len(content), "sha3_256": digest(content)}
        for path, content in files.items()
    ]
    items += [
        {"relative_path": path, "size_in_bytes": 0, "sha3_256": digest(target.encode()), "linkname": target}
        for path, target in (links or {}).items()
    ]
    return sorted(items, key=lambda item: item["relative_path"])


def manifest(items: Sequence[Mapping[str, Any]]) -> bytes:
    """`manifest.yaml` as the client dumps it."""
    content = {"engine_version": 1, "files": [dict(item) for item in items]}
    return yaml.dump(content, allow_unicode=True, default_flow_style=False, sort_keys=False).encode()


def content_hash(items: Sequence[Mapping[str, Any]]) -> str:
    """The client's hash over a sorted manifest."""
    total = hashlib.sha3_256()
    for item in items:
        total.update(item["relative_path"].encode())
        total.update(item["sha3_256"].encode())
    return base64.b64encode(total.digest()).decode()


def pack(files: Mapping[str, bytes], links: Mapping[str, str] | None = None) -> bytes:
    """An honest archive, made with the standard library as the client makes it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w|gz") as tar:
        for path, content in files.items():
            info = tarfile.TarInfo(f"files/{path}")
            info.size, info.mode = len(content), 0o755 if path.endswith(".sh") else 0o644
            tar.addfile(info, io.BytesIO(content))
        for path, target in (links or {}).items():
            info = tarfile.TarInfo(f"files/{path}")
            info.type, info.linkname, info.mtime = tarfile.SYMTYPE, target, 1.5
            tar.addfile(info)
        text = manifest(listed(files, links))
        info = tarfile.TarInfo("manifest.yaml")
        info.size = len(text)
        tar.addfile(info, io.BytesIO(text))
    return stream.getvalue()


def header(name: bytes, size: int = 0, kind: bytes = b"0", link: bytes = b"", mode: int = 0o644) -> bytes:
    """One ustar header with a right checksum, whatever it says."""
    block = bytearray(512)
    block[0 : len(name[:100])] = name[:100]
    block[100:108] = b"%07o\0" % mode
    block[108:116] = block[116:124] = b"0000000\0"
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"00000000000\0"
    block[148:156] = b"        "
    block[156:157] = kind
    block[157 : 157 + len(link[:100])] = link[:100]
    block[257:265] = b"ustar\x0000"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def member(name: bytes, content: bytes = b"", kind: bytes = b"0", link: bytes = b"", mode: int = 0o644) -> bytes:
    """A header with its padded content."""
    return header(name, len(content), kind, link, mode) + content + bytes(-len(content) % 512)


def pax(records: Mapping[str, bytes]) -> bytes:
    """An extended header."""
    text = b""
    for key, value in records.items():
        body = b" " + key.encode() + b"=" + value + b"\n"
        length = len(body) + 1
        while len(str(length)) + len(body) != length:
            length = len(str(length)) + len(body)
        text += str(length).encode() + body
    return member(b"PaxHeader", text, b"x")


def end(members: bytes, items: Sequence[Mapping[str, Any]] = (), *, with_manifest: bool = True) -> bytes:
    """Members, then a manifest of `items`, then the end of the archive, compressed."""
    text = member(b"manifest.yaml", manifest(items)) if with_manifest else b""
    return gzip.compress(members + text + bytes(1024))
