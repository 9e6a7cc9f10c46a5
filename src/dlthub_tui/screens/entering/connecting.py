"""From the first frame to a session: start or reach the platform, resume or begin a session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import anyio
from textual.app import App

from dlthub_tui.messages import SignedIn
from dlthub_tui.screens.entering.start import StartScreen
from dlthub_tui.screens.frame.context import Context


class _Platform(Protocol):
    @property
    def control_plane_url(self) -> str: ...
    @property
    def socket_path(self) -> str | None: ...
    @property
    def is_embedded(self) -> bool: ...
    @property
    def note(self) -> str | None: ...


class _Starter(Protocol):
    async def start(self, report: Callable[[str], None]) -> _Platform: ...


async def connect(app: App[Any], context: Context, starter: _Starter | None, *, uses_keyring: bool) -> None:
    """Opens the connection and posts `SignedIn`, or shows how to sign in."""
    if context.connection is None:
        await _open(app, context, starter, uses_keyring=uses_keyring)
    await _sign_in(app, context)


async def _open(app: App[Any], context: Context, starter: _Starter | None, *, uses_keyring: bool) -> None:
    url, socket_path = context.url, None
    if starter is not None:
        platform = await starter.start(lambda text: _say(app, text))
        url, socket_path = platform.control_plane_url, platform.socket_path
        context.is_embedded = platform.is_embedded
        if platform.note:
            _say(app, platform.note)
    if url is None:
        raise RuntimeError("neither a platform nor an address")
    context.url = url

    def load() -> Any:
        from dlthub_tui.session import connection, store

        return connection.Connection, store.SessionStore

    make_connection, make_store = await anyio.to_thread.run_sync(load)
    store = make_store(context.client_folder, uses_keyring=uses_keyring)
    context.connection = make_connection(url, store, socket_path=socket_path)


async def _sign_in(app: App[Any], context: Context) -> None:
    from dlthub_tui.client.errors import Conflict, NotAllowed, NotFound, NotSignedIn
    from dlthub_tui.client.sessions import sign_in_locally
    from dlthub_tui.screens.entering.first_owner import FirstOwnerScreen
    from dlthub_tui.screens.entering.sign_in import SignInScreen
    from dlthub_tui.session.connection import read_owner_key

    connection = context.connected
    owner_key = None
    if connection.is_local:
        owner_key = await anyio.to_thread.run_sync(read_owner_key, _home(context))
    if owner_key is not None:
        try:
            pair = await sign_in_locally(connection.open_plane, owner_key)
        except Conflict:
            await app.push_screen(FirstOwnerScreen(context, owner_key))
            return
        except (NotAllowed, NotFound, NotSignedIn):
            owner_key = None
        else:
            await connection.begin(pair, is_kept=False)
    if owner_key is None and not await connection.resume():
        # Several requests hear of one end; whose code is being approved is not asked for another.
        if not any(isinstance(screen, SignInScreen) for screen in app.screen_stack):
            await app.push_screen(SignInScreen(context))
        return
    app.post_message(SignedIn())


def _home(context: Context) -> Path:
    return context.client_folder.parent


def _say(app: App[Any], text: str) -> None:
    """Adds a step to the first screen. May be called from another thread."""
    app.call_later(_report_step, app, text)


def _report_step(app: App[Any], text: str) -> None:
    for screen in app.screen_stack:
        if isinstance(screen, StartScreen):
            screen.report(text)


def report(app: App[Any], context: Context, error: BaseException) -> None:
    """Shows why connecting failed, on the first screen or on the one that is up."""
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.screens.frame.acting import ActingScreen
    from dlthub_tui.session.crashes import write_crash

    if isinstance(error, ClientError):
        what, can = error.what, error.can
    elif type(error).__name__ == "CannotStart":
        what, can = str(error), "Press {link.retry} to try again."
    else:
        name = write_crash(context.client_folder, error, context.look.now())
        what, can = f"Something here failed: see {name}.", "Press {link.retry} to try again."
    screen = app.screen
    if isinstance(screen, StartScreen):
        screen.show_failure(what, can)
    elif isinstance(screen, ActingScreen):
        screen.say(f"{what} {can}")
