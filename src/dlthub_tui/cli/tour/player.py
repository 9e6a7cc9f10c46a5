"""Plays a tour on a stage: captions at a readable pace, keys, and waits for words on the screen.

`space` pauses and goes on, any other key takes over, `ctrl+]` gives the tour back, which returns to where it was.
Without autoplay the person plays:
the caption says the keys, and the tour goes on when what they lead to is on the screen; `ctrl+]` presses them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path

from dlthub_tui.cli.tour.platform import NoDemo
from dlthub_tui.cli.tour.recording import render_still
from dlthub_tui.cli.tour.stage import Stage

GIVES_BACK = b"\x1d"
_LEAST_SECONDS, _MOST_SECONDS, _SECONDS_A_WORD = 3.0, 8.0, 0.33
_KEY_SECONDS = 0.14
_LONGEST_HINT = 30
_ESCAPE_SECONDS = 0.4
_WAIT_SECONDS = 1200.0
_SAID_SECONDS = 5.0
_MOVE_SECONDS, _SETTLE_SECONDS = 3.0, 0.3
# The breadcrumb stands before the planes, whose states differ.
_CRUMBS = re.compile(r"\s*(.*?)\s*(?:\s{2}|[▴▵▾]|$)")
_NAMES = {
    "enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "left": "\x1b[D", "right": "\x1b[C",
    "ctrl+u": "\x15", "ctrl+q": "\x11",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys by name (`enter`) or as text to type, then what must be on the screen, as a pattern.

    `form` is what the keys are typed into: words that stand in it, as a pattern, and the key that opens it again.
    """

    keys: tuple[str, ...]
    until: str
    form: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """Something beside the screen, such as killing the platform, then what must be on the screen."""

    act: Callable[[], None]
    until: str


@dataclass(frozen=True, slots=True)
class Beat:
    """One sentence of the tour. `still` names the picture that is taken at its end."""

    caption: str
    steps: tuple[Keys | Do, ...] = ()
    still: str = ""


def hint_of(step: Keys) -> str:
    """The keys of a step beside its caption; of many, the one that presses them."""
    hint = " ".join(step.keys)
    return hint if len(hint) <= _LONGEST_HINT else "ctrl+] presses the keys"


class Left(Exception):
    """The program was left; the tour is over."""


class _Mode(Enum):
    PLAYING = auto()
    PAUSED = auto()
    TAKEN = auto()


@dataclass
class Player:
    """`pace` 1 is readable, 0 as fast as the screen follows. Stills go to `stills`, where there is one."""

    stage: Stage
    is_auto: bool = True
    pace: float = 1.0
    stills: Path | None = None
    _mode: _Mode = field(default=_Mode.PLAYING)
    _is_asked_to_press: bool = False
    _beat: Beat = field(default=Beat(""))
    _hint: str = ""
    _awaited: str = ""
    _place: str = ""
    _is_given_back: bool = False

    def play(self, beats: Sequence[Beat]) -> None:
        """The whole tour. Raises: NoDemo when a beat's words never come, Left when the program ends before."""
        self.stage.heard = self._hear
        for beat in beats:
            self._beat, self._hint, self._awaited = beat, "", ""
            self._show()
            self._read(beat.caption)
            self._wait_until_said()
            for step in beat.steps:
                self._do(step)
            if beat.still and self.stills is not None:
                self.stills.mkdir(parents=True, exist_ok=True)
                picture = render_still(self.stage.screen, beat.caption)
                (self.stills / f"{beat.still}.svg").write_text(picture, encoding="utf-8")

    def close(self, beat: Beat) -> None:
        """The last sentence, over what is on the screen; nothing plays any more."""
        self._beat = beat
        self.stage.say(beat.caption, "")
        self.stage.hold(_MOST_SECONDS * self.pace)
        self.stage.pump()
        self._wait_until_said()

    def _do(self, step: Keys | Do) -> None:
        if isinstance(step, Do):
            step.act()
        elif self.is_auto:
            for key in step.keys:
                self._press(key)
        else:
            self._hint, self._place = hint_of(step), self._here()
            self._show()
        self._wait_for(step)

    def _press(self, key: str) -> None:
        for part in [_NAMES[key]] if key in _NAMES else key:
            self._wait_while_not_playing()
            self.stage.type(part)
            self._hold(_KEY_SECONDS)
            if part == "\x1b":  # the beginning of another key, until nothing has followed for a while
                self.stage.hold(_ESCAPE_SECONDS)

    def _wait_for(self, step: Keys | Do) -> None:
        """Until the words are there. Time in which the tour is paused or taken does not count."""
        left = _WAIT_SECONDS
        self._awaited = step.until
        while not self._is_shown(step.until):
            began = time.monotonic()
            self._pump()
            if self._is_asked_to_press and isinstance(step, Keys):
                self._is_asked_to_press = False
                self._press_from_its_place(step)
            if self._mode is _Mode.PLAYING and self.is_auto:
                left -= time.monotonic() - began
            if left < 0:
                raise NoDemo(f'The tour stopped: "{step.until}" did not come.\n{self.stage.text}')
        self._hold(0.6)

    def _press_from_its_place(self, step: Keys) -> None:
        """The keys of a step, after the person went elsewhere or left its form: there they would mean other things."""
        if self._here() != self._place:
            self._return()
        if step.form is not None and not self._is_shown(step.form[0]):
            self._press(step.form[1])
            until = time.monotonic() + _MOVE_SECONDS
            while not self._is_shown(step.form[0]) and time.monotonic() < until:
                self._pump()
            if not self._is_shown(step.form[0]):
                return
        for key in step.keys:
            self._press(key)

    def _is_shown(self, pattern: str) -> bool:
        return re.search(pattern, self.stage.text) is not None

    def _read(self, caption: str) -> None:
        self._hold(min(_MOST_SECONDS, max(_LEAST_SECONDS, _SECONDS_A_WORD * len(caption.split()))))

    def _hold(self, seconds: float) -> None:
        left = seconds * self.pace
        while left > 0:
            began = time.monotonic()
            self._pump()
            if self._mode is _Mode.PLAYING:
                left -= time.monotonic() - began
        self._pump()

    def _wait_until_said(self) -> None:
        """A caption stands at least once, however fast the tour is and however much the program draws."""
        until = time.monotonic() + _SAID_SECONDS
        while not self.stage.is_said and time.monotonic() < until:
            self._pump()

    def _wait_while_not_playing(self) -> None:
        while self._mode is not _Mode.PLAYING:
            self._pump()

    def _pump(self) -> None:
        self.stage.pump()
        if self._is_given_back:
            self._is_given_back = False
            self._return()
        if self.stage.is_over and not self.stage.has_output and not re.search(self._awaited or "$^", self.stage.text):
            raise Left

    def _hear(self, piece: bytes) -> bool:
        """What a person typed; True where it goes on to the program."""
        if piece == GIVES_BACK:
            self._is_asked_to_press = not self.is_auto
            self._is_given_back = self._mode is _Mode.TAKEN
            if not self._is_given_back:
                self._turn(_Mode.PLAYING)
            return False
        if not self.is_auto or self._mode is _Mode.TAKEN:
            return True
        if piece == b" ":
            self._turn(_Mode.PLAYING if self._mode is _Mode.PAUSED else _Mode.PAUSED)
            return False
        self._place = self._here()
        self._turn(_Mode.TAKEN)
        return True

    def _here(self) -> str:
        """The breadcrumb."""
        match = _CRUMBS.match(self.stage.text.partition("\n")[0])
        return match[1] if match is not None else ""

    def _return(self) -> None:
        """Through the places visited to the one where the tour was taken over; a form that was left is none."""
        if self._here() != self._place:
            self._move("\x1b")  # out of a prompt
        for key in ("]", "["):
            before = ""
            while self._here() not in {self._place, before}:
                before = self._here()
                self._move(key)
        self._turn(_Mode.PLAYING)

    def _move(self, key: str) -> None:
        before, until = self._here(), time.monotonic() + _MOVE_SECONDS
        self.stage.type(key)
        while self._here() == before and time.monotonic() < until:
            self.stage.pump()
        self.stage.hold(_SETTLE_SECONDS)

    def _turn(self, mode: _Mode) -> None:
        self._mode = mode
        self._show()

    def _show(self) -> None:
        match self._mode:
            case _Mode.PAUSED:
                self.stage.say(self._beat.caption, "space goes on")
            case _Mode.TAKEN:
                self.stage.say(f"You play. The tour waits at {self._place}.", "ctrl+] gives it back")
            case _Mode.PLAYING if self.is_auto:
                self.stage.say(self._beat.caption, "space pauses")
            case _Mode.PLAYING:
                self.stage.say(self._beat.caption, self._hint)
