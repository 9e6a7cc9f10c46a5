"""Exit codes of every command, and how a failure is said."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, cast

from dlthub_tui.settings import find_key

if TYPE_CHECKING:
    from dlthub_tui.client.errors import ClientError

DONE = 0
FAILED = 1
WRONG_USAGE = 2
NOT_REACHABLE = 3
NOT_ALLOWED = 4
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_UNWRITTEN = _NO_ROOM | frozenset({errno.EPIPE, errno.EFBIG, errno.EIO, errno.EBADF})


def say_error(message: str) -> None:
    """What went wrong, on standard error. Words of a server or a file name are in it, so it is made inert."""
    print(f"dlthub-tui: {inert(message)}", file=sys.stderr, flush=True)


def words_of(error: Exception) -> str:
    """What went wrong, of a file its name and the system's word: its number says nothing to people."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)}: {error.strerror}."
    return str(error)


def say_result(value: Mapping[str, Any], *, as_json: bool, sentence: str, advice: str | None = None) -> None:
    """A command's result: one JSON object on one line, or a sentence.

    What is to be known beside a result that is kept in a file goes to standard error, as `advice`.
    """
    print(json.dumps(value) if as_json else inert(sentence), flush=True)
    if advice is not None and not as_json:
        print(inert(advice), file=sys.stderr, flush=True)


def inert(text: str) -> str:
    """The text, line by line, without anything that a terminal would obey (Security: 14)."""
    from planes.scrub import display_guard

    return "\n".join(display_guard(line) for line in text.split("\n"))


def open_streams() -> None:
    """Gives a stream that was closed at the start a file, so that no other one takes its number.

    Nobody hears what is said on standard error then; standard output cannot be written, which is said.
    """
    for name, flags, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_RDONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode, encoding="utf-8"))  # noqa: SIM115 - for good


def end_unwritten(error: OSError) -> int:
    """What ends a command whose output nobody takes: a closed pipe its signal, all else a sentence; the exit code.

    So does a disk without room for a file of ours, such as the regions that are known here, and a folder that is
    closed to us, such as the home of another user.
    Raises: the error, when it names a file for another reason or is no error of writing.
    """
    if error.filename is not None and error.errno in _NO_ROOM:
        say_error(f"{words_of(error)} Make room there, then try again.")
        return FAILED
    if error.filename is not None and isinstance(error, PermissionError):
        say_error(f"{words_of(error)} A home is open to its own user alone.")
        return FAILED
    if error.filename is not None or error.errno not in _UNWRITTEN:
        raise error
    # What is still held would be tried once more as the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(error, BrokenPipeError):
        end_by(signal.SIGPIPE)
    say_error(f"Standard output cannot be written: {error.strerror or 'no reason given'}.")
    return FAILED


def write_anything() -> None:
    """Lets standard output take characters that its encoding lacks, as escapes."""
    for stream in (sys.stdout, sys.stderr):
        cast("TextIOWrapper", stream).reconfigure(errors="backslashreplace")


def end_by(number: signal.Signals) -> None:
    """Ends this process by a signal, as a filter does, so that a shell's loop around it ends too."""
    sys.stderr.flush()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def put_away_on_signals() -> None:
    """SIGTERM and SIGHUP leave by way of all that must be put away, which a second one does not cut short.

    One that is ignored, as behind `nohup`, stays so.
    """
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def _leave(number: int, _frame: object) -> None:
    for other in _ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise SystemExit(128 + number)


def code_of(error: ClientError) -> int:
    """The exit code of what went wrong between this command and a plane."""
    from dlthub_tui.client import errors

    match error:
        case (
            errors.NotReachable()
            | errors.TimedOut()
            | errors.NothingBehind()
            | errors.NoControlPlane()
            | errors.SentOn()
        ):
            return NOT_REACHABLE
        case (
            errors.NotAllowed()
            | errors.NotSignedIn()
            | errors.PinMismatch()
            | errors.PinsDamaged()
            | errors.ClocksDiffer()
        ):
            return NOT_ALLOWED
        case errors.UnsafeAddress():
            return WRONG_USAGE
        case _:
            return FAILED


def sentence_of(error: ClientError) -> str:
    """What happened, and what to do in a shell, where no key helps."""
    from dlthub_tui.cli.misuse import sentence_of_fields
    from dlthub_tui.client import errors

    match error:
        case errors.UnknownAuthority() | errors.ProxyFailed():
            return error.sentence
        case errors.NotReachable(address=address) | errors.TimedOut(address=address) if _is_here(address):
            return f"{error.what} Is it running? dlthub-tui doctor says more."
        case errors.NotReachable() | errors.TimedOut():
            return f"{error.what} Is it running there? dlthub-tui doctor, on its machine, says more."
        case errors.NotSignedIn() if find_key() is not None:
            return "The key in DLTHUB_TUI_API_KEY is unknown here, has run out or was revoked."
        case errors.NotSignedIn():
            return f"{error.what} Here: dlthub-tui, or dlthub-tui connect URL."
        case errors.Gone(code="log_removed"):
            return f"{error.what} How the run ended is in the list: dlthub-tui runs WORKSPACE."
        case errors.Refused(status=400, reasons=reasons) if (said := sentence_of_fields(reasons)) is not None:
            return said
        case _:
            return error.what if "Press" in error.can else error.sentence


def _is_here(address: str) -> bool:
    """Whether it is one of this machine, all that `doctor` looks at."""
    from planes.wire.addresses import is_loopback

    return is_loopback(address.partition("://")[2].rpartition(":")[0])
