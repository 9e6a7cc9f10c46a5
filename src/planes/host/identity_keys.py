"""A region's identity key is replaced, whether the region runs or not: by whoever may write the home."""

from __future__ import annotations

from pathlib import Path

from planes.data_plane.link import Link, LinkAddress
from planes.data_plane.services.identity_keys import KEY_FILE, IdentityKeys
from planes.domain.clock import SystemClock
from planes.domain.errors import NotAuthenticated, NotFound, PlaneError, Unavailable
from planes.host.home import Home, JoinedRegion, check_ours
from planes.tokens.errors import InvalidToken
from planes.tokens.keys import PublicKey


class CannotRotate(Exception):
    """The key stays as it is; the message says why."""


async def rotate(home: Path, dataplane_id: str) -> PublicKey:
    """The key that the region has from its next start on, signed by the present one.

    A region on a machine of its own tells its control plane then, so that one has to be there and able to follow.
    Raises: CannotRotate.
    """
    folder = home / "data" / dataplane_id
    try:
        check_ours(home)
        if not (folder / KEY_FILE).exists():
            raise CannotRotate(f"There is no key of a region {dataplane_id} in {home}.")
        keys = IdentityKeys(folder)
        joined = Home(home).read_region()
        if joined is not None:
            await _check_can_follow(joined, keys)
        return keys.rotate(dataplane_id, SystemClock().now()).public
    except PlaneError as exc:
        raise CannotRotate(f"{exc.detail} Nothing was changed.") from exc
    except (InvalidToken, OSError) as exc:
        raise CannotRotate(f"The key was not replaced: {exc}.") from exc


async def _check_can_follow(joined: JoinedRegion, keys: IdentityKeys) -> None:
    """Tells nothing: a region that runs goes on with the key that it began with. Raises: CannotRotate, Unavailable."""
    address = LinkAddress(
        dataplane_id=joined.dataplane_id, region="", public_url="", control_plane_url=joined.control_plane
    )
    async with Link(address, keys.load_or_create()[0], SystemClock()) as link:
        try:
            await link.tell_key_changes([])
        except NotAuthenticated:
            pass  # it can follow, and knows a key before this one until the region starts again
        except NotFound as exc:
            raise CannotRotate(
                f"The control plane at {joined.control_plane} is of a version that cannot follow a region to another "
                "key: upgrade it first. Nothing was changed."
            ) from exc
        except Unavailable as exc:
            raise CannotRotate(f"{joined.control_plane}: {exc.detail} Nothing was changed.") from exc
