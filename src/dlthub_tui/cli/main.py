"""Entry point: looks at argv and opens the terminal app before anything heavy is imported."""


def main() -> None:
    """Runs `dlthub-tui`."""
    from dlthub_tui.app import run

    run()
