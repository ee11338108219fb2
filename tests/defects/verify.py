"""Looks at artefacts as the product does: the check through the agent's source, line, records, ledger."""

import copy
from dataclasses import dataclass, field

import world as w

from agent.sources.backup import open_backups
from agent.sources.means import Means
from agent.sources.memory import Transient
from agent.sources.open import open_source
from checks import registry, result
from checks.api import State as Word
from checks.artefacts.levels import REASONS, Outcome
from collector.backups import compile as policies_of
from collector.backups import engine, fold, lines
from collector.backups.observed import Fingerprint, Observed

OBJECT = "county/xian-1/oa"
SINCE = w.datetime(2026, 3, 2, tzinfo=w.ZONE)
DAILY = {"every": "day", "window": "00:00-05:00", "grace": "3h", "keep": "3 months"}

# A full on Mondays (the first day is one), increments on it.
CHAIN = {
    "full": {"every": "week", "on": "monday", "window": "00:00-05:00", "grace": "3h", "keep": "3 months"},
    "incremental": {"every": "day", "window": "00:00-05:00", "grace": "3h", "keep": "3 months", "to": "last"},
}


@dataclass
class State:
    """What agent and collector remember."""

    memory: dict = field(default_factory=dict)
    looks: list = field(default_factory=list)
    prints: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)
    stands: dict = field(default_factory=dict)
    shelf: object = None
    drilled: dict = field(default_factory=lambda: {"bad": {}, "untold": {}})

    def copied(self):
        return copy.deepcopy(self)


@dataclass
class Said:
    """What is said of an object: per artefact (or slot) the bad words, and those that could not be told."""

    bad: dict
    untold: dict
    good: dict
    error: str = ""

    def proven(self, name):
        """Levels that an artefact was found good at."""
        return self.good.get(name, set())

    def words(self):
        return {word for words in self.bad.values() for word in words}


class NotYet(Exception):
    """The check of this kind does not exist yet."""


def look(state, check_id, params, at, *, place="here", vantage="county-agent", secrets=None):
    """One look of an agent at `at`; its line becomes part of `state`."""
    if check_id not in registry.ids():
        raise NotYet(check_id)
    check = registry.get(check_id)
    given = {"object": OBJECT, "artefacts": 3, "rolling": 0, **params}
    known = {spec for spec in check.params.__dataclass_fields__}
    given = {key: value for key, value in given.items() if key in known}
    kept = state.memory.setdefault(f"{place} {check_id}", {})
    means = Means(state=secrets)
    source = open_backups(Transient(kept), means, w.ms(at))
    item = result.Item(check_id, check.version, OBJECT, OBJECT, given)
    told = []
    line = result.look(
        check,
        item,
        source,
        vantage=vantage,
        when=result.When(w.ms(at)),
        now=lambda: w.ms(at),
        told=told.append,
    )
    # What is signed is what is read: as bytes and back.
    line = result.decode(result.encode(line))
    if check_id == "backup.drill":
        for seen in fold.look_of(line, object=OBJECT, place=place, received_ms=w.ms(at)).sightings:
            for verdict in seen.verdicts:
                put(state.drilled["bad" if verdict.outcome is Outcome.BAD else "untold"], seen.name, verdict)
        return line
    empty = [one.reason for one in line.readings if one.name == "stands" and one.state is Word.CRIT]
    state.stands[f"slot stands {place} {check_id}"] = {(0, reason) for reason in empty}
    state.looks.append(fold.look_of(line, object=OBJECT, place=place, received_ms=w.ms(at)))
    if told:
        state.extra["error"] = str(told[-1])
    return line


def policy(kind="database", **more):
    """The object's policy as the estate has it."""
    entry = {
        "object": OBJECT,
        "kind": kind,
        "clause": "HA-08",
        "full": DAILY,
        "place": "here",
        "drill": {"every": "month", "restore_within": "12h"},
    }
    given = {key: value for key, value in {**entry, **more}.items() if value is not None}
    estate = policies_of.Estate({OBJECT: kind}, w.ms(SINCE))
    return policies_of.parse([given], estate)


def said(state, policies, now):
    """What agent and collector say together at `now`."""
    bad, untold = copy.deepcopy(state.drilled["bad"]), copy.deepcopy(state.drilled["untold"])
    # Where nothing stands at all the agent's own line says so.
    bad |= {name: words for name, words in state.stands.items() if words}
    good = {}
    places = fold.fold(state.looks)
    for standing in places.get(OBJECT, {}).values():
        for record in standing.records:
            if record.gone_ms is not None:
                continue
            # Whether one that is being made is a finding is the ledger's to say.
            fine = {int(one.level) for one in record.verdicts if one.outcome is Outcome.GOOD}
            good.setdefault(record.name, set()).update(fine)
            for verdict in (one for one in record.verdicts if one.reason != "unfinished"):
                put(bad if verdict.outcome is Outcome.BAD else untold, record.name, verdict)
    observed = Observed(
        places=places,
        fingerprints=tuple(state.prints),
        **{key: value for key, value in state.extra.items() if key != "error"},
    )
    problems = engine.evaluate(policies, observed, w.ms(now)).problems
    for one in problems:
        if one.until_ms is None and one.outcome != "warn":
            where = bad if one.outcome == "bad" else untold
            where.setdefault(one.artefact or f"slot {one.slot}", set()).add((one.level, one.reason))
    return Said(bad, untold, good, state.extra.get("error", ""))


def put(where, name, verdict):
    """Notes a verdict that is not good."""
    if verdict.outcome is not Outcome.GOOD:
        where.setdefault(name, set()).add((int(verdict.level), verdict.reason))


def level_of(reason):
    """L3 for `changed`."""
    return f"L{int(REASONS[reason])}"


def signed(root, at, artefact, **more):
    """What the source's own agent signed of an artefact's content."""
    return Fingerprint(OBJECT, w.ms(at), root, "source-agent", artefact, **more)


def prints_of(days, system=""):
    """The signed lines about the sidecars: what the source's own agent says of them."""
    state = State()
    pattern = str(days[0]).replace(days[0].name[:8], "%Y%m%d")
    line = look(state, "backup.fingerprint", {"path": pattern}, w.NOW, place="source", vantage="source-agent")
    return [
        Fingerprint(
            OBJECT,
            one["at"],
            one["root"],
            "source-agent",
            one["artefact"],
            one["bytes"],
            one["changed"],
            one["system"],
        )
        for one in line.facts["fingerprints"]
    ]


def sizes_of(check_id, params, at, means):
    """What the source says of how much it holds: its check through the agent's source, its line read back."""
    check = registry.get(check_id)
    target = f"{OBJECT}@source"
    given = {"object": OBJECT, **params}
    known = set(check.params.__dataclass_fields__)
    item = result.Item(
        check_id, check.version, target, OBJECT, {k: one for k, one in given.items() if k in known}
    )
    told = []
    line = result.look(
        check,
        item,
        open_source(check.source, Transient(), means),
        vantage="source-agent",
        when=result.When(w.ms(at)),
        now=lambda: w.ms(at),
        told=told.append,
    )
    assert line.error is None, told
    line = result.decode(result.encode(line))
    row = lines.Line(1, 1, check_id, target, "source-agent", w.ms(at), w.ms(at), 0, line)
    return list(lines.read([row]).fingerprints)
