"""Signing out: what ends and where, asked first; then the sign-in for whoever comes next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dlthub_tui.messages import SignOut
from dlthub_tui.screens.frame.sheets import ConfirmSheet
from dlthub_tui.viewmodel.text import guard

if TYPE_CHECKING:
    from dlthub_tui.screens.frame.acting import ActingScreen
    from dlthub_tui.screens.frame.context import Context


def why_no_sign_out(context: Context) -> str | None:
    """Why there is no sign-in that could be ended; None where there is one."""
    connection = context.connection
    if connection is None or connection.pair is None:
        return "Nobody is signed in."
    if not connection.is_kept:
        return "This home signs its owner in by itself: no sign-in is stored that could be ended."
    return None


def ask_to_sign_out(screen: ActingScreen[Any]) -> None:
    """Who, where, and what works on."""
    connection = screen.context.connected
    if connection.is_by_key:
        ends = "The API key is forgotten here and revoked nowhere: it works on until it runs out or is revoked."
    else:
        ends = "The session ends there and is forgotten here, for your other windows and commands here too."
    more = (f"At {guard(connection.origin)}.", ends, "Runs go on.")
    sheet = ConfirmSheet(screen.context, f"Sign out {guard(connection.email)}?", "sign out", more)

    def answered(is_meant: bool | None) -> None:
        if is_meant:
            screen.post_message(SignOut())

    screen.host.push_screen(sheet, answered)


async def sign_out(context: Context) -> str:
    """Ends the session and forgets what it showed; what is to be said of it."""
    connection, is_by_key = context.connected, context.connected.is_by_key
    is_ended = await connection.sign_out()
    context.forget_person()
    context.connection = connection.another()
    await connection.aclose()
    who = guard(connection.email)
    if is_by_key:
        return f"The API key of {who} is forgotten here; it is not revoked."
    if is_ended:
        return f"{who} is signed out."
    return f"{who} is signed out here. There it could not be ended: that session ends when it runs out."
