"""The configuration of FortiOS taken apart: its blocks of `config`, `edit` and `set`.

A change is saved as it is made, unless the configuration itself says otherwise (`set cfg-save manual`).
Passwords and private keys are encrypted anew each time they are shown: that they changed is not seen.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checks.network._configs import Dialect, Opened

PLATFORM = "fortinet"
DIALECT = Dialect("show", "", frozenset({"end"}), hashes=False)
_FLEETING = re.compile(r"\s*#")
_SECRET = re.compile(r"\bENC \S+")
_KEY = re.compile(r"-----(BEGIN|END) (?:ENCRYPTED |RSA |EC )?PRIVATE KEY-----")
_MOST_NAME = 80
_QUOTE = re.compile(r"\\.")  # `\"` is none
_AROUND = ("global", "vdom")  # what stands around the sections where there are virtual firewalls
_EVERYBODY = ("0.0.0.0", "::/0")  # noqa: S104  # as it is written in a configuration


@dataclass(frozen=True, slots=True)
class _Set:
    """One setting: its section, the entries and blocks below that it stands in, and its words."""

    section: str
    at: tuple[str, ...]
    name: str
    value: str


def lines(text: str) -> list[str]:
    """The lines that somebody configured, without what is encrypted anew."""
    made, inside = [], False
    for line in text.replace("\r", "").split("\n"):
        if found := _KEY.search(line):
            inside = found[1] == "BEGIN"
            continue
        if line.strip() and not inside and not _FLEETING.match(line):
            made.append(_SECRET.sub("ENC", line.rstrip()))
    return made


def sections(rows: list[str]) -> dict[str, list[str]]:
    """The lines by the outermost `config` they stand in, with the virtual firewall's name before it."""
    made: dict[str, list[str]] = {}
    for line, stack in _walked(rows):
        made.setdefault(_section(stack), []).append(line)
    return made


def saves_itself(rows: list[str]) -> bool:
    """Whether each change is saved as it is made."""
    told = [one.value for one in _settings(rows) if one.name == "cfg-save"]
    return all(value == "automatic" for value in told)


def opened(rows: list[str]) -> Opened:
    """What it lets in, and from where."""
    every = list(_settings(rows))
    access = {
        word
        for one in every
        if one.name in ("allowaccess", "ip6-allowaccess") and one.section.endswith("system interface")
        for word in one.value.split()
    }
    admins = _entries(every, rows, "system admin")
    old = [one for one in _entries(every, rows, "system snmp community") if _speaks_old(one)]
    return Opened(
        telnet="telnet" in access,
        http="http" in access,
        snmp_old=bool(old),
        community_default=any(one.get("name", "").strip('"') in ("public", "private") for one in old),
        terminals_limited=all(map(_limited, admins)) if admins else None,
        snmp_limited=all(map(_asked_by_some, old)) if old else None,
    )


def _speaks_old(community: Mapping[str, str]) -> bool:
    asked = ("query-v1-status", "query-v2c-status")
    return community.get("status") != "disable" and any(community.get(key) != "disable" for key in asked)


def _limited(admin: Mapping[str, str]) -> bool:
    """One host of all is no limit, whatever the others are."""
    told = [value for key, value in admin.items() if re.fullmatch(r"(?:ip6-)?trusthost\d+", key)]
    return bool(told) and all(map(_somebody, told))


def _asked_by_some(community: Mapping[str, str]) -> bool:
    """Whether each of its hosts has an address of its own; one without is anybody."""
    told: dict[str, bool] = {}
    for key, value in community.items():
        where, _, name = key.rpartition(" ")
        if where.startswith("hosts"):
            told[where] = told.get(where, False) or (name in ("ip", "ipv6") and _somebody(value))
    return bool(told) and all(told.values())


def _somebody(address: str) -> bool:
    return not address.startswith(_EVERYBODY)


def _entries(every: list[_Set], rows: list[str], section: str) -> list[dict[str, str]]:
    """Settings of each entry of a section; those of blocks inside it by the block's name too."""
    made: dict[tuple[str, str], dict[str, str]] = {}
    for _, stack in _walked(rows):
        if len(stack) > 1 and _section(stack).endswith(section) and _inner(stack)[1:]:
            made.setdefault((_section(stack), _inner(stack)[1]), {})
    for one in every:
        if one.section.endswith(section) and one.at:
            key = " ".join((*one.at[1:], one.name))
            made[one.section, one.at[0]][key] = one.value
    return list(made.values())


def _settings(rows: list[str]) -> Iterator[_Set]:
    for line, stack in _walked(rows):
        words = line.split(None, 2)
        if words and words[0] == "set" and len(words) == 3:
            yield _Set(_section(stack), _inner(stack)[1:], words[1], words[2])


def _walked(rows: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each line with the blocks it stands in (`config …` and `edit …` by their words, outermost first)."""
    stack: list[str] = []
    quoted = False
    for line in rows:
        word, _, rest = ("", "", "") if quoted else line.strip().partition(" ")
        # A text between quotes may go on for lines, and may look like a block.
        quoted ^= _QUOTE.sub("", line).count('"') % 2 == 1
        if word in ("config", "edit"):
            stack.append(rest.strip() if word == "config" else f"edit {rest.strip()}")
        yield line, tuple(stack)
        if word in ("end", "next") and stack:
            stack.pop()


def _around(stack: tuple[str, ...]) -> int:
    """How many blocks around a section are of virtual firewalls."""
    if not stack or stack[0] not in _AROUND:
        return 0
    return 2 if stack[0] == "vdom" else 1


def _section(stack: tuple[str, ...]) -> str:
    around = _around(stack)
    before = stack[1].removeprefix("edit ") if around == 2 and len(stack) > 1 else ""
    name = stack[around] if len(stack) > around else (stack[0] if stack else "other")
    return f"{before} {name}".strip()[:_MOST_NAME]


def _inner(stack: tuple[str, ...]) -> tuple[str, ...]:
    return stack[_around(stack) :]
