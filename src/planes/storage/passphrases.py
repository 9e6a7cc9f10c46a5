"""A few bytes behind a passphrase, as a file of the age format (`age -d` opens it), with a fixed amount of work.

The library measures the machine instead: a busy one sealed with a quarter of the work, or with four times as much, and
refused afterwards to open what it had sealed itself.
"""

from __future__ import annotations

import base64
import binascii
import os
import re

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from planes.storage.errors import StorageError

# 2^18 takes about a second and 256 MiB; it is what the age program takes, which opens up to 2^22.
WORK = 18
MOST_WORK = 22
MOST_BYTES = 64 * 1024
_HEADER = re.compile(
    rb"(age-encryption\.org/v1\n-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n([A-Za-z0-9+/]{43})\n---) "
    rb"([A-Za-z0-9+/]{43})\n"
)
_NONCE_BYTES = 16
_NO_NONCE = bytes(12)
# The only chunk of the content, which is its last one.
_LAST_NONCE = bytes(11) + b"\x01"


class CannotOpen(StorageError):
    """The passphrase is not the one, or the file is none of this kind; the text says which."""


def seal_by_passphrase(content: bytes, passphrase: str) -> bytes:
    """The file. Takes about a second.

    Raises: ValueError for more than `MOST_BYTES`.
    """
    if len(content) > MOST_BYTES:
        raise ValueError("more than one chunk")
    salt, nonce, file_key = os.urandom(16), os.urandom(_NONCE_BYTES), os.urandom(16)
    wrapped = ChaCha20Poly1305(_stretch(passphrase, salt, WORK)).encrypt(_NO_NONCE, file_key, None)
    header = b"\n".join(
        (b"age-encryption.org/v1", b"-> scrypt %s %d" % (_encode(salt), WORK), _encode(wrapped), b"---")
    )
    mac = _mac(file_key, header).finalize()
    sealed = ChaCha20Poly1305(_derive(file_key, nonce, b"payload")).encrypt(_LAST_NONCE, content, None)
    return header + b" " + _encode(mac) + b"\n" + nonce + sealed


def open_by_passphrase(file: bytes, passphrase: str) -> bytes:
    """The content of the file. Raises: CannotOpen."""
    found = _HEADER.match(file)
    if found is None:
        raise CannotOpen("the file of the key is damaged")
    header, salt, factor, wrapped, mac = found.groups()
    if int(factor) > MOST_WORK:
        raise CannotOpen(f"its passphrase asks for more work (2^{int(factor)}) than is done here (2^{MOST_WORK})")
    try:
        key = _stretch(passphrase, _decode(salt), int(factor))
        file_key = ChaCha20Poly1305(key).decrypt(_NO_NONCE, _decode(wrapped), None)
    except InvalidTag as exc:
        raise CannotOpen("the passphrase is not the one") from exc
    nonce, sealed = file[found.end() :][:_NONCE_BYTES], file[found.end() + _NONCE_BYTES :]
    try:
        _mac(file_key, header).verify(_decode(mac))
        return ChaCha20Poly1305(_derive(file_key, nonce, b"payload")).decrypt(_LAST_NONCE, sealed, None)
    except (InvalidSignature, InvalidTag) as exc:
        raise CannotOpen("the file of the key is damaged") from exc


def _stretch(passphrase: str, salt: bytes, factor: int) -> bytes:
    label = b"age-encryption.org/v1/scrypt"
    return Scrypt(salt=label + salt, length=32, n=2**factor, r=8, p=1).derive(passphrase.encode())


def _derive(file_key: bytes, salt: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> HMAC:
    mac = HMAC(_derive(file_key, b"", b"header"), SHA256())
    mac.update(header)
    return mac


def _encode(content: bytes) -> bytes:
    return base64.b64encode(content).rstrip(b"=")


def _decode(text: bytes) -> bytes:
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))
