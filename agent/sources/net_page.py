"""A page's bytes: bounded, unpacked, decoded, digested, and looked through for a text."""

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from checks.probes import HttpAsk

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from agent.sources.net_head import Head


@dataclass(frozen=True, slots=True)
class Page:
    """What was read of a page; before that, nothing."""

    size: int | None = None
    cut: bool = False
    digest: str = ""
    charset: str = ""
    text_found: bool | None = None


def read(parts: Iterable[bytes], response: "HTTPResponse | Head", wanted: HttpAsk) -> Page:
    """Read at most `wanted.max_bytes` of the page, both as sent and unpacked."""
    sent = b"".join(parts)
    cut = len(sent) > wanted.max_bytes
    coding = response.getheader("Content-Encoding", "identity").strip().lower()
    body = unpack(sent, coding, wanted.max_bytes)
    if body is None:
        # Coded in a way nobody asked for: kept as it came, but no text can be looked for in it.
        return Page(len(sent[: wanted.max_bytes]), cut, sha256(sent[: wanted.max_bytes]).hexdigest())
    cut = cut or len(body) > wanted.max_bytes
    body = body[: wanted.max_bytes]
    charset, text = decode(body, response.getheader("Content-Type", "")) if wanted.text else ("", "")
    found = contains(text, wanted.text) if wanted.text else None
    return Page(len(body), cut, sha256(body).hexdigest(), charset, found)


def unpack(sent: bytes, coding: str, most: int) -> bytes | None:
    """The body with its content coding undone, at most one byte beyond `most`; None if not possible."""
    if coding in ("identity", ""):
        return sent
    if coding not in ("gzip", "x-gzip", "deflate"):
        return None
    # 47: gzip or zlib, told apart by their header. Raw deflate is what some servers send instead.
    for bits in (47, -15):
        try:
            return zlib.decompressobj(bits).decompress(sent, most + 1)
        except zlib.error:
            continue
    return None


_IN_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)
_IN_PAGE = re.compile(
    rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE
)
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# What says GBK or GB2312 is often the wider one.
_WIDER = dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "x-gbk", "cp936"), "gb18030")


def decode(body: bytes, content_type: str) -> tuple[str, str]:
    """Charset and text of a page, by what its head, its first bytes or itself say."""
    for charset in _candidates(body, content_type):
        try:
            return charset, body.decode(charset, "replace")
        except (LookupError, ValueError):
            continue
    return _guess(body)


def _candidates(body: bytes, content_type: str) -> Iterable[str]:
    for mark, charset in _MARKS:
        if body.startswith(mark):
            yield charset
    declared = _IN_HEADER.search(content_type)
    if declared:
        yield _known(declared[1])
    written = _IN_PAGE.search(body[:4096])
    if written:
        yield _known(written[1].decode("ascii"))


# Python knows codecs that no page is in, and a hostile page could make them very slow (punycode).
_PAGES = re.compile(
    r"utf-?(8|16|32)|gb|big5|hz|(x-)?euc|shift|iso-?(8859|2022)|windows|cp\d|koi8|latin|(us-)?ascii"
)


def _known(charset: str) -> str:
    """The codec for a page's charset; one that does not exist for a charset that pages are not in."""
    charset = charset.lower()
    return _WIDER.get(charset, charset if _PAGES.match(charset) else "none")


def _guess(body: bytes) -> tuple[str, str]:
    # The end may be cut inside a character; that says nothing about the rest.
    for charset in ("utf-8", "gb18030"):
        try:
            return charset, body.decode(charset)
        except UnicodeDecodeError as error:
            if error.start >= len(body) - 4:
                return charset, body.decode(charset, "replace")
    return "utf-8", body.decode("utf-8", "replace")


def contains(page: str, text: str) -> bool:
    """Whether `text` stands on the page, written plainly or with entities."""
    if text in page:
        return True
    if "&" not in page:
        return False
    from html import unescape

    return text in unescape(page)
