"""`connect URL --sign-out`: ends the sign-in at another installation that is stored here."""

from __future__ import annotations

from pathlib import Path

import anyio

from dlthub_tui.cli import exits


def sign_out_at(url: str, home: Path) -> int:
    """Forgets it in any case; the exit code says whether it ended there, too."""
    from dlthub_tui.client.errors import ClientError

    exits.write_anything()
    try:
        return anyio.run(_sign_out, url, home)
    except ClientError as exc:
        exits.say_error(exits.sentence_of(exc))
        return exits.code_of(exc)


async def _sign_out(url: str, home: Path) -> int:
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.lookups import wait_for_no_lookup
    from dlthub_tui.session.connection import Connection
    from dlthub_tui.session.store import SessionStore

    wait_for_no_lookup()
    store = SessionStore(home / "client")
    connection = Connection(url, store)
    try:
        stored = await store.look_up(connection.origin)
        if stored is None:
            print(f"Nobody is signed in at {connection.origin}.")
            return exits.DONE
        code, why = exits.NOT_REACHABLE, "it did not answer"
        try:
            if not await connection.resume():
                code, why = exits.NOT_ALLOWED, "it signs with other keys than before, and the session was not sent"
        except ClientError as exc:
            code = exits.code_of(exc)
        is_by_key, is_ended = not stored.refresh_token, await connection.sign_out()
        await store.forget(connection.origin)
    finally:
        await connection.aclose()
    if is_by_key:
        print(f"The API key of {stored.email} is forgotten here; it is not revoked.")
        return exits.DONE
    if is_ended:
        print(f"{stored.email} is signed out at {connection.origin}.")
        return exits.DONE
    exits.say_error(
        f"{stored.email} is signed out here. At {connection.origin} the session could not be ended ({why}): "
        "it ends when it runs out."
    )
    return code
