"""The tour: a region lock, a direct upload, a run, a masked leak, a crash that is survived, a proof of residency."""

from __future__ import annotations

from collections.abc import Callable

from dlthub_tui.cli.tour.player import Beat, Do, Keys

SHOP = "fruitshop"
KEY_NAME = "SHOP__API_KEY"
# From wherever the tour is: a link, as `y` copies it.
_JOBS = Keys((":", "open ana/Playground", "enter"), r"\[1 Jobs\]")
_WORDS, _WHICH = "the same six words", "Deploy which folder"
_UP = "▴control ▴eu1 ▴us1"


def beats(key: str, kill: Callable[[], None], restart: Callable[[], None]) -> tuple[Beat, ...]:
    """What is played in the app. `key` is the secret that the shop's job prints."""
    return (
        Beat("Two regions and a control plane, on this machine.", (Keys((), _UP),), "home"),
        Beat(
            "An organization chooses where its data lives. Once.",
            (Keys(("/", "ana", "enter", "enter"), r"eu1  Europe"),),
            "regions",
        ),
        Beat(
            "Type the region to lock it.",
            (Keys(("enter",), _WORDS), Keys(("eu1", "enter"), "is locked to eu1", (_WORDS, "enter"))),
        ),
        Beat(
            "It has a workspace. Secrets are sealed in eu1.",
            (
                Keys(("esc", "/", "playground", "enter", "enter"), r"\[1 Jobs\]"),
                Keys(("4",), "No variables"),
                Keys(("a", KEY_NAME, "enter", "enter", "enter", key, "enter"), "secret, "),
            ),
        ),
        Beat(
            "Deploy a folder. First see what would change.",
            (
                Keys(("d",), _WHICH),
                Keys(("ctrl+u", SHOP, "enter"), "Goes to the control plane", (_WHICH, "b")),
            ),
            "deploy",
        ),
        Beat(
            "Code goes straight to eu1. The control plane gets a hash.",
            (Keys(("enter",), "Receipt"), Keys(("enter",), r"\[1 Jobs\]")),
        ),
        Beat(
            "Run it. The first run of a workspace builds its environment.",
            (
                Keys(("/", "orders", "enter", "r"), r"Started shop\.receive_orders \d+"),
                Keys(("l",), "(✓ completed|✗ failed)"),
            ),
        ),
        Beat("It printed its API key, masked before it was stored.", (Keys(("m",), r"\[masked:"),), "masked"),
        Beat(
            "A job that fails. Its log opens where it says why.",
            (
                _JOBS,
                Keys(("/", "ctrl+u", "labels", "enter", "r"), r"Started shop\.print_labels \d+"),
                Keys(("l",), "✗ failed"),
                Keys(("e",), "KeyError"),
            ),
            "failed",
        ),
        Beat(
            "Now a longer job, and kill -9 of the platform.",
            (
                _JOBS,
                Keys(("/", "ctrl+u", "stock", "enter", "r"), r"Started shop\.take_stock \d+"),
                Keys(("l",), r"crate \d+ of 60"),
                Do(kill, "▵"),
            ),
            "killed",
        ),
        Beat(
            "All starts again. The run never stopped; no line is missing.",
            (Do(restart, "all 60 crates counted"), Keys((), "✓ completed")),
            "survived",
        ),
        Beat("The proof: words planted in each region, the home searched.", (), ""),
    )


PROOF = Beat(
    "doctor --residency plants words and looks for them elsewhere.",
    (Keys((), "Nothing left its region"),),
    "proof",
)
END = Beat("Your own: pip install dlthub-tui, dlthub-tui, dlthub-tui doctor --residency")
