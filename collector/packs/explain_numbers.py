"""Every number of a pack's limits, by its place: so that none changes without a line that changes. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

SECTIONS = ("faults", "vulnerabilities", "findings", "statements", "archive")


def numbers(body: bytes) -> Iterator[tuple[str, str]]:
    """(place, value) of each limit and number in a compiled pack; ids stand for places in lists."""
    document = json.loads(body)
    for section in SECTIONS:
        if document.get(section) is not None:
            yield from _of(document[section], section)


def _of(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return
    if isinstance(value, int):
        yield place, str(value)
    elif isinstance(value, Mapping):
        yield from _of_mapping(value, place)
    else:
        for number, item in enumerate(value):
            yield from _of(item, f"{place}[{_name(item, number)}]")


def _of_mapping(value: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value.get("count"), int) and isinstance(value.get("unit"), str):
        yield place, f"{value['count']} {value['unit']}"
        return
    for key, item in value.items():
        yield from _of(item, f"{place}.{key}")


def _name(item: Any, number: int) -> str:
    """What a member of a list is called."""
    if isinstance(item, Mapping):
        return str(item.get("id") or item.get("kind") or item.get("item") or number)
    return str(number)
