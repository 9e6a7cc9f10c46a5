"""The first meeting with the control plane: the join token is exchanged for its public keys, once."""

from __future__ import annotations

import anyio
import structlog

from planes.data_plane.services.access.absence import Absence
from planes.data_plane.services.access.revocations import Revocations
from planes.data_plane.services.parts import Parts
from planes.domain.errors import PlaneError, Unavailable

_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 5.0
_HOW_TO_JOIN = (
    "The first start of a data plane needs a join token: --join-token-file FILE. "
    "Where the control plane runs, dlthub-tui admin data-plane add ID --place PLACE makes one."
)
_log = structlog.get_logger("planes.data_plane.enrolment")


class Enrolment:
    """While the plane is not enrolled, `refusal` says why it is not taken, `silence` why nobody is heard."""

    def __init__(self, parts: Parts, revocations: Revocations, join_token: str | None) -> None:
        self._parts = parts
        self._revocations = revocations
        self._join_token = join_token
        self._absence = Absence(parts.clock)
        self._done = anyio.Event()
        self._answered = anyio.Event()
        self.refusal: PlaneError | None = None
        self.silence: Unavailable | None = None

    @property
    def is_done(self) -> bool:
        """Whether this plane knows its control plane."""
        return self._done.is_set()

    async def wait(self) -> None:
        """Returns when the plane is enrolled; the caller sets the deadline."""
        await self._done.wait()

    async def wait_answered(self) -> None:
        """Returns when the plane is enrolled or was refused; the caller sets the deadline."""
        await self._answered.wait()

    async def run(self) -> None:
        """Enrols unless an earlier start did; goes on trying while the control plane does not answer or refuses.

        A new token also brings a plane back whose id another home has joined with since. One that is spent changes
        nothing: a unit that names its file goes on.
        """
        if self._revocations.keys:
            if self._join_token is not None:
                await self._join_again(self._join_token)
            await self._tell_key_changes()
            self._enrolled()
            return
        if self._join_token is None:
            self.refusal = Unavailable("no_join_token", _HOW_TO_JOIN)
            self._answered.set()
            _log.error("enrolment_impossible", reason="no join token")
            return
        wait = _FIRST_WAIT_SECONDS
        while not await self._try_once(self._join_token):
            await anyio.sleep(wait)  # the control plane may be starting beside us: nothing tells when it answers
            wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
        self._enrolled()

    def _enrolled(self) -> None:
        self._done.set()
        self._answered.set()

    async def _join_again(self, join_token: str) -> None:
        try:
            answer = await self._parts.link.enrol(join_token)
        except PlaneError as exc:
            _log.info("not_enrolled_again", code=exc.code)
        else:
            await self._revocations.learn_keys(answer.keys)
            _log.info("enrolled_again", dataplane_id=self._parts.dataplane_id)

    async def _tell_key_changes(self) -> None:
        """Until it is heard: what is signed by a key that is not known there is refused. All else waits for one try."""
        changes, refused_as = self._parts.identity.key_changes, ""
        while changes:
            try:
                await self._parts.link.tell_key_changes(changes)
            except Unavailable as exc:
                self._absence.note(exc)
            except PlaneError as exc:
                if exc.code != refused_as:
                    _log.error("key_not_followed", code=exc.code)
                refused_as = exc.code
            else:
                self._absence.end()
                return
            self._enrolled()
            await anyio.sleep(_LONGEST_WAIT_SECONDS)

    async def _try_once(self, join_token: str) -> bool:
        try:
            answer = await self._parts.link.enrol(join_token)
        except Unavailable as exc:
            self._absence.note(exc)
            self.silence = exc
            return False
        except PlaneError as exc:
            if self.refusal is None or self.refusal.code != exc.code:
                _log.error("enrolment_refused", code=exc.code)
            self.refusal = exc
            self._answered.set()
            return False
        self._absence.end()
        await self._revocations.learn_keys(answer.keys)
        self.refusal = None
        _log.info("enrolled", dataplane_id=self._parts.dataplane_id)
        return bool(self._revocations.keys)
