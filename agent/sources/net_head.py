"""The head of an ordinary HTTP answer, read in one go; whatever is not ordinary is http.client's.

http.client reads a head as mail: that takes a third of a probe. Ordinary is: HTTP/1.x with a status that has
a body, all of the head in the first bytes that came, plain ASCII fields that stand there once, a
Content-Length, no transfer coding. What is read here is what http.client would read of it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_STATUS = re.compile(rb"HTTP/1\.[01] ([2-5]\d\d)(?: [\x20-\x7e]*)?\r\n")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?\r\n")
_MOST_FIELDS = 100
_LONGEST = 15  # digits of a length
_NO_BODY = frozenset({b"204", b"304"})
# Told by their presence: another way to the body, or a place to go that has its own reading.
_ODD = frozenset({"transfer-encoding", "location", "upgrade"})


@dataclass(frozen=True, slots=True)
class Head:
    """Status, fields by lower-case name, length of the body, and where it begins in what was read."""

    status: int
    fields: Mapping[str, str]
    length: int
    begin: int

    def getheader(self, name: str, default: str = "") -> str:
        """As http.client's answer has it."""
        return self.fields.get(name.lower(), default)


def quick(data: bytes) -> Head | None:
    """The head at the beginning of `data`; None where it is not an ordinary one, or not all there."""
    end = data.find(b"\r\n\r\n")
    first = _STATUS.match(data) if end > 0 else None
    if first is None or first[1] in _NO_BODY:
        return None
    fields: dict[str, str] = {}
    at = first.end()
    while at < end + 2:
        found = _FIELD.match(data, at, end + 2)
        if found is None:
            return None
        name = found[1].decode("ascii").lower()
        if name in fields or name in _ODD or len(fields) == _MOST_FIELDS:
            return None
        fields[name] = (found[2] or b"").decode("ascii")
        at = found.end()
    length = fields.get("content-length", "")
    if not length.isdigit() or len(length) > _LONGEST:
        return None
    return Head(int(first[1]), fields, int(length), end + 4)
