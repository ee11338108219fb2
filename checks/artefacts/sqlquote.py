"""Where quoted text begins and ends in SQL, line by line: what stands inside is no statement of the dump."""

import re
from dataclasses import dataclass

# What opens something in which statements are not statements. A dollar inside a name opens nothing.
_OPENS = re.compile(
    rb"--|/\*|\"|(?<![\w$\x80-\xff])[eE]'|'"
    rb"|(?<![\w$\x80-\xff])\$(?:[A-Za-z_\x80-\xff][\w\x80-\xff]*)?\$"
)
_CLOSES = {
    b"'": re.compile(rb"'"),
    b'"': re.compile(rb'"'),
    b"/*": re.compile(rb"\*/"),
}
_ESCAPED = re.compile(rb"(?:[^'\\]|\\.)*'", re.DOTALL)


@dataclass(slots=True)
class Quotes:
    """`inside`: whether the text fed so far ends inside something quoted. `plain`: whether backslashes in
    plain strings are just that (standard_conforming_strings)."""

    plain: bool = True
    _closing: re.Pattern[bytes] | None = None

    @property
    def inside(self) -> bool:
        """Whether the next line begins inside quoted text."""
        return self._closing is not None

    def feed(self, line: bytes) -> None:
        """The next line, its newline included."""
        at, size = 0, len(line)
        while at < size:
            if self._closing is None:
                found = _OPENS.search(line, at)
                if found is None or found.group() == b"--":
                    return
                self._closing = self._closes(found.group())
                at = found.end()
                continue
            seek = self._closing.match if self._closing is _ESCAPED else self._closing.search
            ends = seek(line, at)
            if ends is None:
                return
            # A doubled quote closes and opens again: the same as if it had not.
            at, self._closing = ends.end(), None

    def _closes(self, opening: bytes) -> re.Pattern[bytes]:
        if opening in (b"e'", b"E'") or (opening == b"'" and not self.plain):
            return _ESCAPED
        known = _CLOSES.get(opening)
        return known if known is not None else re.compile(re.escape(opening))
