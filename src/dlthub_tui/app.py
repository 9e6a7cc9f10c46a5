"""The Textual application."""


def run() -> None:
    """Opens the terminal application."""
