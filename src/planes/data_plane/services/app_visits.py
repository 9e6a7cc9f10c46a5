"""Who may see an app: tickets that bring a browser to its origin, and the cookie that keeps it signed in there.

    swap code | data-plane token | public address ──► ticket (once, 60 s) ──► cookie of that one run

The cookie is a token signed by this plane's own key, so it outlives a restart; a revocation ends it at once.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from planes.data_plane.services.access.credentials import Credentials
from planes.data_plane.services.access.revocations import Revocations
from planes.data_plane.services.apps import App
from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.domain.access import Grant
from planes.domain.errors import NotAuthenticated, NotFound
from planes.domain.identifiers import new_id
from planes.tokens.claims import Claims, TokenKind, mint, verify
from planes.tokens.errors import InvalidToken
from planes.tokens.opaque import hash_secret, new_secret
from planes.tokens.remembered import Remembered
from planes.wire.link import PublicLinkResponse

TICKET_SECONDS = 60
# Below the two hours for which the control plane keeps a revocation: a plane that was away longer asks again.
COOKIE_SECONDS = 90 * 60
_MOST_TICKETS = 1000
_MOST_REMEMBERED = 4096
_PUBLIC = "public"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticket:
    run_id: str
    claims: Claims


class AppVisits:
    """Tickets are kept in memory; verified cookies and public addresses are remembered until anything is revoked."""

    def __init__(self, parts: Parts, credentials: Credentials, revocations: Revocations, audit: Audit) -> None:
        self._parts = parts
        self._credentials = credentials
        self._revocations = revocations
        self._audit = audit
        self._tickets = Remembered[_Ticket](_MOST_TICKETS)
        self._cookies = Remembered[Claims](_MOST_REMEMBERED)
        self._visits = Remembered[Claims](_MOST_REMEMBERED)
        self._links: OrderedDict[str, PublicLinkResponse] = OrderedDict()
        self._generation = revocations.generation

    async def redeem_swap_code(self, code: str, workspace_id: str, job_id: str | None) -> Claims:
        """Whoever brought the code, to see the app of a job, or what is stored (None).

        Raises: NotAuthenticated, NotFound, NotAllowed, Unavailable.
        """
        answer = await self._parts.link.redeem_swap_code(code, workspace_id, job_id)
        return await self._credentials.check(answer.token, workspace_id, Grant.READ)

    async def find_public(self, secret: str) -> tuple[PublicLinkResponse, Claims]:
        """The job of a public address, and a visitor who came by it. Raises: NotFound, Unavailable."""
        digest = hash_secret(secret)
        self._forget_revoked()
        found = self._links.get(digest)
        if found is None:
            found = await self._parts.link.find_public_link(secret)
            self._links[digest] = found
            while len(self._links) > _MOST_REMEMBERED:
                self._links.popitem(last=False)
        claims = Claims(
            kind=TokenKind.APP,
            audience=self._parts.dataplane_id,
            subject=_PUBLIC,
            token_id=new_id(),
            organization_id=found.organization_id,
            workspace_id=found.workspace_id,
            public_link=digest,
            epoch=found.epoch,
            expires_at=0,
        )
        if self._revocations.is_revoked(claims):
            self._links.pop(digest, None)
            raise NotFound("public_link_not_found", "There is nothing at this address any more.")
        return found, claims

    async def issue_ticket(self, app: App, claims: Claims) -> str:
        """Lets the visitor in at the app's origin, once. Raises: NotFound, NotAllowed."""
        if claims.public_link is None:
            app.check(claims)
        ticket, now = new_secret(), self._parts.clock.now()
        expires_at = now.timestamp() + TICKET_SECONDS
        self._tickets.keep(
            hash_secret(ticket), _Ticket(run_id=app.run_id, claims=claims), expires_at=expires_at, now=now
        )
        await self._audit.note(Actor.of(claims), Action.APP_OPENED, app.run_id)
        return ticket

    def spend_ticket(self, ticket: str, run_id: str) -> str:
        """The cookie's value for the holder of a ticket. Raises: NotAuthenticated."""
        found = self._tickets.take(hash_secret(ticket), self._parts.clock.now())
        if found is None or found.run_id != run_id or self._revocations.is_revoked(found.claims):
            raise NotAuthenticated("ticket_refused", "This link was used before, or is too old.")
        return self.cookie_of(found.claims, run_id)

    def cookie_of(self, claims: Claims, run_id: str) -> str:
        """The cookie's value for a visitor of one run, who has been let in."""
        now = self._parts.clock.now()
        claims = replace(
            claims,
            kind=TokenKind.APP,
            audience=self._audience(run_id),
            token_id=new_id(),
            expires_at=int(now.timestamp()) + COOKIE_SECONDS,
        )
        return mint(self._parts.identity.key, claims, now)

    async def of_bearer(self, token: str, app: App) -> Claims:
        """A client with a data-plane token. Raises: NotAuthenticated, NotFound, NotAllowed."""
        claims = await self._credentials.check(token, app.workspace_id, Grant.READ)
        app.check(claims)
        visit, now = f"{claims.token_id} {app.run_id}", self._parts.clock.now()
        if self._visits.find(visit, now) is None:
            # Once for a token and an app: a client asks many times.
            self._visits.keep(visit, claims, expires_at=claims.expires_at, now=now)
            await self._audit.note(Actor.of(claims), Action.APP_OPENED, app.run_id)
        return claims

    def of_cookie(self, cookie: str, run_id: str) -> Claims:
        """A browser that was let in to this run. Raises: NotAuthenticated."""
        self._forget_revoked()
        now = self._parts.clock.now()
        digest = hash_secret(cookie)
        claims = self._cookies.find(digest, now)
        if claims is None:
            try:
                claims = verify(
                    cookie,
                    [self._parts.identity.key.public],
                    audience=self._audience(run_id),
                    kinds=[TokenKind.APP],
                    now=now,
                )
            except InvalidToken as exc:
                raise _not_signed_in() from exc
            self._cookies.keep(digest, claims, expires_at=claims.expires_at, now=now)
        is_for_it = claims.audience == self._audience(run_id) and claims.expires_at > now.timestamp()
        if not is_for_it or self._revocations.is_revoked(claims):
            raise _not_signed_in()
        return claims

    async def wait_revoked(self, claims: Claims) -> None:
        """Returns when the visitor is not to see more: what streams ends then (Security: 10)."""
        await self._revocations.wait_revoked(claims)

    def _audience(self, run_id: str) -> str:
        """A cookie opens one run: its claim `run` is the run that its holder is, if the holder is one."""
        return f"{self._parts.dataplane_id}/{run_id}"

    def _forget_revoked(self) -> None:
        if self._generation != self._revocations.generation:
            self._cookies.clear()
            self._links.clear()
            self._generation = self._revocations.generation


def _not_signed_in() -> NotAuthenticated:
    return NotAuthenticated("not_signed_in", "You are not signed in to this app.")
