"""A received text as it may be signed: short, printable, without what looks like a credential or a person."""

import re

MOST = 160
_HIDDEN = "***"
_NAMED = re.compile(
    r"(?i)((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|key|community|credential|cookie|session(?:id)?"
    r"|口令|密码|密钥|令牌)[\"']?\s*(?:[=:：]|is|为)\s*)(\"[^\"]*\"|'[^']*'|\S+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
_LONG = re.compile(r"\b(?=\w*\d)[A-Za-z0-9+/_-]{24,}={0,2}")  # keys, digests, tokens
_NUMBER = re.compile(r"(?<![\w.:-])\d{7,}[Xx]?(?![\w.:-])")  # telephone, identity card, account
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_URL_USER = re.compile(r"(://)[^/\s:@]+:[^/\s@]+@")


def redacted(text: str) -> str:
    """At most MOST characters of it, on one line."""
    text = "".join(one if one.isprintable() else " " for one in text[: MOST * 4])
    text = _URL_USER.sub(rf"\1{_HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{_HIDDEN}", text)
    text = _BEARER.sub(rf"\1 {_HIDDEN}", text)
    for pattern in (_MAIL, _LONG, _NUMBER):
        text = pattern.sub(_HIDDEN, text)
    text = " ".join(text.split())
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
