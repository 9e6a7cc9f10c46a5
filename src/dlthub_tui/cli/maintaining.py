"""`dlthub-tui admin gc`, `backup` and `restore`: by whoever may write the home, whether its platform runs or not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import anyio

from dlthub_tui.cli import exits
from dlthub_tui.cli.options import Home, Json, Repeated, Switch
from dlthub_tui.settings import find_home

_SHORTEST_PASSPHRASE = 12
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
    dry_run: Switch = False,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Remove now what regions of this home remove by themselves every hour. What is in use stays.

    Parameters
    ----------
    dry_run
        Only say what would be removed.
    """
    from dlthub_tui.embed.housekeeping import CannotTidy, limits, tidy

    async def act() -> dict[str, dict[str, dict[str, int] | int]]:
        return await tidy(find_home(home), is_dry_run=dry_run)

    try:
        kept = limits()
        regions = anyio.run(act)
    except CannotTidy as exc:
        exits.say_error(str(exc))
        return exits.FAILED
    sentence = "\n".join(_say(region, kinds, is_dry_run=dry_run) for region, kinds in regions.items())
    exits.say_result(
        {"dry_run": dry_run, "limits": kept, "regions": regions},
        as_json=as_json,
        sentence=f"{sentence}\n{_say_limits(kept)}",
    )
    return exits.FAILED if any(kinds["failed"] for kinds in regions.values()) else exits.DONE


def backup(
    folder: Path,
    *,
    plane: Repeated[str] = None,
    recipient: str | None = None,
    passphrase_file: Path | None = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Back up the planes of this home into a folder, one sealed file each, while they run or not.

    Parameters
    ----------
    folder
        Where the files go; it holds no backup yet.
    plane
        Only this one (control, us1, eu1, …); may be given again. A region's file holds nothing of another plane.
    recipient
        The public key of age (age1…) whose owner may open them.
    passphrase_file
        A file whose first line is the passphrase instead.
    """
    from dlthub_tui.embed.backup import CannotBackUp, back_up

    try:
        secret = _passphrase(passphrase_file)
        if (recipient is None) == (secret is None):
            exits.say_error("Say for whom to seal it: --recipient age1…, or --passphrase-file FILE.")
            return exits.WRONG_USAGE
        written = back_up(find_home(home), folder, plane, recipient, secret)
    except (CannotBackUp, OSError) as exc:
        exits.say_error(exits.words_of(exc))
        return exits.FAILED
    regions = [each["plane"] for each in written if each["plane"] != "control"]
    in_buckets = [each["plane"] for each in written if each["has_bucket"]]
    advice: list[str] = []
    if regions:
        advice.append(
            f"The master key of {', '.join(regions)} (data/ID/master.key) is in no backup: keep a copy of it elsewhere."
        )
    if in_buckets:
        advice.append(
            f"The archives of {', '.join(in_buckets)} lie in a bucket and are in no backup: keep its versions."
        )
    said = "\n".join(f"{each['plane']}: {each['path']} ({size_words(int(each['bytes']))})" for each in written)
    exits.say_result({"planes": written}, as_json=as_json, sentence=said, advice="\n".join(advice) or None)
    closed = [name for each in written for name in each["closed"]]
    if closed:
        more = f" and {len(closed) - 1:,} more" if len(closed) > 1 else ""
        exits.say_error(
            # As Python writes it: a job chose the name.
            f"Not in the backup, since jobs closed it to this user or put it too deep: {closed[0]!r}{more}. "
            "Open it (chmod u+rwX), run this as root, or move up what lies too deep, and back up once more."
        )
    return exits.FAILED if closed else exits.DONE


def restore(
    folder: Path,
    *,
    plane: Repeated[str] = None,
    identity_file: Path | None = None,
    passphrase_file: Path | None = None,
    master_key: Repeated[str] = None,
    home: Home = None,
    as_json: Json = False,
) -> int:
    """Put backed up planes into a home that has none of them. Start it afterwards as any other.

    Parameters
    ----------
    folder
        Where `admin backup` wrote them.
    plane
        Only this one; may be given again.
    identity_file
        The private key of age whose public key they were sealed for.
    passphrase_file
        A file whose first line is the passphrase instead.
    master_key
        ID=FILE: the master.key of a region as it was then; once for each region.
    """
    from dlthub_tui.embed.backup import CannotBackUp
    from dlthub_tui.embed.backup import restore as put_back

    try:
        secret = _passphrase(passphrase_file)
        if (identity_file is None) == (secret is None):
            exits.say_error("Say what opens it: --identity-file FILE, or --passphrase-file FILE.")
            return exits.WRONG_USAGE
        pairs = [word.partition("=") for word in master_key or ()]
        if any(not (region and name) for region, _, name in pairs):
            exits.say_error("A master key is given as ID=FILE, such as eu1=master.key.")
            return exits.WRONG_USAGE
        keys = {region: Path(name).read_text(encoding="ascii") for region, _, name in pairs}
        identity = None if identity_file is None else _private_key(identity_file)
        restored = put_back(find_home(home), folder, plane, (identity, secret), keys)
    except (CannotBackUp, OSError, UnicodeDecodeError) as exc:
        exits.say_error(exits.words_of(exc))
        return exits.FAILED
    said = "\n".join(f"{each['plane']}: as it was at {each['backed_up_at']}" for each in restored)
    exits.say_result({"planes": restored}, as_json=as_json, sentence=said)
    return exits.DONE


def _passphrase(path: Path | None) -> str | None:
    """The first line of the file. Raises: CannotBackUp for an empty one."""
    from dlthub_tui.embed.backup import CannotBackUp

    if path is None:
        return None
    line = path.read_text(encoding="utf-8").split("\n", 1)[0].rstrip("\r")
    if len(line) < _SHORTEST_PASSPHRASE:
        raise CannotBackUp(f"The passphrase in {path} has fewer than {_SHORTEST_PASSPHRASE} characters.")
    return line


def _private_key(path: Path) -> str:
    """As age writes it: a line among comments."""
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")


def _say_limits(kept: Mapping[str, int]) -> str:
    logs, environments = (
        f"{_days(kept[f'{of}_days'])} and {_size(kept[f'{of}_bytes'])}" for of in ("log", "environment")
    )
    # The service's own settings are nowhere but in its environment.
    return (
        f"Limits: logs {logs}, environments {environments}, unpacked code {_days(kept['code_days'])}; "
        "by DLTHUB_TUI_KEEP_… of this shell, not by those of a service."
    )


def _days(count: int) -> str:
    return f"{count:,} {'day' if count == 1 else 'days'}" if count else "any age"


def _size(size_bytes: int) -> str:
    return size_words(size_bytes) if size_bytes else "any size"


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
