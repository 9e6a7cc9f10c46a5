"""How people compare a public key: its fingerprint in groups, and six plain words (Security: 3)."""

from __future__ import annotations

import base64
import binascii
import hashlib

# 256 words, one for each byte; no two share their first four letters. Never change one: people wrote them down.
WORDS = """
acorn actor album amber anchor apple apron arrow aspen atlas autumn award bagel bamboo banjo barley basil
basket beacon beaver beetle bench berry birch bishop blanket bonnet border bottle branch bread breeze brick
bridge bronze bucket butter cabin cactus camel candle canoe canvas canyon carbon carpet carrot castle cedar
cello cherry chess cider cinema circle cloud clover coast cobalt comb comet copper coral cotton cradle
crayon cricket crystal cup curtain daisy dancer denim desert dinner dolphin donkey dragon drawer drum eagle
easel echo eclipse elbow ember engine envelope fabric falcon feather fennel fiddle finch flag flute forest
fossil fountain frost galaxy garden garlic gecko ginger glacier globe goose granite grape guitar hammer
harbor harvest hazel helmet heron hickory honey horizon iceberg indigo island ivory jacket jasmine jigsaw
jungle juniper kayak kernel kettle kitten koala ladder lagoon lamp lantern laurel lemon lentil library
lilac linen lizard lobster lotus lunar magnet mango maple marble meadow melon meteor mirror mitten mosaic
moss mountain museum mustard napkin nectar needle nickel noodle nutmeg oasis oboe ocean octave olive onion
opal orbit orchard otter oxygen oyster paddle palace panda paper parrot pasture peach pebble pelican pencil
pepper piano pillow pine planet plum pocket polar pony poplar potato prairie pretzel puddle pumpkin puzzle
quartz quilt quiver rabbit radar radish raven ribbon river robin rocket rosemary ruby saddle saffron salmon
sandal sapphire saturn saxophone scarf shell silver sketch slate snow sparrow spruce tango teapot thistle
thunder tiger timber topaz tulip tunnel turtle umbrella valley velvet violin walnut walrus willow window
winter yogurt zebra zephyr
""".split()  # noqa: SIM905 - a list literal of this would be three screens long
WORD_COUNT = 6


def six_words(fingerprint: str) -> str:
    """Six words for the first 48 bits of a fingerprint in hex: enough to notice another plane by eye."""
    return " ".join(WORDS[byte] for byte in bytes.fromhex(fingerprint)[:WORD_COUNT])


def grouped_fingerprint(fingerprint: str) -> str:
    """The fingerprint as people read it: eight groups of eight digits."""
    return " ".join(fingerprint[start : start + 8] for start in range(0, len(fingerprint), 8))


def fingerprint_of(public_key: str) -> str:
    """SHA-256 in hex of a public key in base64url.

    Raises: ValueError when the text is not 32 bytes in base64url.
    """
    try:
        raw = base64.urlsafe_b64decode(public_key + "=" * (-len(public_key) % 4))
    except binascii.Error as exc:
        raise ValueError("not base64url") from exc
    if len(raw) != 32:
        raise ValueError("not a public key")
    return hashlib.sha256(raw).hexdigest()
