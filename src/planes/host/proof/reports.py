"""Signing what was found, so that a report can be kept, and compared with the planes' fingerprints later."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from planes.private_files import write_for_home
from planes.tokens.keys import SigningKey


def sign_report(root: Path, report: Mapping[str, object]) -> dict[str, object]:
    """`{report, signatures}`: one of each plane of the home, over the report's JSON (sorted keys, no spaces, ASCII).

    A signature is `{plane, key, fingerprint, signature}` in base64url; the key is the one that clients pin.
    """
    message = json.dumps(report, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    signatures: list[dict[str, str]] = []
    for plane, path in _key_files(root):
        key = SigningKey.load_or_create(path)
        signature = base64.urlsafe_b64encode(key.sign(message)).decode()
        signatures.append(
            {"plane": plane, "key": key.public.text, "fingerprint": key.public.fingerprint, "signature": signature}
        )
    return {"report": report, "signatures": signatures}


def keep_report(root: Path, name: str, document: Mapping[str, object]) -> Path:
    """Writes it into the home (0600)."""
    path = root / "proofs" / name
    write_for_home(path, json.dumps(document, indent=1).encode())
    return path


def _key_files(root: Path) -> Iterator[tuple[str, Path]]:
    candidates = {"control": root / "control" / "signing.key"}
    candidates |= {path.name: path / "identity.key" for path in sorted((root / "data").glob("*"))}
    yield from ((plane, path) for plane, path in candidates.items() if path.exists())
