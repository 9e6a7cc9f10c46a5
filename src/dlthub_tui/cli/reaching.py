"""The installation that a one-line command works with: the home's socket, or another one with the stored sign-in."""

from __future__ import annotations

import signal
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.settings import KEY_VARIABLE, find_home, find_key, find_url, is_sendable
from planes.wire.shell_words import quoted

if TYPE_CHECKING:
    from dlthub_tui.session.connection import Connection


class WrongUsage(Exception):
    """What was asked for cannot be; the text says why."""


@dataclass(slots=True)
class Followed:
    """The run whose log is being printed, for what is said when that is interrupted; empty where none is."""

    address: str = ""


class NotReached(Exception):
    """There is nothing to work with, or nobody is signed in; `code` is the exit code."""

    def __init__(self, sentence: str, code: int = exits.NOT_REACHABLE) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """Which installation: the one of a home, or the one at a URL."""

    home: Path
    url: str | None

    @classmethod
    def of(cls, home: str | None, url: str | None) -> Target:
        """From a command's options, else from the environment."""
        return cls(find_home(home), find_url(url))


@asynccontextmanager
async def reached(target: Target) -> AsyncGenerator[Connection]:
    """The installation, signed in. Raises: NotReached, a ClientError."""
    connection = await _opened(target)
    try:
        await _sign_in(connection, target)
        yield connection
    finally:
        await connection.aclose()


def worked(home: str | None, url: str | None, act: Callable[[Connection, Followed], Awaitable[int]]) -> int:
    """Does one thing with an installation; answers its exit code, or that of what went wrong, which is said.

    A closed pipe or Ctrl+C ends this process by its signal, and says which run goes on.
    """
    followed = Followed()

    async def do(connection: Connection) -> int:
        return await act(connection, followed)

    try:
        return _work(Target.of(home, url), do)
    except WrongUsage as exc:
        exits.say_error(str(exc))
        return exits.WRONG_USAGE
    except KeyboardInterrupt:
        number = signal.SIGINT
    except BrokenPipeError:
        number = signal.SIGPIPE
    except OSError as exc:
        code = exits.end_unwritten(exc)
        _say_goes_on(followed)
        return code
    _say_goes_on(followed)
    exits.end_by(number)
    return exits.FAILED


def _say_goes_on(followed: Followed) -> None:
    if followed.address:
        exits.say_error(f"{followed.address} goes on. Follow it: dlthub-tui logs {quoted(followed.address)} -f")


def _work(target: Target, act: Callable[[Connection], Awaitable[int]]) -> int:
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.session.names import AmbiguousName, NoSuchName

    async def do() -> int:
        async with reached(target) as connection:
            return await act(connection)

    exits.write_anything()
    try:
        return anyio.run(do)
    except NotReached as exc:
        exits.say_error(str(exc))
        return exc.code
    except NoSuchName as exc:
        exits.say_error(str(exc))
        return exits.WRONG_USAGE
    except AmbiguousName as exc:
        exits.say_error("\n  ".join((str(exc), *exc.candidates)))
        return exits.WRONG_USAGE
    except ClientError as exc:
        exits.say_error(exits.sentence_of(exc))
        return exits.code_of(exc)


async def _opened(target: Target) -> Connection:
    from dlthub_tui.client.lookups import wait_for_no_lookup
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.store import SessionStore

    wait_for_no_lookup()
    store = SessionStore(target.home / "client")
    if target.url is not None:
        return Connection(target.url, store)
    from dlthub_tui.embed.finding import find_platform

    found = await anyio.to_thread.run_sync(find_platform, target.home)
    if found is None:
        raise NotReached(
            f"No platform runs for {target.home}, or it is another user's. "
            f"Start one: dlthub-tui, or dlthub-tui serve --home {target.home}. Another installation: --url URL"
        )
    if found.control_plane is None:
        raise NotReached(f"No control plane runs for {target.home}. Give its address: --url URL")
    return Connection(found.control_plane, store, socket_path=found.socket)


async def _sign_in(connection: Connection, target: Target) -> None:
    from dlthub_tui.client import sessions
    from dlthub_tui.client.administration import NoOwner, sign_in_as_owner
    from dlthub_tui.client.errors import NotAllowed, NotFound, NotSignedIn
    from dlthub_tui.client.installation import get_signing_fingerprints
    from dlthub_tui.session.connection import read_owner_key

    key = find_key()
    if key is not None:
        if not is_sendable(key):
            raise NotReached(
                f"{KEY_VARIABLE} holds a blank, a line's end or another sign that no key has.", exits.NOT_ALLOWED
            )
        if not connection.is_local:  # what is no control plane gets no key
            await get_signing_fingerprints(connection.control)
        await connection.begin(sessions.TokenPair(jwt=key, refresh_token=""), is_kept=False)
        return
    owner_key = await anyio.to_thread.run_sync(read_owner_key, target.home) if connection.is_local else None
    if owner_key is not None:
        try:
            own = await sign_in_as_owner(connection.open_plane, owner_key)
        except NoOwner:
            raise NotReached(
                "Nobody owns this installation yet. First: dlthub-tui, or dlthub-tui admin user add EMAIL", exits.FAILED
            ) from None
        except (NotAllowed, NotFound, NotSignedIn):
            pass
        else:
            await connection.begin(own, is_kept=False)
            return
    if not await connection.resume():
        way = f"dlthub-tui connect {connection.origin}" if target.url else "dlthub-tui"
        raise NotReached(
            f"Nobody is signed in at {connection.origin}. Sign in once: {way}. In scripts: DLTHUB_TUI_API_KEY",
            exits.NOT_ALLOWED,
        )
