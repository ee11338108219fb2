"""Device knowledge without what a single recording shows: profiles reduced for a leave-one-out measure.

Profiles are written from MIBs and not drawn from recordings, so nothing can be learned again without one of
them. What can be counted is what the recordings back: a rule, a text of the identification, or a code of a
state stays if at least one *other* recording has it in use. What only the recording shows that is being read
is taken away, as if nobody had known it; knowledge from a MIB goes with it, so the figures are a lower bound.
"""

import bisect
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from agent.sources.snmp_ber import arcs_of, encode_oid, value_of
from agent.sources.snmp_kin import ENTERPRISES, Kin, kin, tells_no_maker
from agent.sources.snmp_profiles import Profile, Rule, SpaceRule, Text, chosen
from agent.sources.snmp_responder import Recording, read
from agent.sources.snmp_rules import text_of
from agent.sources.snmp_standard import DESCRIPTION, OBJECT_ID

Key = tuple[int, str]  # of a piece of knowledge: its identity, and a code of it
_RULES = ("processors", "memory", "storage", "sensors")
_TEXTS = ("version", "hardware", "serial")


class Backed:
    """Which recordings back which piece of knowledge."""

    def __init__(self, paths: Iterable[Path]) -> None:
        self._by: dict[Key, set[str]] = defaultdict(set)
        for path in paths:
            held = Held(read(path))
            for profile in known_of(held):
                for key in shown(profile, held):
                    self._by[key].add(path.stem)

    def without(self, name: str) -> Callable[[str, str], tuple[Profile, ...]]:
        """What chooses profiles as if this recording had never been."""

        def choose(object_id: str, description: str) -> tuple[Profile, ...]:
            return tuple(self._reduced(profile, name) for profile in chosen(object_id, description))

        return choose

    def kin(self, name: str) -> Kin:
        """What knows the profiles of an enterprise as if this recording had never been."""
        return lambda enterprise: tuple(self._reduced(profile, name) for profile in kin(enterprise))

    def _reduced(self, profile: Profile, name: str) -> Profile:
        def known(thing: object, code: str = "") -> bool:
            return bool(self._by[id(thing), code] - {name})

        return reduced(profile, known)


class Held:
    """What a recording holds, by OID and by column."""

    def __init__(self, recording: Recording) -> None:
        self._keys = recording.keys
        self._values = [value_of(tag, content) for _, tag, content in recording.bound]

    def text(self, oid: str) -> str:
        """One value as text; empty where it is not held."""
        return next(self.column(oid), "")

    def column(self, oid: str) -> Iterator[str]:
        """Texts of all below this OID, and of itself."""
        arcs = arcs_of(encode_oid(oid))
        at = bisect.bisect_left(self._keys, arcs)
        while at < len(self._keys) and self._keys[at][: len(arcs)] == arcs:
            yield text_of(self._values[at])
            at += 1

    def enterprises(self) -> Iterator[str]:
        """OIDs of the enterprises it holds anything of."""
        root = arcs_of(encode_oid(ENTERPRISES))
        numbers = {arcs[len(root)] for arcs in self._keys if arcs[: len(root)] == root}
        yield from (f"{ENTERPRISES}.{number}" for number in sorted(numbers))

    def any(self, oid: str) -> bool:
        """Whether it holds anything there."""
        return next(self.column(oid.removeprefix("=")), None) is not None


def known_of(held: Held) -> Iterator[Profile]:
    """Profiles that a device with this recording is read by."""
    profiles = chosen(held.text(OBJECT_ID), held.text(DESCRIPTION))
    yield from profiles
    if tells_no_maker(held.text(OBJECT_ID), profiles):
        for enterprise in held.enterprises():
            yield from kin(enterprise)


def shown(profile: Profile, held: Held) -> Iterator[Key]:
    """Each piece of this profile that the recording has in use."""
    for part in _TEXTS:
        yield from ((id(text), "") for text in getattr(profile, part) if _says(text, held))
    for part in _RULES:
        for rule in getattr(profile, part):
            column = rule.value if isinstance(rule, Rule) else rule.used or rule.percent or rule.free
            if not held.any(column):
                continue
            yield id(rule), ""
            if isinstance(rule, Rule):
                codes = set(held.column(column)) & set(rule.states)
                yield from ((id(rule.states), code) for code in codes)


def _says(text: Text, held: Held) -> bool:
    """Whether the device has what this text is made of; names of ENTITY-MIB's entities are everybody's."""
    values = [oid for oid in text.values if oid != "descr"]
    if not all(oid[:1] not in "=012" or held.any(oid) for oid in values):
        return False
    if text.match is None or text.values != ("descr",):
        return True
    return text.match.search(held.text(DESCRIPTION)) is not None


def reduced(profile: Profile, known: Callable[..., bool]) -> Profile:
    """The profile with what is known of it."""
    parts: dict[str, tuple[Text | Rule | SpaceRule, ...]] = {
        part: tuple(_codes(each, known) for each in getattr(profile, part) if known(each))
        for part in (*_TEXTS, *_RULES)
    }
    return replace(profile, **parts)  # type: ignore[arg-type]  # the parts are what they were


def _codes(each: Text | Rule | SpaceRule, known: Callable[..., bool]) -> Text | Rule | SpaceRule:
    """A rule for states with the codes that are known; bit strings stay whole."""
    if not isinstance(each, Rule) or not each.states or "none" in each.states:
        return each
    states: Mapping[str, tuple[str, str]] = {
        code: state for code, state in each.states.items() if known(each.states, code)
    }
    return replace(each, states=states)
