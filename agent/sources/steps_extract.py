"""What is taken from an answer: JSON paths, bounded expressions, headers, and pages of a PDF."""

import json
import re
from collections.abc import Mapping
from typing import Any

LONGEST = 200
_MOST_VALUES = 500
_SEARCHED = 64 * 1024
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_PASSWORD = re.compile(r"<input[^>]{0,300}type\s*=\s*[\"']?password", re.IGNORECASE)


def parsed(text: str) -> Any:
    """The JSON document, or None where it is none; numbers stay the text they were."""
    try:
        return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def values(document: Any, path: str) -> tuple[str, ...]:
    """Values at a path such as `a.0.b` or `*.name`; "" for a member of a list that lacks it."""
    found, spread = [document], False
    for word in path.split("."):
        following: list[Any] = []
        for one in found:
            if word == "*":
                spread = True
                following += one if isinstance(one, list) else []
            else:
                following.append(_member(one, word))
        found = following[:_MOST_VALUES]
    texts = [_text(one) for one in found]
    return tuple(texts) if spread or any(texts) or any(one == "" for one in found) else ()


def _member(one: Any, word: str) -> Any:
    if isinstance(one, dict):
        return one.get(word)
    if isinstance(one, list) and word.isascii() and word.isdigit() and int(word) < len(one):
        return one[int(word)]
    return None


def _text(one: Any) -> str:
    if one is None:
        return ""
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, str):
        return clean(one)
    return clean(json.dumps(one, ensure_ascii=False))


def clean(text: str) -> str:
    """At most LONGEST characters, all of them such as can be shown."""
    return "".join(c for c in text[:LONGEST] if c.isprintable())


def taken(how: str, text: str, document: Any, headers: Mapping[str, str]) -> str | None:
    """The value that `take` asks for, at most 4096 characters; None where it is not there."""
    kind, _, rest = how.partition(":")
    if kind == "header":
        return headers.get(rest.lower())
    if kind == "json":
        one = document
        for word in rest.split("."):
            one = _member(one, word)
        return one[:4096] if isinstance(one, str) and one else None
    # Python's expressions know no deadline: the text they run over is bounded instead.
    found = re.search(rest, text[:_SEARCHED])
    return found[1][:4096] if found and found.re.groups and found[1] is not None else None


def matches(expression: str, text: str) -> tuple[str, ...]:
    """The first group of every match in the bounded text."""
    found = re.finditer(expression, text[:_SEARCHED])
    return tuple(
        clean(one[1] or "") for one, _ in zip(found, range(_MOST_VALUES), strict=False) if one.re.groups
    )


def login_form(text: str) -> bool:
    """Whether the page asks for a password."""
    return _PASSWORD.search(text) is not None


def pdf_pages(body: bytes) -> int | None:
    """Pages of a PDF whose page objects stand in the open; None for anything else."""
    if not body.startswith(b"%PDF-"):
        return None
    return len(_PAGE.findall(body)) or None
