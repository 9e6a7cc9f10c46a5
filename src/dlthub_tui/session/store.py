"""Where the session is kept: the operating system's keyring, else a file that only its owner can read.

A session belongs to one origin and to the keys its control plane signs with; it is found again only for both.
"""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio

from dlthub_tui.client.errors import PinsDamaged
from dlthub_tui.client.pins import Pin
from dlthub_tui.client.sessions import TokenPair
from planes.private_files import write_for_home

KEYRING_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """Tokens for one origin. `fingerprints` are of the control plane's signing keys when they were given."""

    origin: str
    fingerprints: tuple[str, ...]
    email: str
    jwt: str
    refresh_token: str

    def __repr__(self) -> str:
        return f"StoredSession({self.origin!r}, {self.email!r})"

    @property
    def pair(self) -> TokenPair:
        """Its tokens."""
        return TokenPair(jwt=self.jwt, refresh_token=self.refresh_token, email=self.email)


class SessionStore:
    """Sessions and pins of one user on this machine. `folder` is made 0700."""

    def __init__(self, folder: Path, *, uses_keyring: bool = True) -> None:
        self._folder = folder
        self._uses_keyring = uses_keyring

    @property
    def place(self) -> str:
        """Where the last session went, as a sentence for the screen."""
        if self._uses_keyring:
            return "The session is kept in this machine's keyring."
        return "This machine has no keyring. The session goes to a file only you can read."

    async def probe(self) -> None:
        """Finds out whether there is a keyring."""
        if self._uses_keyring:
            await self._ask_keyring("get", "probe")

    async def find(self, origin: str, fingerprints: tuple[str, ...]) -> StoredSession | None:
        """The session for this origin, if its control plane still shows one of the keys it had."""
        session = await self.look_up(origin)
        return session if session is not None and set(session.fingerprints) & set(fingerprints) else None

    async def look_up(self, origin: str) -> StoredSession | None:
        """What is stored for this origin. It is not to be sent there before its keys are known to be the same."""
        text = await self._ask_keyring("get", _name(origin)) if self._uses_keyring else None
        if not text:
            text = await anyio.to_thread.run_sync(_read, self._session_file(origin))
        session = _parse_session(text) if text else None
        return session if session is not None and session.origin == origin else None

    async def save(self, session: StoredSession) -> None:
        """Keeps it, in one write."""
        text = json.dumps(asdict(session))
        if self._uses_keyring and await self._ask_keyring("set", _name(session.origin), text) is not None:
            return
        await anyio.to_thread.run_sync(_write, self._session_file(session.origin), text)

    async def forget(self, origin: str) -> None:
        """Removes the session of an origin, wherever it is."""
        if self._uses_keyring:
            await self._ask_keyring("delete", _name(origin))
        await anyio.to_thread.run_sync(lambda: self._session_file(origin).unlink(missing_ok=True))

    def pins(self, origin: str) -> FilePins:
        """The pins of the data planes of one installation."""
        return FilePins(self._folder / f"pins-{_name(origin)}.json", origin)

    async def known_pins(self, origin: str | None) -> list[tuple[str, Pin]]:
        """The pins of an installation, or of all, each with its control plane's origin.

        An older version did not write that down: then it is the name of the file. Raises: PinsDamaged.
        """
        if origin is not None:
            files = [self.pins(origin)]
        else:
            files = [FilePins(path, path.name) for path in sorted(self._folder.glob("pins-*.json"))]
        return [found for file in files for found in await file.known()]

    def _session_file(self, origin: str) -> Path:
        return self._folder / f"session-{_name(origin)}.json"

    async def _ask_keyring(self, verb: str, name: str, text: str = "") -> str | None:
        """What the keyring says; None, and never asked again, when it does not work within two seconds."""
        command = [sys.executable, "-I", "-m", "dlthub_tui.session.keyring_door", verb, name]
        with anyio.move_on_after(KEYRING_SECONDS):
            done = await anyio.run_process(command, input=text.encode(), stdout=PIPE, stderr=DEVNULL, check=False)
            if done.returncode == 0:
                return done.stdout.decode()
        self._uses_keyring = False
        return None


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the file holds: whose it is, keys and dates of planes, and the plane of each organization."""

    origin: str
    planes: dict[str, tuple[str, str]]
    organizations: dict[str, str]


class FilePins:
    """Pins in a file; they are no secret, but only their owner may write them.

    Raises: PinsDamaged, from every method, when the file cannot be read: then nobody is trusted anew.
    """

    def __init__(self, path: Path, origin: str) -> None:
        self._path = path
        self._origin = origin
        self._lock = anyio.Lock()

    async def find(self, dataplane_id: str) -> Pin | None:
        """The pin of a data plane."""
        found = (await self._all()).planes.get(dataplane_id)
        return Pin(dataplane_id, found[0], found[1]) if found else None

    async def known(self) -> list[tuple[str, Pin]]:
        """All of them, each with the origin of its control plane; each has a fingerprint."""
        seen = await self._all()
        pins = [Pin(name, key, at) for name, (key, at) in sorted(seen.planes.items())]
        try:
            return [(seen.origin, pin) for pin in pins if pin.fingerprint]
        except ValueError as exc:
            raise PinsDamaged(str(self._path)) from exc

    async def put(self, pin: Pin) -> None:
        """Keeps a pin."""
        async with self._lock:
            seen = await self._all()
            seen.planes[pin.dataplane_id] = (pin.public_key, pin.pinned_at)
            await self._keep(seen)

    async def settled(self, organization_id: str, dataplane_id: str) -> str:
        """The data plane of an organization as it was first seen, which is this one the first time."""
        async with self._lock:
            seen = await self._all()
            known = seen.organizations.setdefault(organization_id, dataplane_id)
            if known == dataplane_id:
                await self._keep(seen)
        return known

    async def _keep(self, seen: _Seen) -> None:
        await anyio.to_thread.run_sync(_write, self._path, json.dumps(asdict(seen)))

    async def _all(self) -> _Seen:
        text = await anyio.to_thread.run_sync(_read, self._path)
        if text is None:
            return _Seen(self._origin, {}, {})
        try:
            raw: Any = json.loads(text)
            return _Seen(
                origin=str(raw.get("origin") or self._origin),
                planes={str(name): (str(key), str(at)) for name, (key, at) in raw["planes"].items()},
                organizations={str(name): str(plane) for name, plane in raw["organizations"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise PinsDamaged(str(self._path)) from exc


def _name(origin: str) -> str:
    return hashlib.sha256(origin.encode()).hexdigest()[:16]


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return None


def _write(path: Path, text: str) -> None:
    write_for_home(path, text.encode())


def _parse_session(text: str) -> StoredSession | None:
    try:
        raw: Any = json.loads(text)
        return StoredSession(
            origin=str(raw["origin"]),
            fingerprints=tuple(str(item) for item in raw["fingerprints"]),
            email=str(raw["email"]),
            jwt=str(raw["jwt"]),
            refresh_token=str(raw["refresh_token"]),
        )
    except (ValueError, KeyError, TypeError):
        return None
