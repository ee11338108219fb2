"""One rule of severity over all profiles: no word for a fault is ok, no word for health is bad.

The rule is the table in docs/snmp.md. What departs from it stands below with its reason; a departure that no
profile has any more is a mistake here.
"""

import re
from collections.abc import Iterator, Mapping

import pytest

from agent.sources.snmp_profiles import everything

FAULTS = re.compile(
    "fail|failed|failing|failures?|fault|faulty|faulted|critical|crit|emergency|fatal|broken|damaged|dead|depleted"
    "|crashed|errors?|abnormal|warning|warn|minor|major|overload(ed)?|overheat(ed)?|overtemp(erature)?|mismatch(ed)?"
    "|expired|missing|lost|degraded?|unhealthy|nonrecoverable|noncritical|inoperable|bad|alarm|disaster|timeout|leak"
)
CLEARED = {"no", "non", "not", "cleared", "resume", "without"}
HEALTHY = re.compile(
    "ok|okay|good|fine|normal|healthy|optimal|operational|operating|operable|running|noerror|nofault|noalarm"
    "|functional|functioning|charged|fullycharged|inservice"
)
SOFT = {"degrade", "degraded", "warning", "warn", "noncritical", "testing"}
NAMELESS = {"unknown", "unknow", "undefined", "undetermined", "indeterminate", "notknown"}

# (profile, word): why its severity is another.
DEPARTS = {
    ("cisco", "notKnown"): "the other unit of a system that has only one",
    ("dell-storage", "permanentlyDegraded"): "redundancy that no rebuild brings back",
    ("eltek", "minorAndMajor"): "the worse of the two counts",
    ("eltek", "minorAlarm"): "the lowest of most of its systems: few have the warning that came later",
    ("eltek", "minorLow"): "the same",
    ("eltek", "minorHigh"): "the same",
}


def states() -> Iterator[tuple[str, str, str]]:
    """Profile, word, severity of every code of every map in use."""
    for name, found in maps():
        for word, severity in found.values():
            yield name, word, severity


def maps() -> Iterator[tuple[str, Mapping[str, tuple[str, str]]]]:
    """Profile and map of every map in use."""
    for name, profile in everything().items():
        found = [rule.states for rule in profile.sensors]
        found += [states for rule in profile.members for states in (rule.roles, rule.states)]
        yield from ((name, each) for each in found)


ALL = sorted(set(states()))


def tokens(word: str) -> list[str]:
    """Words of a word: `partFailed`, `part-failed` and `part failed` have two."""
    apart = re.sub(r"([a-z])([A-Z])", r"\1 \2", word)
    return re.split(r"[^a-z]+", apart.lower())


def names_a_fault(word: str) -> bool:
    """Whether the word says that something is wrong."""
    said = tokens(word)
    some = any(map(FAULTS.fullmatch, said))
    return FAULTS.fullmatch("".join(said)) is not None or (some and not CLEARED & set(said))


def names_health(word: str) -> bool:
    """Whether the word says that all is well."""
    return HEALTHY.fullmatch("".join(tokens(word))) is not None


def undue(wrong: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """These without the departures."""
    return [each for each in wrong if each[:2] not in DEPARTS]


def test_no_word_for_a_fault_is_ok():
    assert not undue([each for each in ALL if each[2] == "ok" and names_a_fault(each[1])])


def test_no_word_for_health_is_bad_or_unknown():
    assert not undue([each for each in ALL if each[2] != "ok" and names_health(each[1])])


def test_degraded_and_warning_are_warnings():
    soft = [each for each in ALL if SOFT & set(tokens(each[1])) and not CLEARED & set(tokens(each[1]))]
    assert not undue([each for each in soft if each[2] == "crit"])


def test_minor_is_a_warning_unless_the_device_has_one_below_it():
    """ITU-T X.733: a warning is of a fault that may come, a minor alarm of one that is there."""
    seen = set()
    for name, found in maps():
        ranks = [set(tokens(word)) for word, _ in found.values()]
        below = any(words & {"warning", "warn"} for words in ranks)
        for word, severity in found.values():
            if "minor" in tokens(word) and (name, word) not in DEPARTS:
                seen.add(severity)
                assert severity == ("crit" if below else "warn"), (name, word)
    assert seen == {"warn", "crit"}


def test_what_the_device_does_not_know_is_unknown():
    assert not undue([each for each in ALL if each[2] != "unknown" and "".join(tokens(each[1])) in NAMELESS])


@pytest.mark.parametrize("departure", DEPARTS)
def test_every_departure_is_one_that_a_profile_has(departure):
    assert departure in {(name, word) for name, word, _ in ALL}


def test_a_code_that_no_map_has_is_unknown_in_every_profile_that_does_not_say_why():
    others = {
        (name, rule.other)
        for name, profile in everything().items()
        for rule in profile.sensors
        if rule.kind == "state" and rule.other != ("", "unknown")
    }
    # UPS-MIB, SOCOMECUPS-MIB: a row of a maker's own stands in the table of alarms only while its alarm is
    # present. Check Point: what is not 0 is a member that is not well. H3C's HDM: the maker's own template
    # for other programs takes every other code for an alarm. Schleifenbauer: a number says where an alert is.
    known = {"ups-mib", "socomec", "checkpoint-gaia", "h3c-hdm", "schleifenbauer"}
    assert {name for name, (_, severity) in others if severity != "unknown"} == known


def test_the_rule_tells_the_words_apart():
    assert all(map(names_a_fault, ("partFailed", "non-critical", "nonCritical", "supply fault", "ERROR")))
    assert not any(map(names_a_fault, ("noError", "no fault", "alarmCleared", "failover", "lowLoad", "ok")))
