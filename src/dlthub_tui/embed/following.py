"""`admin data-plane follow`: what the host does for it, in plain values."""

from __future__ import annotations

from pathlib import Path


class CannotFollow(Exception):
    """The home stays as it is; the message says why."""


def follow(home: Path, url: str) -> tuple[str, str]:
    """The region of this home, and the address of its control plane from its next start on.

    Raises: CannotFollow.
    """
    from planes.host import joining

    try:
        joined = joining.follow(home, url)
    except joining.CannotFollow as exc:
        raise CannotFollow(str(exc)) from exc
    return joined.dataplane_id, joined.control_plane
