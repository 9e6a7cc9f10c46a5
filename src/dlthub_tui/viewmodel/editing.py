"""The text of one input line, without a widget: what a key does to it."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class LineEditor:
    """Text and the place of the caret in it."""

    text: str = ""
    caret: int = 0

    def insert(self, piece: str, *, keeps_lines: bool = False) -> LineEditor:
        """What was typed or pasted: on one line, or as it is. The end of its last line is no part of it."""
        piece = "\n".join(piece.rstrip("\r\n").replace("\r\n", "\n").split("\r"))
        if not keeps_lines:
            piece = piece.replace("\n", " ").replace("\t", " ")
        piece = "".join(character for character in piece if character.isprintable() or character in "\n\t")
        return LineEditor(self.text[: self.caret] + piece + self.text[self.caret :], self.caret + len(piece))

    def press(self, key: str) -> LineEditor | None:
        """The line after an editing key; None when the key edits nothing."""
        match key:
            case "backspace":
                at = max(0, self.caret - 1)
                return LineEditor(self.text[:at] + self.text[self.caret :], at)
            case "delete":
                return LineEditor(self.text[: self.caret] + self.text[self.caret + 1 :], self.caret)
            case "left":
                return replace(self, caret=max(0, self.caret - 1))
            case "right":
                return replace(self, caret=min(len(self.text), self.caret + 1))
            case "home":
                return replace(self, caret=0)
            case "end":
                return replace(self, caret=len(self.text))
            case "ctrl+u":
                return LineEditor(self.text[self.caret :], 0)
            case "ctrl+w":
                kept = self.text[: self.caret].rstrip()
                kept = kept[: kept.rfind(" ") + 1]
                return LineEditor(kept + self.text[self.caret :], len(kept))
            case _:
                return None
