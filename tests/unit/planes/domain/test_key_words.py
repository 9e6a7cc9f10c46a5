import pytest

from planes.domain.key_words import WORDS, fingerprint_of, grouped_fingerprint, six_words
from planes.tokens.keys import SigningKey
from planes.tokens.words import fingerprint_text, words_of


def test_every_byte_has_a_word_that_four_letters_tell_apart() -> None:
    assert len(WORDS) == 256
    assert len({word[:4] for word in WORDS}) == 256
    assert all(word.isascii() and word.isalpha() and word.islower() for word in WORDS)


def test_words_follow_the_first_bytes_of_the_fingerprint() -> None:
    assert six_words("00" * 32) == " ".join(["acorn"] * 6)
    assert six_words("0001ff" + "00" * 29) == "acorn actor zephyr acorn acorn acorn"


def test_a_key_and_its_text_have_the_same_words_and_fingerprint() -> None:
    key = SigningKey.generate().public

    assert fingerprint_of(key.text) == key.fingerprint
    assert words_of(key) == six_words(key.fingerprint)
    assert fingerprint_text(key) == grouped_fingerprint(key.fingerprint)
    assert fingerprint_text(key).replace(" ", "") == key.fingerprint


@pytest.mark.parametrize("text", ["", "abc", "A" * 42, "A" * 44, "!" * 43])
def test_a_text_that_is_no_key_has_no_fingerprint(text: str) -> None:
    with pytest.raises(ValueError):
        fingerprint_of(text)
