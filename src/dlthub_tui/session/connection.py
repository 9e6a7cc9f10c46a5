"""A connected installation: the control plane with a session, its regions, and how the session renews itself."""

from __future__ import annotations

from pathlib import Path

import anyio

from dlthub_tui.client import sessions
from dlthub_tui.client.errors import NotSignedIn, Refused
from dlthub_tui.client.installation import get_signing_fingerprints
from dlthub_tui.client.regions import HasRegion, Regions
from dlthub_tui.client.sessions import TokenPair
from dlthub_tui.client.transport import FixedToken, Transport
from dlthub_tui.session.store import SessionStore, StoredSession


class SessionTokens:
    """The bearer of a session. A refused or spent token is renewed once, by whoever asks first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lock = anyio.Lock()

    async def bearer(self) -> str | None:
        """The token to send, None before sign-in."""
        pair = self._connection.pair
        return pair.jwt if pair else None

    async def renewed(self, rejected: str) -> str | None:
        """The next token; None when the session is over."""
        async with self.lock:
            pair = self._connection.pair
            if pair is None:
                return None
            if pair.jwt != rejected:
                return pair.jwt
            return await self._connection.refresh(pair)


class Connection:
    """One installation. Open with `open`, close with `aclose`."""

    def __init__(self, url: str, store: SessionStore, *, socket_path: str | None = None) -> None:
        self.open_plane = Transport(url, socket_path=socket_path)
        self._tokens = SessionTokens(self)
        self.control = Transport(url, self._tokens, socket_path=socket_path)
        self.origin = str(self.control.origin)
        self._socket_path = socket_path
        self.is_local = socket_path is not None
        self.store = store
        self.pins = store.pins(self.origin)
        self.regions = Regions(self.control, self.pins)
        self.pair: TokenPair | None = None
        self.email = ""
        self._is_kept = True
        self._fingerprints: tuple[str, ...] = ()

    @property
    def is_kept(self) -> bool:
        """Whether the session is stored, so that the next start takes it up."""
        return self._is_kept

    @property
    def is_by_key(self) -> bool:
        """Whether an API key signed in, which is no session: it works on wherever else it is."""
        return self.pair is not None and not self.pair.refresh_token

    async def resume(self) -> bool:
        """Takes up the stored session, if it is for this very control plane. Raises: NotReachable."""
        self._fingerprints = await get_signing_fingerprints(self.open_plane)
        stored = await self.store.find(self.origin, self._fingerprints)
        if stored is None:
            return False
        self.pair, self.email, self._is_kept = stored.pair, stored.email, True
        return True

    async def begin(self, pair: TokenPair, *, is_kept: bool) -> None:
        """A session begins. One of the home's own owner is not kept: the socket gives another at any time."""
        self.pair, self.email = pair, pair.email or self.email
        self._is_kept = is_kept
        if is_kept:
            await self._save()

    async def whose(self, key: str) -> TokenPair:
        """A session by an API key, and who it is of; nothing has begun yet. Raises: NotSignedIn."""
        from dlthub_tui.client.organizations import get_me

        asking = Transport(self.origin, FixedToken(key), socket_path=self._socket_path)
        try:
            return TokenPair(jwt=key, refresh_token="", email=(await get_me(asking)).email)
        finally:
            await asking.aclose()

    async def refresh(self, pair: TokenPair) -> str | None:
        """The next token pair; None, and the stored session is gone, when it is refused. A key has no next.

        Other processes of this user have the same session and renew it, too: what they stored is the newest, and a
        spent refresh token would end it for all of them.
        """
        stored = await self._stored()
        if stored is not None and stored.pair.issued_at > pair.issued_at:
            pair = stored.pair
        try:
            if not pair.refresh_token:
                raise NotSignedIn(401, "The key is not accepted.")
            fresh = await sessions.refresh(self.open_plane, pair.refresh_token)
        except Refused as exc:
            if exc.status in {429, 503}:
                raise
            self.pair = None
            if stored is not None and stored.jwt == pair.jwt:
                await self.store.forget(self.origin)
            return None
        self.pair = fresh
        if self._is_kept:
            await self._save()
        return fresh.jwt

    async def sign_out(self) -> bool:
        """Forgets the session here, then ends it at its control plane; False where it could not be ended there.

        Other processes of this user share it: none of them takes it up again. Of a key there is nothing to end.
        """
        async with self._tokens.lock:
            pair, stored = self.pair, await self._stored()
            self.pair = None
            if stored is not None and pair is not None and stored.pair.issued_at > pair.issued_at:
                pair = stored.pair
            if stored is not None:
                await self.store.forget(self.origin)
        if pair is None:
            return False
        return not pair.refresh_token or await sessions.leave(self.open_plane, pair)

    def another(self) -> Connection:
        """A connection to the same installation, for whoever signs in next."""
        return Connection(self.origin, self.store, socket_path=self._socket_path)

    async def _stored(self) -> StoredSession | None:
        """What is stored of this very session: of this person, at this control plane."""
        if not self._is_kept:
            return None
        stored = await self.store.find(self.origin, self._fingerprints)
        return stored if stored is not None and stored.email == self.email else None

    async def _save(self) -> None:
        if self.pair is None:
            return
        if not self._fingerprints:
            self._fingerprints = await get_signing_fingerprints(self.open_plane)
        session = StoredSession(
            origin=self.origin,
            fingerprints=self._fingerprints,
            email=self.email,
            jwt=self.pair.jwt,
            refresh_token=self.pair.refresh_token,
        )
        await self.store.save(session)

    async def forget_regions(self) -> None:
        """Their tokens are of who was signed in before."""
        former, self.regions = self.regions, Regions(self.control, self.pins)
        await former.aclose()

    async def region(self, workspace: HasRegion) -> Transport:
        """The connection to a workspace's region, after that was recognised."""
        return await self.regions.of(workspace)

    async def aclose(self) -> None:
        """Ends the session, where nothing keeps it, and all connections. May be called twice."""
        if self.pair is not None and self.pair.refresh_token and not self._is_kept:
            pair, self.pair = self.pair, None
            await sessions.leave(self.open_plane, pair)
        await self.regions.aclose()
        await self.control.aclose()
        await self.open_plane.aclose()


def read_owner_key(home: Path) -> str | None:
    """The text of the home's `owner.key`, None where it cannot be read: then this is not the owner."""
    try:
        return (home / "owner.key").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
