"""Proofs of residency that were made in this home: `doctor --residency` keeps its signed reports in `proofs/`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dlthub_tui.client.errors import UnexpectedAnswer
from dlthub_tui.client.reading import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What the newest report says of one region. `trouble` are places where a planted word was found, or not read.

    `not_searched` are parts that nobody looked into.
    """

    made_at: datetime
    planted: int
    elsewhere: int
    secrets: int
    searched_bytes: int
    trouble: tuple[str, ...]
    not_searched: tuple[str, ...]
    is_clean: bool
    signed_by: tuple[str, ...]
    file: Path

    @property
    def verdict(self) -> str:
        """What it claims."""
        return verdict_of(is_clean=self.is_clean, not_searched=self.not_searched)


def verdict_of(*, is_clean: bool, not_searched: Sequence[str]) -> str:
    """What a proof claims, wherever that is said: no more than was searched."""
    if not is_clean:
        return "This is no proof."
    return "Nothing left its region, as far as was searched." if not_searched else "Nothing left its region."


def find_clean_proof(home: Path, regions: Iterable[str]) -> Proof | None:
    """The newest proof of one of these regions, if it found nothing outside of it. Blocking."""
    found = (find_last_proof(home, region) for region in regions)
    return next((proof for proof in found if proof is not None and proof.is_clean), None)


def find_last_proof(home: Path, region: str) -> Proof | None:
    """The newest one that is about the region; None where there is none. Blocking."""
    for path in sorted((home / "proofs").glob("residency-*.json"), reverse=True):
        try:
            found = _parse(json.loads(path.read_text(encoding="utf-8")), region, path)
        except (OSError, ValueError, UnexpectedAnswer):
            continue
        if found is not None:
            return found
    return None


def _parse(document: Any, region: str, path: Path) -> Proof | None:
    fields = Fields(document, "proof")
    report = fields.within("report")
    parts = [part for part in report.many("regions", _as_fields) if part.maybe_text("region") == region]
    if not parts:
        return None
    part = parts[0]
    elsewhere, secrets = part.texts("elsewhere"), part.texts("secrets")
    return Proof(
        made_at=report.moment("ended_at"),
        planted=part.number("planted", 0),
        elsewhere=len(elsewhere),
        secrets=len(secrets),
        searched_bytes=sum(place.number("bytes", 0) for place in part.many("searched", _as_fields)),
        trouble=(*elsewhere, *secrets, *part.texts("unread")),
        not_searched=part.texts("not_searched"),
        is_clean=part.flag("is_clean"),
        signed_by=fields.many("signatures", _signer),
        file=path,
    )


def _as_fields(raw: Any) -> Fields:
    return Fields(raw, "proof")


def _signer(raw: Any) -> str:
    fields = Fields(raw, "signature")
    return f"{fields.text('plane')} {fields.text('fingerprint')}"
