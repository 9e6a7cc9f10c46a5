"""Configuration archives: the `.dlt` TOML of a workspace, encrypted as long as it is stored (Borders: 7)."""

from __future__ import annotations

import codecs
import io
import re
import tomllib
from collections.abc import Mapping

from anyio import to_thread

from planes.data_plane.services.audit import Action, Actor, Audit
from planes.data_plane.services.parts import Parts
from planes.data_plane.services.secrets.run_secrets import SECRETS, toml_strings, too_many_secrets
from planes.data_plane.services.secrets.toml_files import TooMuchToml, read_toml
from planes.data_plane.services.uploads.archives import ArchiveReader, Contents
from planes.data_plane.services.uploads.listings import find_version
from planes.data_plane.services.uploads.tar_stream import Limits, display_safe, refusal
from planes.domain.access import LOCAL_PROFILES
from planes.domain.errors import InvalidRequest, NotFound, Reason
from planes.scrub import Registered
from planes.storage.data import uploads
from planes.storage.types import Row
from planes.storage.vault import Place
from planes.wire.link import MAXIMUM_PROFILES

MAXIMUM_ARCHIVE_BYTES = 8 * 1024 * 1024
MAXIMUM_FILES = 400
_LIMITS = Limits(unpacked_bytes=16 * 1024 * 1024, members=MAXIMUM_FILES + 1)
_NAME = re.compile(r"(?:(?P<profile>[A-Za-z0-9_\-.]{1,128})\.)?(?:config|secrets)\.toml")
_BYTE_ORDER_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_PLACE_IN_FILE = re.compile(r"line (\d+)")


class Configurations:
    """Opens stored configurations for runs."""

    def __init__(self, parts: Parts, audit: Audit) -> None:
        self._parts = parts
        self._audit = audit

    async def files_of(self, configuration_id: str) -> dict[str, bytes]:
        """Every file by its bare name, decrypted: for a run's `.dlt` folder, and for registration with the scrubber.

        Raises: NotFound, CannotOpen.
        """
        row = await find_version(self._parts, uploads.CONFIGURATIONS, configuration_id)
        if row is None:
            raise NotFound("not_found", "There is no such configuration here.")
        actor = Actor.run("-", row["organization_id"], row["workspace_id"])
        await self._audit.record(actor, Action.CONFIGURATION_OPENED, configuration_id)
        return await self.open_row(row)

    async def open_row(self, row: Row) -> dict[str, bytes]:
        """The same for the row of a configuration, of which the audit log says already that it is opened.

        Raises: CannotOpen.
        """
        configuration_id = row["id"]
        sealed = await self._parts.blobs.get(archive_key(row["organization_id"], configuration_id))
        place = archive_place(row["organization_id"], row["workspace_id"], configuration_id)
        archive = await self._parts.vault.open(place, sealed)
        _, files = await to_thread.run_sync(read_configuration, archive)
        return files


def archive_key(organization_id: str, configuration_id: str) -> str:
    """Where a sealed configuration archive lies among the blobs."""
    return f"organizations/{organization_id}/configurations/{configuration_id}"


def archive_place(organization_id: str, workspace_id: str, configuration_id: str) -> Place:
    """What a sealed configuration archive belongs to."""
    return Place(
        organization_id=organization_id,
        workspace_id=workspace_id,
        scope="configuration",
        name=configuration_id,
        version=1,
    )


def read_configuration(archive: bytes) -> tuple[Contents, dict[str, bytes]]:
    """Checks a configuration archive and takes its files out, in memory.

    Raises: InvalidRequest, with file and line for broken TOML and none of its text; TooLarge.
    """
    reader = ArchiveReader(io.BytesIO(archive), _LIMITS)
    files: dict[str, bytes] = {}
    for entry, content in reader.entries():
        if entry.target is not None:
            raise refusal("a link is not allowed in a configuration", entry.path)
        profile_of(entry.path)
        files[entry.path] = b"".join(content)
    for name, content in files.items():
        _check_toml(name, content)
    return reader.contents, files


def check_secrets(files: Mapping[str, bytes]) -> None:
    """That what a run on each profile must never print is little enough to be masked. Takes a thread's time.

    Raises: InvalidRequest, also for more profiles than the control plane can be told.
    """
    if len(profiles_in(files)) > MAXIMUM_PROFILES:
        detail = f"A configuration has files for {MAXIMUM_PROFILES} profiles at most."
        raise InvalidRequest("configuration_refused", detail, (Reason(key="file", message=detail),))
    listed = {
        name: dict.fromkeys(pair for pair in toml_strings(content) if pair[1])
        for name, content in files.items()
        if name.endswith(SECRETS)
    }
    of_all = listed.get(SECRETS, {})
    for name, own in listed.items():
        if not Registered.fits(own | of_all):
            raise _refused(name, too_many_secrets(name), "more than can be masked in a log")


def profile_of(name: str) -> str | None:
    """The profile that a file is for; None for the base files.

    Raises: InvalidRequest for a name that no configuration file has.
    """
    found = _NAME.fullmatch(name)
    if found is None:
        raise refusal("a configuration holds only files named [<profile>.](config|secrets).toml", name)
    profile: str | None = found["profile"]
    if profile in LOCAL_PROFILES:
        raise refusal("the profiles dev and tests stay on the developer's machine", name)
    return profile


def profiles_in(files: Mapping[str, bytes]) -> list[str]:
    """The profiles that have a file of their own, sorted."""
    return sorted({profile for name in files if (profile := profile_of(name)) is not None})


def _check_toml(name: str, content: bytes) -> None:
    if content.startswith(_BYTE_ORDER_MARKS):
        raise _broken(name, "it begins with a byte order mark, which dlt does not read; save it as UTF-8 without one")
    try:
        read_toml(content.decode())
    except UnicodeDecodeError as exc:
        line = content.count(b"\n", 0, exc.start) + 1
        raise _broken(name, f"line {line}, not UTF-8") from exc
    except tomllib.TOMLDecodeError as exc:
        # The parser's text may quote the file; only its place is passed on.
        found = _PLACE_IN_FILE.search(str(exc))
        raise _broken(name, f"line {found[1]}" if found else "its last line") from None
    except TooMuchToml as exc:
        raise _refused(name, f"{display_safe(name)} cannot be taken: {exc}.", str(exc)) from None
    except RecursionError as exc:
        raise _broken(name, "nested too deeply") from exc
    except ValueError:  # the interpreter's own: a number of thousands of digits
        raise _broken(name, "a number in it is too long") from None


def _broken(name: str, place: str) -> InvalidRequest:
    shown = display_safe(name)
    return _refused(name, f"{shown} is not valid TOML: {place}.", f"not valid TOML: {place}")


def _refused(name: str, detail: str, rule: str) -> InvalidRequest:
    return InvalidRequest("configuration_refused", detail, (Reason(key=display_safe(name), message=rule),))
