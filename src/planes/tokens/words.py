"""The words and the fingerprint by which people know a plane's key."""

from __future__ import annotations

from planes.domain.key_words import grouped_fingerprint, six_words
from planes.tokens.keys import PublicKey


def words_of(key: PublicKey) -> str:
    """Six plain words, separated by spaces."""
    return six_words(key.fingerprint)


def fingerprint_text(key: PublicKey) -> str:
    """SHA-256 of the key in groups of eight hex digits."""
    return grouped_fingerprint(key.fingerprint)
