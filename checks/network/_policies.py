"""Firewall policies taken apart: what each rule permits, from the configuration text of three makers.

Written from what is generally known of the formats; no document and no output of a real device was at hand.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

# Times of a device are in its own zone; the contracts' calendar is China's.
_ZONE = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `hits`: packets or sessions it met since the device counts; `ends_ms`: its last instant."""

    name: str
    enabled: bool
    permits: bool
    any_source: bool
    any_destination: bool
    any_service: bool
    hits: int | None = None
    ends_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Maker:
    """Commands to ask, the policy first, and how their outputs are read."""

    commands: tuple[str, ...]
    read: Callable[[tuple[str, ...]], tuple[Rule, ...]]


def _instant(clock: str, date: str) -> int | None:
    try:
        found = datetime.strptime(f"{date} {clock}", "%Y/%m/%d %H:%M").replace(tzinfo=_ZONE)
    except ValueError:
        return None
    return int(found.astimezone(UTC).timestamp() * 1000)


def _blocks(text: str, head: re.Pattern[str]) -> Iterator[tuple[str, list[str]]]:
    name: str | None = None
    rows: list[str] = []
    for line in text.replace("\r", "").split("\n"):
        if found := head.match(line):
            if name is not None:
                yield name, rows
            name, rows = found[1].strip('"'), []
        elif name is not None:
            rows.append(line.strip())
    if name is not None:
        yield name, rows


_USG_RULE = re.compile(r"^\s*rule name (.+?)\s*$")
_USG_HITS = re.compile(
    r"^\s*\d+\s+(\S.*?)\s+(?:enable|disable)\s+(?:permit|deny|-)\s+(\d+)\s*$", re.MULTILINE
)
_USG_ENDS = re.compile(
    r"^\s*time-range (\S+) from \S+ \S+ to (\d\d:\d\d)(?::\d\d)? (\d{4}/\d{1,2}/\d{1,2})\s*$", re.MULTILINE
)
_H3C_RULE = re.compile(r"^\s*rule \d+ name (.+?)\s*$")
_DEFAULT = re.compile(r"^\s*(?:security-policy )?default(?:-rule)? action (?:permit|pass)\s*$", re.MULTILINE)


def _named(rows: list[str], *words: str) -> bool:
    return any(row.startswith(word) for row in rows for word in words)


def _limited(rows: list[str], *words: str) -> bool:
    """Whether one of these limits the rule; `source-address any` does not."""
    return any(row.startswith(words) and row.split()[-1].lower() != "any" for row in rows)


def _zoned(
    head: re.Pattern[str], text: str, hits: Mapping[str, int], ends: Mapping[str, int | None]
) -> tuple[Rule, ...]:
    made = []
    for name, rows in _blocks(text, head):
        ranges = [row.split()[1] for row in rows if row.startswith("time-range ")]
        made.append(
            Rule(
                name=name,
                enabled="disable" not in rows,
                permits=_named(rows, "action permit", "action pass"),
                any_source=not _limited(rows, "source-address", "source-ip"),
                any_destination=not _limited(rows, "destination-address", "destination-ip"),
                any_service=not _limited(rows, "service", "application"),
                hits=hits.get(name),
                ends_ms=ends.get(ranges[0]) if ranges else None,
            )
        )
    return tuple(made)


def _usg(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    policy, counts, ranges = (*texts, "", "")[:3]
    hits = {name: int(count) for name, count in _USG_HITS.findall(counts)}
    ends = {name: _instant(clock, date) for name, clock, date in _USG_ENDS.findall(ranges)}
    return (*_zoned(_USG_RULE, policy, hits, ends), *_default(policy, hits.get("default")))


def _h3c(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    return (*_zoned(_H3C_RULE, texts[0], {}, {}), *_default(texts[0], None))


def _default(policy: str, hits: int | None) -> Iterator[Rule]:
    """What no rule meets is dropped, unless the policy says otherwise: then that is one more rule."""
    if _DEFAULT.search(policy):
        yield Rule("default", True, True, True, True, True, hits)


_EDIT = re.compile(r'^\s*edit ("?.+?"?)\s*$')
_FORTI_END = re.compile(r"^set end (\d\d:\d\d) (\d{4}/\d\d/\d\d)$")


def _fortinet(texts: tuple[str, ...]) -> tuple[Rule, ...]:
    ends: dict[str, int | None] = {}
    for name, rows in _blocks(texts[1] if len(texts) > 1 else "", _EDIT):
        found = next((match for row in rows if (match := _FORTI_END.match(row))), None)
        ends[name] = _instant(found[1], found[2]) if found else None
    made = []
    for name, rows in _blocks(texts[0], _EDIT):
        sets = {words[1]: words[2] for row in rows if len(words := row.split(None, 2)) == 3}
        every = {key for key, value in sets.items() if value.strip('"') == "all"}
        # IPv4 and IPv6 of one rule are matched apart. Where a rule translates between them, the addresses of
        # the other family are the far side's.
        translates = "enable" in (sets.get("nat46"), sets.get("nat64"))
        six = {"srcaddr6", "dstaddr6"} <= every and not translates
        made.append(
            Rule(
                name=name,
                enabled=sets.get("status") != "disable",
                permits=sets.get("action") == "accept",
                any_source=six or "srcaddr" in every,
                any_destination=six or "dstaddr" in every,
                # `ANY` in older versions of FortiOS.
                any_service=sets.get("service", "").strip('"') in ("ALL", "ANY"),
                ends_ms=ends.get(sets.get("schedule", "").strip('"')),
            )
        )
    return tuple(made)


MAKERS: Mapping[str, Maker] = {
    "huawei_vrp": Maker(
        (
            "display current-configuration configuration security-policy",
            "display security-policy rule all",
            "display current-configuration | include time-range",
        ),
        _usg,
    ),
    "hp_comware": Maker(("display security-policy ip",), _h3c),
    "fortinet": Maker(("show firewall policy", "show firewall schedule onetime"), _fortinet),
}
