"""A region can be recognised: its own key, and signed answers to who it is (Security: 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from planes.tokens.attestation import sign_statement
from planes.tokens.keys import SigningKey
from planes.tokens.words import fingerprint_text, words_of
from planes.wire.key_changes import KeyChange
from planes.wire.well_known import VALID_SECONDS, Attestation, Statement, signed_bytes


class Identity:
    """The plane's key with the names it goes by, and how it came to be the key. It signs link proofs too."""

    def __init__(
        self, key: SigningKey, dataplane_id: str, region: str, public_url: str, key_changes: Sequence[KeyChange] = ()
    ) -> None:
        self.key = key
        self.key_changes = list(key_changes)
        self.dataplane_id = dataplane_id
        self.region = region
        self._origins = [origin_of(public_url)]

    @property
    def public_key(self) -> str:
        """The key in base64url, the form on the wire."""
        return self.key.public.text

    @property
    def fingerprint(self) -> str:
        """What `serve data` shows and a client pins, in groups of eight hex digits."""
        return fingerprint_text(self.key.public)

    @property
    def words(self) -> str:
        """Six plain words of the key."""
        return words_of(self.key.public)

    def attest(self, nonce: str, now: datetime) -> Attestation:
        """A signed answer for this nonce, valid five minutes."""
        statement = Statement(
            dataplane_id=self.dataplane_id,
            region=self.region,
            origins=self._origins,
            nonce=nonce,
            not_after=now.replace(microsecond=0) + timedelta(seconds=VALID_SECONDS),
        )
        return Attestation(
            **statement.model_dump(),
            public_key=self.public_key,
            fingerprint=self.fingerprint,
            words=self.words,
            signature=sign_statement(self.key, signed_bytes(statement)),
            key_changes=self.key_changes,
        )


def origin_of(url: str) -> str:
    """Scheme, host and port of an URL, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
