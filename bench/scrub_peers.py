"""How fast others look for secrets in the same log: `python scrub_peers.py LOG` inside an environment that has them.

Prints one line per peer: name, MB per second of processor time. Each is used as its documentation shows, line by line.
"""

# These live in an environment made for the comparison.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
import sys
import time
from collections.abc import Callable
from pathlib import Path


def rate(look: Callable[[str], object], text: str) -> float:
    """MB/s of processor time over the lines of a text."""
    lines = text.splitlines()
    begin = time.process_time()
    for line in lines:
        look(line)
    return len(text) / (time.process_time() - begin) / 1e6


def detect_secrets(text: str) -> float:
    """detect-secrets with its default plugins."""
    from detect_secrets.core.scan import scan_line
    from detect_secrets.settings import default_settings

    with default_settings():
        return rate(lambda line: list(scan_line(line)), text)


def presidio(text: str) -> float:
    """Presidio's recognisers that are patterns, without a language model."""
    from presidio_analyzer import PatternRecognizer, predefined_recognizers

    kinds = [
        kind
        for name in predefined_recognizers.__all__
        if isinstance(kind := getattr(predefined_recognizers, name), type) and issubclass(kind, PatternRecognizer)
    ]
    made = [kind() for kind in kinds]
    return rate(lambda line: [one.analyze(line, one.supported_entities) for one in made], text)


if __name__ == "__main__":
    log = Path(sys.argv[1]).read_text()
    for name, measure in (("detect-secrets", detect_secrets), ("presidio patterns", presidio)):
        try:
            print(f"{name}\t{measure(log):.3f}")
        except Exception as error:  # noqa: BLE001 - a peer that does not work here is said, not hidden
            print(f"{name}\tnot measured: {type(error).__name__}: {error}")
