"""Ed25519 keys: the control plane signs tokens, each data plane signs what it asks and answers."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from planes.private_files import create_private
from planes.tokens.errors import InvalidToken


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: `kid` names it, `text` is its 32 bytes in base64url without padding, the form on the wire."""

    kid: str
    text: str

    @staticmethod
    def parse(text: str) -> PublicKey:
        """Raises: InvalidToken when the text is no Ed25519 key."""
        try:
            raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            Ed25519PublicKey.from_public_bytes(raw)
        except ValueError as exc:
            raise InvalidToken("not an Ed25519 public key") from exc
        return PublicKey(kid=_kid(raw), text=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    @property
    def raw(self) -> bytes:
        """The 32 bytes."""
        return base64.urlsafe_b64decode(self.text + "=" * (-len(self.text) % 4))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the key in hex: what people compare."""
        return hashlib.sha256(self.raw).hexdigest()

    def library_key(self) -> Ed25519PublicKey:
        """For the JWT library."""
        return Ed25519PublicKey.from_public_bytes(self.raw)

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the signature over the message is this key's."""
        try:
            self.library_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key with its public half."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = PublicKey(kid=_kid(raw), text=base64.urlsafe_b64encode(raw).rstrip(b"=").decode())

    @staticmethod
    def generate() -> SigningKey:
        """A new key."""
        return SigningKey(Ed25519PrivateKey.generate())

    @staticmethod
    def load_or_create(path: Path) -> SigningKey:
        """Reads the key file, or writes a new one (0600). May run twice.

        Raises: InvalidToken when the file is no key.
        """
        if not path.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            create_private(path, base64.urlsafe_b64encode(raw))
        try:
            return SigningKey(Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(path.read_bytes())))
        except ValueError as exc:
            raise InvalidToken(f"{path.name} is no key file") from exc

    def sign(self, message: bytes) -> bytes:
        """64 bytes over the message."""
        return self._private.sign(message)

    def library_key(self) -> Ed25519PrivateKey:
        """For the JWT library."""
        return self._private


def _kid(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:16]
