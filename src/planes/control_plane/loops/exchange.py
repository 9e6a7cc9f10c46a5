"""The loop that lets several control planes on one Postgres hear each other's news.

They also tell each other by which first key they sign. With keys of its own one refuses what another has signed, and
every data plane knows those of the one that it asked last: nothing of it says why, so each says so in its log.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio
import structlog
from anyio.streams.memory import MemoryObjectReceiveStream

from planes.control_plane.services.memory.news import EVERYBODY
from planes.control_plane.services.parts import Parts
from planes.storage.notices import exchange_notices

_PAUSE_AFTER_FAILURE_SECONDS = 1.0
_MOST_UNSENT = 1024
# What others say is kept for as long as this process lives: so many keys are told of, whoever writes to the database.
_MOST_OTHERS = 100
_SHARE_KEYS = "Control planes of one database share control/signing.key and control/signing: see docs/production.md."
_KEYS = "keys "
_log = structlog.get_logger("planes.control_plane.exchange")


async def run_exchange(parts: Parts) -> None:
    """Runs until cancelled. On SQLite there is nobody to talk to.

    More news than fit are dropped: the others look by themselves, later.
    """
    if parts.database.dialect != "postgresql":
        return
    sending, outgoing = anyio.create_memory_object_stream[str](_MOST_UNSENT)

    def pass_on(word: str) -> None:
        try:
            sending.send_nowait(word)
        except anyio.WouldBlock:
            _log.warning("news_dropped", most_unsent=_MOST_UNSENT)

    own, others = parts.signing_keys.root.public.kid, set[str]()

    def hear(word: str) -> None:
        if not word.startswith(_KEYS):
            parts.news.hear(word)
        elif (kid := word.removeprefix(_KEYS)) != own and kid not in others and len(others) < _MOST_OTHERS:
            others.add(kid)
            _log.error("another_signing_key", own=own, other=kid, reason=_SHARE_KEYS)
            pass_on(f"{_KEYS}{own}")  # who began later has not heard it

    async with sending, outgoing:
        parts.news.passes_on = pass_on
        try:
            pass_on(f"{_KEYS}{own}")
            await _exchange_for_ever(parts, outgoing, hear)
        finally:
            parts.news.passes_on = None


async def _exchange_for_ever(
    parts: Parts, outgoing: MemoryObjectReceiveStream[str], hear: Callable[[str], None]
) -> None:
    while True:
        try:
            await exchange_notices(parts.database, outgoing, hear)
        except Exception:  # noqa: BLE001 - the loop's edge: without it no control plane would hear of the others
            _log.exception("exchange_failed")
        await anyio.sleep(_PAUSE_AFTER_FAILURE_SECONDS)
        parts.news.hear(EVERYBODY)  # what was told meanwhile is lost: everybody looks for themselves
