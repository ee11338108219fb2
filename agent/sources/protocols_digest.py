"""HTTP digest authentication (RFC 7616, MD5 and SHA-256), which RTSP and cameras use as well."""

import hashlib
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise

from agent.sources.net_connect import Failed

# A scheme's name in a header: no name of a part (those have `=` behind them), nothing within a quoted text.
_SCHEME = re.compile(r'"(?:[^"\\]|\\.)*"|(?:^|,)\s*([A-Za-z][\w-]*)(?=\s*(?:,|$)|\s+[^\s=,])')
_PART = re.compile(r'([a-zA-Z]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"": "md5", "MD5": "md5", "SHA-256": "sha256"}


def answer(challenges: Iterable[str], secret: Mapping[str, str], method: str, url: str) -> str:
    """The Authorization header for the strongest challenge we know; Failed where there is none."""
    known = {}
    for scheme, rest in (one for header in challenges for one in _each(header)):
        parts = {found[1].lower(): found[2] or found[3] or "" for found in _PART.finditer(rest)}
        if scheme.lower() == "digest" and parts.get("algorithm", "").upper() in _HASHES:
            known[_HASHES[parts.get("algorithm", "").upper()]] = parts
    name = max(known, default="")
    if not name:
        # Basic would show the password to everybody on the way.
        raise Failed("auth_unsupported")
    return _digest(name, known[name], secret, method, url)


def _each(header: str) -> Iterator[tuple[str, str]]:
    """Scheme and parts of each challenge of one header."""
    begins = [(found[1], found.start(), found.end()) for found in _SCHEME.finditer(header) if found[1]]
    for (scheme, _, begin), (_, end, _) in pairwise((*begins, ("", len(header), 0))):
        yield scheme, header[begin:end]


def _digest(name: str, parts: Mapping[str, str], secret: Mapping[str, str], method: str, url: str) -> str:
    def hashed(*words: str) -> str:
        return hashlib.new(name, ":".join(words).encode(), usedforsecurity=False).hexdigest()

    user, realm, nonce = secret.get("user", ""), parts.get("realm", ""), parts.get("nonce", "")
    first = hashed(user, realm, secret.get("password", ""))
    second = hashed(method, url)
    quoted = re.sub(r'(["\\])', r"\\\1", user)
    fields = {"username": quoted, "realm": realm, "nonce": nonce, "uri": url}
    if "auth" in [word.strip() for word in parts.get("qop", "").split(",")]:
        own = secrets.token_hex(8)
        fields["response"] = hashed(first, nonce, "00000001", own, "auth", second)
        extra = f', qop=auth, nc=00000001, cnonce="{own}"'
    else:
        fields["response"] = hashed(first, nonce, second)
        extra = ""
    for key in ("algorithm", "opaque"):
        if key in parts:
            extra += f', {key}="{parts[key]}"' if key == "opaque" else f", {key}={parts[key]}"
    text = "Digest " + ", ".join(f'{key}="{value}"' for key, value in fields.items()) + extra
    if any(c in text for c in "\r\n\0"):
        raise Failed("garbled")
    return text
