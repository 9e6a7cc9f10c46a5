"""`dlthub-tui admin gc`: what looks after a home, by whoever may write it, while its platform runs or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast

import anyio
from cyclopts import Parameter

from dlthub_tui.cli import exits
from dlthub_tui.settings import find_home

Home = Annotated[str | None, Parameter(help="The platform's folder.")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="One JSON object on one line.")]

# One, and more than one.
_WORDS = {
    "logs": ("log of an ended run", "logs of ended runs"),
    "environments": ("environment", "environments"),
    "caches": ("cache of builds", "caches of builds"),
    "unpacked_code": ("copy of unpacked code", "copies of unpacked code"),
    "leftovers": ("leftover of a killed process", "leftovers of killed processes"),
}


def gc(
    *,
    dry_run: Annotated[bool, Parameter(name="--dry-run", negative="")] = False,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Remove now what regions of this home remove by themselves every hour. What is in use stays.

    Parameters
    ----------
    dry_run
        Only say what would be removed.
    """
    from dlthub_tui.embed.housekeeping import CannotTidy, tidy

    async def act() -> dict[str, dict[str, dict[str, int] | int]]:
        return await tidy(find_home(home), is_dry_run=dry_run)

    try:
        regions = anyio.run(act)
    except CannotTidy as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    sentence = "\n".join(_say(region, kinds, is_dry_run=dry_run) for region, kinds in regions.items())
    exits.say_result({"dry_run": dry_run, "regions": regions}, as_json=as_json, sentence=sentence)
    return exits.FAILED if any(kinds["failed"] for kinds in regions.values()) else exits.DONE


def _say(region: str, kinds: Mapping[str, dict[str, int] | int], *, is_dry_run: bool) -> str:
    said = [
        f"{counts['count']:,} {_WORDS[kind][counts['count'] != 1]} ({size_words(counts['bytes'])})"
        for kind, counts in cast("Mapping[str, dict[str, int]]", kinds).items()
        if kind != "failed"
    ]
    failed = kinds["failed"]
    more = f" {failed} could not be removed; the next pass tries again." if failed else ""
    verb = "would remove" if is_dry_run else "removed"
    return f"{region}: {verb} {', '.join(said) if said else 'nothing'}.{more}"


def size_words(size_bytes: int) -> str:
    """Bytes as people read them."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"
