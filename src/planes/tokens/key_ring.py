"""The control plane's signing keys over time: one signs, others are published before it and after it.

    published ──(60 s)──► signs ──► next one signs ──(8 days)──► forgotten

A key is known to every data plane before its first token, and outlives its last one. The first key also derives the
secrets of the plane (refresh successors, marks of forms, cursors), so its file stays.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from planes.tokens.keys import PublicKey, SigningKey

# Two polls of a data plane, which last at most 25 s each.
PUBLISHED_BEFORE = timedelta(seconds=60)
# Longer than the longest run may use its token.
PUBLISHED_AFTER = timedelta(days=8)
_FOLDER = "signing"
_RETIRED = ".retired"
_COARSE_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class _Dated:
    signs_from: int
    key: SigningKey
    is_retired: bool


class KeyRing:
    """The keys in a plane's folder: `signing.key`, and below `signing/` those that came later, named by when they
    sign from (unix seconds). Several processes that share the folder see a new key at once.
    """

    def __init__(self, folder: Path) -> None:
        """Raises: InvalidToken when a file is no key."""
        self._root_path = folder / "signing.key"
        self.root = SigningKey.load_or_create(self._root_path)
        self._folder = folder / _FOLDER
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._seen = -1
        self._dated: tuple[_Dated, ...] = ()

    def signer(self, now: datetime) -> SigningKey:
        """The key that signs at this moment."""
        return self._current(now).key

    def signs_since(self, now: datetime) -> datetime:
        """From when on the key of this moment signs; the first one since its file was written."""
        current = self._current(now)
        return datetime.fromtimestamp(current.signs_from or self._root_path.stat().st_mtime, UTC)

    def published(self, now: datetime) -> list[PublicKey]:
        """The keys whose tokens are good, the one that signs first."""
        current = self._current(now)
        others = [
            each for each in self._read() if each.key.public != current.key.public and self._is_published(each, now)
        ]
        return [current.key.public, *(each.key.public for each in others)]

    def rotate(self, now: datetime, *, at_once: bool) -> tuple[SigningKey, datetime]:
        """Makes a key, and says from when it signs. `at_once` for a key that somebody else has: those before it are
        refused from now on, which signs everybody's tokens out; refresh tokens and API keys stay good.
        """
        before = self._read()
        wanted = now if at_once else now + PUBLISHED_BEFORE
        signs_from = max(int(wanted.timestamp()), before[-1].signs_from + 1)
        key = SigningKey.load_or_create(self._folder / f"{signs_from}.key")
        if at_once:
            for each in before:
                (self._folder / f"{each.signs_from}{_RETIRED}").touch(mode=0o600)
        self._seen = -1
        return key, datetime.fromtimestamp(signs_from, UTC)

    def _current(self, now: datetime) -> _Dated:
        dated = self._read()
        good = [each for each in dated if each.signs_from <= now.timestamp() and not each.is_retired]
        return good[-1] if good else next(each for each in reversed(dated) if not each.is_retired)

    def _is_published(self, each: _Dated, now: datetime) -> bool:
        if each.is_retired:
            return False
        later = [one.signs_from for one in self._read() if one.signs_from > each.signs_from]
        return not later or min(later) > (now - PUBLISHED_AFTER).timestamp()

    def _read(self) -> tuple[_Dated, ...]:
        changed = self._folder.stat().st_mtime_ns
        # File systems tell moments coarsely: what changed just now may change again without another moment.
        if changed != self._seen or time.time_ns() - changed < _COARSE_NS:
            retired = {path.stem for path in self._folder.glob(f"*{_RETIRED}")}
            found = [_Dated(0, self.root, "0" in retired)]
            found += [
                _Dated(int(path.stem), SigningKey.load_or_create(path), path.stem in retired)
                for path in self._folder.glob("*.key")
                if path.stem.isdigit()
            ]
            self._dated = tuple(sorted(found, key=lambda each: each.signs_from))
            self._seen = changed
        return self._dated
