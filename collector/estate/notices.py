"""Who is told of what: the mistakes in it, and what of it the log keeps. Pure."""

import re
from collections.abc import Callable, Mapping

from collector.estate.looks import Note, Path
from collector.estate.model import Estate, Notify
from collector.estate.references import no_such
from collector.notify.rules import BACKUP, CLOCK, CUSTOM, FAULT, MISSED, SECRET, SILENT, Rule, channel_of
from collector.packs import loading as packs
from collector.packs.errors import PackError

_NAME = re.compile(r"\{([^{}]*)\}")
_GOOD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
# What stands between the colon and the @ of an address, unless it is a name in braces.
_PASSWORD = re.compile(r"://[^/@\s]*:([^/@\s]+)@")
_LEAST_MS = 60_000
_DAY_MS = 86_400_000
# Faults, limits and missed rounds are looked for seven days (jobs/message_subjects.py).
_PASSING_DAYS, _MOST_DAYS, _REMIND_DAYS = 6, 90, 30


def any_channel(_name: str) -> str:
    """Every channel will do."""
    return ""


def check(estate: Estate, channel: Callable[[str], str], note: Note) -> None:
    """Note every recipient that cannot be reached, and names that lead nowhere."""
    known = {"units": [one.id for one in estate.units], "systems": [one.id for one in estate.systems]}
    ids = [one.id for one in estate.notify]
    for i, one in enumerate(estate.notify):

        def add(path: Path, reason: str, i: int = i) -> None:
            note(("notify", i, *path), reason)

        if problem := recipient(one.to) or channel(channel_of(one.to)):
            add(("to",), problem)
        if one.id is not None and one.id in ids[:i]:
            add(("id",), f"{one.id} is there twice")
        _names(one, known, add)
        _limits(one, add)


def _names(one: Notify, known: Mapping[str, list[str]], note: Note) -> None:
    for section, ids in known.items():
        for j, name in enumerate(getattr(one, section)):
            if name not in ids:
                note((section, j), no_such(section[:-1], name, ids))


def _limits(one: Notify, note: Note) -> None:
    if one.levels and one.when not in (FAULT, CLOCK):
        note(("levels",), "only faults have a level")
    for name in ("after", "remind"):
        value = getattr(one, name)
        if value is not None and value < _LEAST_MS:
            note((name,), "is less than 1m")


def sane(estate: Estate, note: Note) -> None:
    """Note what would tell nobody anything, or another thing than it says."""
    lightest = _lightest(estate)
    first: dict[str, Notify] = {}
    for i, one in enumerate(estate.notify):

        def add(key: str, reason: str, i: int = i) -> None:
            note(("notify", i, key), reason)

        if problem := _no_host(one.to):
            add("to", problem)
        _levels(one, lightest, add)
        _never(one, add)
        held = first.setdefault(one.to, one)
        for key in ("lang", "whose"):
            if getattr(one, key) != getattr(held, key):
                add(key, "another rule tells the same recipient and says otherwise")


def _levels(one: Notify, lightest: int, add: Callable[[str, str], None]) -> None:
    for level in one.levels if lightest else ():
        if level > lightest:
            add("levels", f"the pack has the levels 1 to {lightest}: {level} is none")
    for key in ("levels", "whose"):
        if len(set(getattr(one, key))) < len(getattr(one, key)):
            add(key, "one is there twice")


def _lightest(estate: Estate) -> int:
    """Levels of faults that the contract's pack has; 0 where that is not known."""
    if estate.contract is None:
        return 0
    try:
        faults = packs.packaged(estate.contract.pack).pack.faults
    except PackError:  # there is none, or a broken one, which is told at its place
        return 0
    return 0 if faults is None else faults.lightest


def _never(one: Notify, add: Callable[[str, str], None]) -> None:
    """What is looked for so long, or belongs to no unit or system, is never told."""
    for key, kinds in (("units", (SILENT, MISSED, BACKUP)), ("systems", (SILENT, MISSED))):
        if getattr(one, key) and one.when in kinds:
            add(key, f"what `{one.when}` tells belongs to no {key[:-1]}: nobody would be told anything")
    days = _PASSING_DAYS if one.when in (FAULT, CLOCK, MISSED) else _MOST_DAYS
    for key, most in (("after", days), ("remind", _REMIND_DAYS)):
        value = getattr(one, key)
        if value is not None and value > most * _DAY_MS:
            add(key, f"is more than {most}d: it would never come to it")


def _no_host(to: str) -> str:
    """Why an address leads nowhere; "" where it may lead somewhere."""
    if to.startswith((SECRET, CUSTOM)):
        return ""
    scheme, _, rest = _NAME.sub("x", to).partition("://")
    place = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if scheme not in ("json", "jsons"):
        return "" if rest.strip("/?#") else "names nobody behind ://"
    host, _, port = place.rpartition(":") if re.search(r":[^\]]*\Z", place) else (place, "", "80")
    if not host:
        return "names no host behind ://"
    good = port.isascii() and port.isdigit() and 0 < int(port) < 65536
    return "" if good or port == "x" else f"'{port}' is no port: it is from 1 to 65535"


def recipient(to: str) -> str:
    """What is wrong with a recipient; "" where nothing is."""
    if to.startswith((SECRET, CUSTOM)):
        return ""
    if odd := [name for name in _NAME.findall(to) if not _GOOD.fullmatch(name)]:
        return f"{{{odd[0]}}} names no secret"
    if re.search(r"[{}]", _NAME.sub("", to)):
        return "a brace without its other one"
    password = _PASSWORD.search(to)
    if password is not None and not _NAME.fullmatch(password[1]):
        # Not quoted: what was typed there may be one.
        return "a password does not belong into the estate: {NAME} or secret: NAME, kept in secrets.yaml"
    return ""


def rules(estate: Estate) -> tuple[Rule, ...]:
    """What the log keeps."""
    return tuple(_rule(one) for one in estate.notify)


def _rule(one: Notify) -> Rule:
    return Rule(
        when=one.when,
        to=one.to,
        id=one.id or "",
        units=tuple(one.units),
        systems=tuple(one.systems),
        levels=tuple(one.levels),
        after=one.after,
        remind=one.remind,
        quiet=one.quiet,
        lang=one.lang,
        whose=tuple(one.whose),
    )


def line(one: Notify) -> str:
    """A rule in one line, for what an apply would change."""
    made = _rule(one)
    names = ("id", "units", "systems", "levels", "after", "remind", "quiet", "lang", "whose")
    more = [f"{name}={getattr(made, name)}" for name in names if getattr(made, name)]
    return " ".join([f"{made.when} {made.to}", *more])
