"""Words of the pages in Chinese and English; which one a request wants."""

from flask import g, request

from collector.web.catalogue import TEXTS

LANGUAGES = ("zh", "en")
_PLACES = {lang: place for place, lang in enumerate(LANGUAGES)}
TAGS = {"zh": "zh-CN", "en": "en"}
COOKIE = "roundseal_language"


def language() -> str:
    """The language of this request: what was chosen, else Chinese."""
    known: str | None = g.get("language")  # a large table asks some thousand times
    if known is None:
        chosen = request.cookies.get(COOKIE, "")
        known = g.language = chosen if chosen in LANGUAGES else LANGUAGES[0]
    return known


def text(key: str, /, **fields: object) -> str:
    """The text of this key in the request's language."""
    return translate(key, language(), **fields)


def translated(lang: str, key: str, /, **fields: object) -> str:
    """The same, for who asks a thousand times in one language."""
    return translate(key, lang, **fields)


def translate(key: str, lang: str, /, **fields: object) -> str:
    """The text of this key in this language, fields filled in. A key without text is a bug (tested)."""
    words = TEXTS[key][_PLACES[lang]]
    return words.format(**fields) if fields else words
