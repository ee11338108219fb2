"""How wide the columns of a printed table are: shares, but no word is cut that fits into a line."""

import re
from collections.abc import Iterable, Sequence

# Where a line ends by itself: at a space or a mark, and beside a Chinese character.
_BETWEEN = re.compile("[\\s\u200b\u2e80-\uffff]+")
_LONGEST = 15  # letters of a word that keeps its line; what is longer is broken wherever it stands


def longest(texts: Iterable[str]) -> int:
    """Letters of the longest word that is to stay whole; 0 where there is none."""
    words = (len(word) for text in texts for word in _BETWEEN.split(text))
    return max((length for length in words if length <= _LONGEST), default=0)


def letters(texts: Iterable[str]) -> int:
    """Letters of the longest line, a Chinese character as two; 0 where there is none."""
    lines = (line for text in texts for line in text.split("\n"))
    return max((sum(2 if char > "\u2e7f" else 1 for char in line) for line in lines), default=0)


def whole_lines(
    shares: Sequence[float], lines: Sequence[float], least: Sequence[float], across: float
) -> list[float]:
    """`least`, and as much more as lets cells stand on one line (`lines` wide) as far as there is room.

    What has longer lines than fit gets room by its share, and keeps breaking.
    """
    most, low = across, 0.0
    for _ in range(24):
        tried = (most + low) / 2
        made = _capped(shares, lines, least, tried)
        most, low = (tried, low) if sum(made) > across else (most, tried)
    return _capped(shares, lines, least, low)


def _capped(
    shares: Sequence[float], lines: Sequence[float], least: Sequence[float], most: float
) -> list[float]:
    columns = zip(shares, lines, least, strict=True)
    return [max(short, min(line, most * share)) for share, line, short in columns]


def fitted(shares: Sequence[float], least: Sequence[float], across: float) -> list[float]:
    """The width of each column, `across` in all, in the unit of `least`: by shares, none below its least.

    Where there is not room for that, as much below its least as the others.
    """
    room, free = across, set(range(len(shares)))
    made = [across * share / sum(shares) for share in shares]
    if sum(least) > across:
        return [across * one / sum(least) for one in least]
    while short := {number for number in free if made[number] < least[number]}:
        free -= short
        for number in short:
            made[number] = least[number]
        room = across - sum(made[number] for number in range(len(shares)) if number not in free)
        rest = sum(shares[number] for number in free)
        for number in free:
            made[number] = room * shares[number] / rest
    return made
