"""Keys of documents, columns and parameters: which of them name a secret."""

import functools
import re

from planes.scrub.rules.judging import judges
from planes.scrub.rules.named.languages import FOREIGN_KEY
from planes.scrub.rules.named.vocabulary import KEY


@functools.cache
def _sensitive_key() -> re.Pattern[bytes]:
    """Made when it is first needed: most logs have no lines that ask for it."""
    return re.compile(rb"(?i)(?:" + KEY + rb"|" + FOREIGN_KEY + rb"|authorization|cookie)$")


def is_sensitive_key(key: str) -> bool:
    """Whether a document's key names a secret."""
    encoded = key.encode("utf-8", "surrogatepass")
    match = _sensitive_key().search(encoded)
    return match is not None and not judges.is_other_name(encoded, match.start())
