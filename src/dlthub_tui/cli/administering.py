"""The connection of an `admin` command: the home's socket, signed in as its owner."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.client.administration import NoOwner, sign_in_as_owner
from dlthub_tui.client.errors import ClientError
from dlthub_tui.client.reading import Fields
from dlthub_tui.client.sessions import TokenPair, leave
from dlthub_tui.client.transport import Transport
from dlthub_tui.settings import wants_colour

_T = TypeVar("_T")
# A name for the Host header: the socket needs no address.
_SOCKET_URL = "http://localhost"


class NoPlatform(Exception):
    """No platform runs for this home, or this user may not see it."""


@dataclass(frozen=True, slots=True)
class _Owner:
    """The session of one command: it ends before a renewal could be due."""

    pair: TokenPair

    async def bearer(self) -> str | None:
        return self.pair.jwt

    async def renewed(self, rejected: str) -> str | None:  # noqa: ARG002 - there is none
        return None


@dataclass(frozen=True, slots=True)
class Door:
    """The way in before anybody is signed in."""

    socket_path: str
    owner_key: str

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[Transport]:
        """A connection without a session."""
        plane = Transport(_SOCKET_URL, socket_path=self.socket_path)
        try:
            yield plane
        finally:
            await plane.aclose()

    @asynccontextmanager
    async def as_owner(self) -> AsyncGenerator[Transport]:
        """A connection with the owner's session. Raises: NoOwner."""
        async with self.opened() as plane:
            pair = await sign_in_as_owner(plane, self.owner_key)
        signed_in = Transport(_SOCKET_URL, _Owner(pair), socket_path=self.socket_path)
        try:
            yield signed_in
        finally:
            await leave(signed_in, pair)
            await signed_in.aclose()


def find_door(home: Path) -> Door:
    """The socket of the platform that runs for this home. Raises: NoPlatform."""
    from dlthub_tui.embed.finding import find_platform

    record = find_platform(home)
    if record is None or record.socket is None:
        raise NoPlatform(f"No platform runs for {home}. Start one: dlthub-tui, or dlthub-tui serve --home {home}")
    try:
        owner_key = (home / "owner.key").read_text(encoding="ascii").strip()
    except OSError as exc:
        raise NoPlatform(f"Only the owner of {home} may administer it: {exc.strerror}.") from exc
    return Door(record.socket, owner_key)


def administer(
    home: Path,
    act: Callable[[Door], Awaitable[Mapping[str, Any]]],
    *,
    as_json: bool,
    say: Callable[[Mapping[str, Any]], str],
    advise: Callable[[Mapping[str, Any]], str | None] = lambda _: None,
) -> int:
    """Runs one administrative act and says its result; answers the exit code."""

    def show(result: Mapping[str, Any]) -> None:
        exits.say_result(result, as_json=as_json, sentence=say(result), advice=advise(result))

    return _acted(home, act, show)


def administer_secret(
    home: Path,
    act: Callable[[Door], Awaitable[Mapping[str, Any]]],
    *,
    shown_once: str,
    output: Path | None,
    as_json: bool,
    advise: Callable[[Mapping[str, Any]], str],
) -> int:
    """The same for what makes a secret, under a key that is `shown_once`: printed alone, or in a new file of its own.

    The file is there, for its owner alone to read, before anything is made, and goes if nothing was.
    """
    if output is None:
        return administer(home, act, as_json=as_json, say=lambda result: result[shown_once], advise=advise)
    try:
        descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as exc:
        exits.say_error(f"{output} cannot be made: {exc.strerror}. Nothing was made.")
        return exits.WRONG_USAGE
    code = exits.FAILED

    def show(result: Mapping[str, Any]) -> None:
        file.write(f"{result[shown_once]}\n")
        file.flush()
        os.fsync(descriptor)
        shown = {key: value for key, value in result.items() if key != shown_once} | {"output": str(output)}
        sentence = f"{output} holds it, for you alone to read."
        exits.say_result(shown, as_json=as_json, sentence=sentence, advice=advise(result))

    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            code = _acted(home, act, show)
    except OSError as exc:
        exits.say_error(f"{output} cannot be written: {exc.strerror}. What was made is lost: make another.")
    finally:
        if code != exits.DONE:
            output.unlink(missing_ok=True)
    return code


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One of `admin`'s lists. `columns` are their titles and what each reads of an item; `empty` is said of none."""

    keys: Sequence[str]
    columns: Mapping[str, Callable[[Fields], str]]
    order: Callable[[Mapping[str, Any]], Any]
    empty: str


def administer_list(
    home: Path,
    read: Callable[[Transport], Awaitable[Sequence[Mapping[str, Any]]]],
    listing: Listing,
    *,
    as_json: bool,
) -> int:
    """Prints a list in order, one line for each, or one JSON object; answers the exit code."""

    async def act(door: Door) -> Sequence[Mapping[str, Any]]:
        async with door.as_owner() as plane:
            return sorted(await read(plane), key=listing.order)

    def show(items: Sequence[Mapping[str, Any]]) -> None:
        from dlthub_tui.cli.tables import print_table

        if as_json:
            shown = [{key: item.get(key) for key in listing.keys} for item in items]
            print(json.dumps({"items": shown, "total": len(shown)}), flush=True)
        elif not items:
            exits.say_error(listing.empty)
        else:
            rows = [[cell(Fields(item, "item")) for cell in listing.columns.values()] for item in items]
            print_table(tuple(listing.columns), rows, colour=wants_colour())

    return _acted(home, act, show)


def _acted(home: Path, act: Callable[[Door], Awaitable[_T]], show: Callable[[_T], None]) -> int:
    try:
        result = anyio.run(act, find_door(home))
    except NoPlatform as exc:
        exits.say_error(str(exc))
        return exits.NOT_REACHABLE
    except NoOwner:
        exits.say_error("Nobody owns this installation yet. First: dlthub-tui admin user add EMAIL")
        return exits.FAILED
    except ClientError as exc:
        exits.say_error(exits.sentence_of(exc))
        return exits.code_of(exc)
    show(result)
    return exits.DONE


def read_password() -> str:
    """The first line of standard input."""
    return sys.stdin.readline().rstrip("\r\n")
