"""Counting log lines by pattern. Lines may hold secrets and personal data: only counts leave here."""

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256

from checks.sources import LogGrowth


class Tally:
    """Counts of one look at one log, up to `most_bytes`; what comes after is only measured."""

    def __init__(self, patterns: Mapping[str, str], ignore: Sequence[str], most_bytes: int) -> None:
        self._patterns = {name: re.compile(text, re.IGNORECASE) for name, text in patterns.items()}
        self._ignore = [re.compile(text, re.IGNORECASE) for text in ignore]
        self._most = most_bytes
        self._digest = sha256()
        self._counts = dict.fromkeys(patterns, 0)
        self._lines = self._read = self._skipped = self._binary = 0

    @property
    def full(self) -> bool:
        """Whether more came than is read: nothing further has to be fetched."""
        return self._skipped > 0

    @property
    def garbled(self) -> bool:
        """Whether most of what was read is no text in a known encoding."""
        return self._binary * 2 > self._lines

    def skip(self, size: int) -> None:
        """So many bytes are left out."""
        self._skipped += size

    def line(self, raw: bytes) -> None:
        """Count one line."""
        if self._read + len(raw) > self._most:
            self._skipped += len(raw)
            return
        self._read += len(raw)
        self._lines += 1
        self._digest.update(raw)
        self._binary += b"\0" in raw
        text = decoded(raw)
        if any(pattern.search(text) for pattern in self._ignore):
            return
        for name, pattern in self._patterns.items():
            if pattern.search(text):
                self._counts[name] += 1

    def growth(
        self,
        log: str,
        *,
        first_look: bool = False,
        rotated: bool = False,
        lost: bool = False,
        begin: int = 0,
        end: int = 0,
        trouble: str = "",
    ) -> LogGrowth:
        """The facts about this look."""
        return LogGrowth(
            log=log,
            first_look=first_look,
            rotated=rotated,
            lost=lost,
            begin=begin,
            end=end,
            read=self._read,
            skipped=self._skipped,
            lines=self._lines,
            counts=self._counts,
            digest=self._digest.hexdigest(),
            trouble=trouble,
        )


def decoded(raw: bytes) -> str:
    """UTF-8 where it is; else GB 18030, which older Chinese software writes."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
