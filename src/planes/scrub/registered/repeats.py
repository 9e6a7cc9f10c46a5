"""Texts that repeat themselves, and what texts have in common."""


def period_of(text: bytes) -> int:
    """After how many bytes a short text repeats itself; 0 if it does not."""
    return next((period for period in range(1, len(text)) if text[period:] == text[:-period]), 0)


def row_end(text: bytes, start: int, period: int) -> int:
    """How far a text repeats from `start` on what stands there."""
    size = 64
    while text[start + period : start + period + size] == text[start : start + size]:
        if start + period + size >= len(text):
            return len(text)
        size *= 2
    return start + period + common(text[start : start + size], text[start + period : start + period + size])


def common(one: bytes, other: bytes) -> int:
    """How many bytes two texts have in common at their beginnings."""
    low, high = 0, min(len(one), len(other))
    if one.startswith(other) or other.startswith(one):
        return high
    while high - low > 1:  # equal up to low, not up to high
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low


def rotation(text: bytes, period: int) -> bytes:
    """What all texts share that occur in the same row."""
    word = text[:period]
    return min(word[place:] + word[:place] for place in range(period))
