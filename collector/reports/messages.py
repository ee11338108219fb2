"""The text of a message to people: what, since when, until when which limit runs, and where to look."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from urllib.parse import quote

from checks.wire import strict_json
from collector.notify.receipts import OVER, VOID, Item, said_of
from collector.notify.sending import Text
from collector.words import wording
from collector.words.document import doc_or
from collector.words.messages import MESSAGES

LANGUAGES = ("zh", "en")
_PAGES = {
    "fault": "/faults/{id}",
    "clock": "/faults/{id}",
    "finding": "/findings",
    "silent": "/agents",
    "missed": "/rounds",
    "backup": "/backups",
}
_MOST_LIMITS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for whom a text is made: the pages' address, the site's zone, the language."""

    url: str
    zone: tzinfo
    lang: str


def text_of(told: Sequence[tuple[Item, str]], at_ms: int, place: Place) -> Text:
    """One message of these items, each with its words (JSON)."""
    parts = [(item, strict_json.loads(words.encode())) for item, words in told]
    titles = [_title(item, words, place) for item, words in parts]
    more = {"first": titles[0], "n": len(titles), "more": len(titles) - 1}
    title = titles[0] if len(titles) == 1 else _word("several", place).format(**more)
    blocks = ["\n".join(_block(item, words, at_ms, place)) for item, words in parts]
    stamp = _word("told", place).format(at=_at(at_ms, place))
    over = all(said_of(item.stage) in (OVER, VOID) for item, _ in parts)
    return Text(
        title,
        "\n\n".join([*blocks, stamp]),
        "success" if over else "failure",
        tuple(item for item, _ in told),
    )


def test_text(at_ms: int, place: Place) -> Text:
    """What `notify test` sends."""
    title = _word("test", place)
    body = "\n".join([title, _word("told", place).format(at=_at(at_ms, place)), place.url])
    return Text(title, body, "info", (Item("test", "test", "begun"),))


def _word(name: str, place: Place) -> str:
    return MESSAGES[name][LANGUAGES.index(place.lang)]


def _title(item: Item, words: dict[str, object], place: Place) -> str:
    level = words.get("level")
    return _word(f"{item.kind}.{said_of(item.stage)}", place).format(
        name=words.get("name") or item.id,
        level="" if level is None else _word("level", place).format(n=level),
        limit=_limit(words.get("limit"), place),
        title=_about(words, place) or item.id,
    )


def _about(words: dict[str, object], place: Place) -> str:
    """What it is about: a text, a check, or the reason for a backup being bad."""
    if words.get("check"):
        return wording.check(str(words["check"]), place.lang)
    if words.get("reason"):
        return wording.reason(str(words["reason"]), place.lang)
    return str(words.get("title") or "")


def _block(item: Item, words: dict[str, object], at_ms: int, place: Place) -> Iterator[str]:
    yield _title(item, words, place)
    if isinstance(words.get("since"), int):
        yield _word("since", place).format(at=_at(words["since"], place))
    if isinstance(words.get("over"), int):
        yield _word("until", place).format(at=_at(words["over"], place))
    limits = words.get("limits")
    for limit, due in (limits if isinstance(limits, list) else [])[:_MOST_LIMITS]:
        yield _word("due", place).format(limit=_limit(limit, place), at=_at(due, place))
    if isinstance(words.get("due"), int):
        yield _word("due", place).format(limit=_limit(words.get("limit"), place), at=_at(words["due"], place))
    yield from _counted(words, at_ms, place)
    page = _PAGES.get(item.kind, "/").format(id=quote(item.id.partition("/")[0], safe="@:"))
    yield _word("page", place).format(url=f"{place.url.rstrip('/')}{page}")


def _counted(words: dict[str, object], at_ms: int, place: Place) -> Iterator[str]:
    """From when the limits count: a message that is taken soon enough is itself what they count from."""
    start, until = words.get("start"), words.get("start_until")
    if not isinstance(start, int):
        return
    still = isinstance(until, int) and at_ms <= until
    name = "counted.yet" if still else "counted"
    yield _word(name, place).format(at=_at(start, place), until=_at(until, place))


def _limit(limit: object, place: Place) -> str:
    """A limit in the words of the documents; as it is for one that a pack of the site calls its own way."""
    name = str(limit or "")
    return doc_or(f"doc.clock.{name}", name, place.lang)


def _at(ms: object, place: Place) -> str:
    at = ms if isinstance(ms, int) else 0
    return f"{datetime.fromtimestamp(at // 1000, UTC).astimezone(place.zone):%Y-%m-%d %H:%M:%S}"
