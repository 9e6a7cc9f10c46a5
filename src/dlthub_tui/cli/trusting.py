"""`trust`: the keys by which this person's client knows regions, and another one for a region that has a new key."""

from __future__ import annotations

import json
import signal
import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.opening import has_terminal
from dlthub_tui.cli.options import Home, Json, Url
from dlthub_tui.cli.reaching import Followed, Target, WrongUsage, worked
from dlthub_tui.settings import wants_colour

if TYPE_CHECKING:
    from dlthub_tui.client.pins import Pin, PinStore
    from dlthub_tui.session.connection import Connection

_DIGITS = 64


def trust(
    region: str | None = None, /, *fingerprint: str, home: Home = None, url: Url = None, as_json: Json = False
) -> int:
    """List the regions whose keys are known here; with a region, trust the key that it has now.

    The terminal app keeps a region's key when it first meets it, and sends nothing to one that shows another. Compare
    the fingerprint with the region's operator before you trust a new one: the region's log says it at each start.

    Parameters
    ----------
    region
        Its id, such as eu1.
    fingerprint
        The one that its operator tells, whole; blanks in it do not matter. Without it, it is asked for in a terminal.
    """
    if region is None:
        return _list(Target.of(home, url), as_json=as_json)
    try:
        wanted = _fingerprint_in("".join(fingerprint)) if fingerprint else None
    except WrongUsage as exc:
        exits.say_error(str(exc))
        return exits.WRONG_USAGE
    met: list[_Met] = []

    async def meet(connection: Connection, _: Followed) -> int:
        met.append(await _meet(connection, region))
        return exits.DONE

    code = worked(home, url, meet)
    return _decide(met[0], wanted, as_json=as_json) if met else code


@dataclass(frozen=True, slots=True)
class _Met:
    """The key that a region shows, and the one that is known of it."""

    origin: str
    pins: PinStore
    shown: Pin
    known: Pin | None

    @property
    def is_known(self) -> bool:
        return self.known is not None and self.known.public_key == self.shown.public_key


async def _meet(connection: Connection, region: str) -> _Met:
    from dlthub_tui.client.installation import get_health
    from dlthub_tui.client.pins import ask_identity

    planes = {plane.id: plane for plane in (await get_health(connection.control)).planes}
    if region not in planes:
        raise WrongUsage(f"No region is called {region} here. There are: {', '.join(sorted(planes)) or 'none'}.")
    url = planes[region].url
    if url is None:
        raise WrongUsage(f"{region} has no address yet: it has not joined.")
    shown = await ask_identity(region, url)
    known = {pin.dataplane_id: pin for _, pin in await connection.pins.known()}
    return _Met(connection.origin, connection.pins, shown, known.get(region))


def _decide(met: _Met, wanted: str | None, *, as_json: bool) -> int:
    """Keeps the key that is shown where it is the one that is wanted, and changes nothing otherwise."""
    name = met.shown.dataplane_id
    if wanted is None and not met.is_known and not as_json and has_terminal():
        print(exits.inert("\n".join(_lines(met))), flush=True)
        try:
            typed = input("Type the six words, or the fingerprint, that its operator tells: ")
        except EOFError:
            typed = ""
        except KeyboardInterrupt:
            exits.end_by(signal.SIGINT)
            raise
        is_wanted = _plain(typed) in {_plain(met.shown.words), met.shown.fingerprint}
    elif wanted is None:
        is_wanted = met.is_known
    else:
        is_wanted = wanted == met.shown.fingerprint
    is_new = is_wanted and not met.is_known
    if is_new:
        anyio.run(met.pins.put, met.shown)
    if as_json:
        print(json.dumps(_shape(met, is_trusted=is_wanted, is_new=is_new)), flush=True)
    elif is_wanted:
        since = "from now on" if is_new or met.known is None else f"since {met.known.pinned_at}"
        print(exits.inert("\n".join((*_lines(met), f"This key of {name} is trusted {since}."))), flush=True)
    if not is_wanted:
        exits.say_error("\n".join(_refusal(met, wanted)))
    return exits.DONE if is_wanted else exits.NOT_ALLOWED


def _refusal(met: _Met, wanted: str | None) -> list[str]:
    name = met.shown.dataplane_id
    if wanted is not None:
        return [f"{name} shows another key than that one. Nothing changed.", *_lines(met)]
    if has_terminal():
        return [f"That is not the key that {name} shows. Nothing changed."]
    return [f"Give the fingerprint that its operator tells: dlthub-tui trust {name} FINGERPRINT. Nothing changed.",
            *_lines(met)]  # fmt: skip


def _lines(met: _Met) -> list[str]:
    from planes.wire.well_known import grouped_fingerprint

    def said(when: str, pin: Pin) -> list[str]:
        return [f"  {when:<18}  {grouped_fingerprint(pin.fingerprint)}", f"  {'':<18}  {pin.words}"]

    known = said(f"known {met.known.pinned_at}", met.known) if met.known else ["  not met before"]
    return [f"{met.shown.dataplane_id} of {met.origin}", *known, *said("shows now", met.shown)]


def _shape(met: _Met, *, is_trusted: bool, is_new: bool) -> dict[str, Any]:
    known = _pin_shape(met.origin, met.known) if met.known else None
    return {"known": known, "shown": _pin_shape(met.origin, met.shown), "is_trusted": is_trusted, "is_new": is_new}


def _pin_shape(origin: str, pin: Pin) -> dict[str, str]:
    return {
        "control_plane": origin,
        "dataplane_id": pin.dataplane_id,
        "pinned_at": pin.pinned_at,
        "fingerprint": pin.fingerprint,
        "words": pin.words,
    }


def _list(target: Target, *, as_json: bool) -> int:
    from dlthub_tui.cli.tables import print_table
    from dlthub_tui.client.errors import ClientError
    from dlthub_tui.client.transport import origin_of
    from dlthub_tui.session.store import SessionStore

    store = SessionStore(target.home / "client", uses_keyring=False)
    try:
        wanted = None if target.url is None else str(origin_of(target.url))
        found = anyio.run(store.known_pins, wanted)
    except ClientError as exc:
        exits.say_error(exits.sentence_of(exc))
        return exits.code_of(exc)
    exits.write_anything()
    if as_json:
        items = [_pin_shape(origin, pin) for origin, pin in found]
        print(json.dumps({"items": items, "total": len(items)}), flush=True)
        return exits.DONE
    rows = [(origin, pin.dataplane_id, pin.pinned_at, pin.fingerprint, pin.words) for origin, pin in found]
    print_table(("CONTROL PLANE", "REGION", "SINCE", "FINGERPRINT", "WORDS"), rows, colour=wants_colour())
    return exits.DONE


def _plain(text: str) -> str:
    """What is compared: neither blanks nor capitals matter."""
    return "".join(text.split()).lower()


def _fingerprint_in(text: str) -> str:
    found = _plain(text)
    if len(found) != _DIGITS or not set(found) <= set(string.hexdigits):
        raise WrongUsage(f"A fingerprint has {_DIGITS} digits of 0-9 and a-f; this has {len(found)} characters.")
    return found
