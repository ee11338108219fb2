"""The evaluation: policies and what was observed, at an instant, give the ledger (pure).

For each object: runs of all places, the source's word and drills beside them, slots, paths, days, copies,
drills; then the problems of all and the success of drills. Nothing is rounded here but where docs/backups/
policy.md says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import partial

from checks.artefacts.levels import Level
from collector.backups import losses, problems
from collector.backups.account import Account
from collector.backups.assign import Scene, assign, series_of
from collector.backups.case import Case
from collector.backups.copies import Copies, copies_of
from collector.backups.days import Days, days_of, eaten, retention
from collector.backups.days import word as day_word
from collector.backups.doubts import lapse
from collector.backups.drills import Turn, drilled, rpo, rtos, tested, turns, with_unseen
from collector.backups.ledger import (
    Begun,
    CopyWord,
    DayState,
    Ledger,
    ObjectLedger,
    Outcome,
    Problem,
    SlotState,
)
from collector.backups.observed import Drill, Fingerprint, Observed, Place
from collector.backups.paths import Words, chain, judge
from collector.backups.policy import BackupObject, Policies, Role, To
from collector.backups.remembered import Filled, Known, Memory
from collector.backups.runs import CHAINED, GOOD, LOST, NEVER, build, started
from collector.backups.sizes import odd_sizes
from collector.backups.sources import Signed, compare
from collector.backups.success import successes


def evaluate(policies: Policies, observed: Observed, now: int, memory: Memory | None = None) -> Ledger:
    """The account of all objects at `now` (UTC epoch ms), which is not before the newest look folded in.
    `memory` spares what it knows already and changes nothing else."""
    given = _Given.of(policies, observed)
    objects = tuple(_remembered(one, given, now, memory) for one in policies.objects)
    stray = _not_in_policy(policies, observed)
    found = [problem for one in objects for problem in one.problems] + stray
    rule = policies.success
    drills = [drill for held in given.drills.values() for drill in held]
    success = () if rule is None else tuple(successes(rule, drills, observed.excuses, now))
    return Ledger(now, objects, success, tuple(sorted(found, key=_order)))


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """As much of an object's account as a scorecard counts; the same as its ObjectLedger says."""

    name: str
    account: Account

    def begun(self, from_ms: int, to_ms: int) -> Iterator[Begun]:
        """Artefacts begun in [from, to) by their own word, by start."""
        return self.account.begun(from_ms, to_ms)

    def unseen(self, from_ms: int, to_ms: int) -> tuple[int, ...]:
        """When the slots of [from, to) open that nobody could look at since, ascending."""
        return tuple(sorted(self.account.unseen(from_ms, to_ms)))


@dataclass(frozen=True, slots=True)
class Seen:
    """As much of a ledger as scorecards count: days, copies, drills and problems cost as much again."""

    objects: tuple[ObjectSeen, ...]


def seen(policies: Policies, observed: Observed, now: int, memory: Memory | None = None) -> Seen:
    """What was begun and what nobody could look at, at `now` as `evaluate` has it."""
    given = _Given.of(policies, observed)
    made = []
    for one in policies.objects:
        known = given.known(one)
        held = _held(known, given, now, memory)
        nothing = Days((), (), (), (), held.series)
        case = Case(one, held.runs, held.series, nothing, held.looks, now)
        made.append(ObjectSeen(one.name, Account(case)))
    return Seen(tuple(made))


def _order(one: Problem) -> tuple[int, str, int, str]:
    return one.first_provable_ms, one.object, one.level, one.reason


@dataclass(frozen=True, slots=True)
class _Given:
    """What was observed, by object, under its present name."""

    observed: Observed
    drills: Mapping[str, Sequence[Drill]]
    names: Mapping[str, tuple[str, ...]]
    ids: dict[str, str]
    fingerprints: Mapping[str, Sequence[Fingerprint]]

    @classmethod
    def of(cls, policies: Policies, observed: Observed) -> "_Given":
        names = {
            one.name: (one.name, *(alias.name for alias in one.aliases if alias.entry is not None))
            for one in policies.objects
        }
        drills: dict[str, list[Drill]] = {}
        for drill in sorted(observed.drills, key=lambda held: (held.begun_ms, held.attempt)):
            drills.setdefault(drill.object, []).append(drill)
        for one in policies.objects:
            for name in names[one.name]:
                if name in drills:
                    drills[name] = with_unseen(one, drills[name])
        fingerprints: dict[str, list[Fingerprint]] = {}
        for held in observed.fingerprints:
            fingerprints.setdefault(held.object, []).append(held)
        return cls(observed, drills, names, {}, fingerprints)

    def known(self, one: BackupObject) -> Known:
        """All that the object's account is made of."""
        observed, names = self.observed, self.names[one.name]
        return Known(
            one,
            places=tuple(observed.places.get(name) for name in names),
            fingerprints=self._fingerprints(names),
            drills=tuple(drill for name in names for drill in self.drills.get(name, ())),
            excuses=tuple(e for e in observed.excuses if any(fnmatchcase(name, e.object) for name in names)),
            changes=tuple(c for c in observed.changes if c.object in names),
            epochs=tuple(e for e in observed.epochs if e.object in names and e.entry is not None),
            sealed=observed.sealed,
            seeds=observed.seeds,
        )

    def _fingerprints(self, names: Sequence[str]) -> tuple[Fingerprint, ...]:
        if len(names) == 1:
            return tuple(self.fingerprints.get(names[0], ()))
        return tuple(f for f in self.observed.fingerprints if f.object in names)

    def places(self, one: BackupObject) -> dict[str, Place]:
        """Places of an object, with what was seen under its former names while they counted."""
        found = dict(self.observed.places.get(one.name, {}))
        for alias in one.aliases:
            if alias.entry is None:
                continue
            for name, place in self.observed.places.get(alias.name, {}).items():
                found[name] = _merged(place, found.get(name), alias.until_ms)
        return found


def _merged(old: Place, new: Place | None, until: int) -> Place:
    records = tuple(one for one in old.records if started(one) < until)
    looks = old.looks
    if new is None:
        return Place(records, looks, old.tried)
    kept = {(one.name, one.sha256 or one.start) for one in new.records}
    # What only changed the object's name stands on under the new one: it is not gone.
    records = tuple(one for one in records if (one.name, one.sha256 or one.start) not in kept)
    return Place((*records, *new.records), tuple(sorted({*looks, *new.looks})), new.tried)


def _ids(given: _Given) -> Mapping[str, str]:
    """Ids of fulls, by the object whose they are: for incrementals that build on somebody else's. Made when
    the first incremental has a parent that nobody knows."""
    if not given.ids:
        given.ids[""] = ""
        for name, places in given.observed.places.items():
            for place in places.values():
                for record in place.records:
                    if record.id and record.kind not in CHAINED:
                        given.ids.setdefault(record.id, name)
    return given.ids


def _held(known: Known, given: _Given, now: int, memory: Memory | None) -> Filled:
    """Runs and slots: as remembered, or made anew."""
    held = None if memory is None else memory.filled(known, now)
    if held is None:
        held = _filled(known, given, now)
        if memory is not None:
            memory.fill(known, held, now)
    return held


def _filled(known: Known, given: _Given, now: int) -> Filled:
    one, drills, excuses = known.one, known.drills, known.excuses
    places = given.places(one)
    epochs = [e.at_ms for e in known.epochs]
    signed = Signed.of(known.fingerprints)
    runs = build(places, _place_order(one, places))
    compared = compare(one, runs, signed, drills, epochs)
    lapse(runs, [(p.from_ms, p.believe_ms) for p in one.policies], compared.words, now)
    required = [(p.from_ms, int(p.level)) for p in one.policies]
    judge(runs, required, compared.words, compared.renamed)
    chain(runs, _to(one), epochs)
    looks = _looks(one, places)
    scene = Scene(now, looks, excuses, known.sealed)
    series = series_of(one, known.changes, now)
    for held in series:
        assign(held, runs, one.kind, scene)
    return Filled(runs, series, looks, compared.words, signed, epochs, drills, excuses, required)


def _remembered(one: BackupObject, given: _Given, now: int, memory: Memory | None) -> ObjectLedger:
    known = given.known(one)
    held = None if memory is None else memory.of(known, now)
    if held is not None:
        return replace(held[0], rpo=rpo(held[1].runs, now))
    made, case, copied = _object(known, _held(known, given, now, memory), given, now)
    if memory is not None:
        memory.keep(known, made, case, copied.held)
    return made


def _object(known: Known, held: Filled, given: _Given, now: int) -> tuple[ObjectLedger, Case, Copies]:
    one, runs, drills = known.one, held.runs, held.drills
    case = Case(one, runs, held.series, days_of(held.series, runs), held.looks, now)
    ids = _ids(given) if None in runs.parents.values() else {}
    due = turns(one, runs, drills, held.excuses, known.seeds, now)
    copied = copies_of(one, runs, given.places(one), now)
    beside = _Beside(held.signed, held.epochs, drills, due, copied, ids, held.required)
    return _ledger(case, held.words, beside), case, copied


@dataclass(frozen=True, slots=True)
class _Beside:
    """What an object's account needs beside its case."""

    signed: Signed
    epochs: Sequence[int]
    drills: Sequence[Drill]
    due: Sequence[Turn]
    copied: Copies
    ids: Mapping[str, str]
    required: Sequence[tuple[int, int]]


def _ledger(case: Case, words: Words, beside: _Beside) -> ObjectLedger:
    gone = eaten(case.runs, case.now)
    eating = any(until is None for _, _, until in gone)
    kept = retention(case.series, case.runs, case.days, case.today, eating)
    found = [
        *problems.slot_problems(case),
        *problems.artefact_problems(case, words),
        *problems.unasked_problems(case, beside.required),
        *losses.old_inside(case),
        *losses.chain_problems(case, beside.ids),
        *losses.lost_problems(case, kept),
        *losses.eaten_problems(case, gone),
        *losses.copy_problems(case, beside.copied.held),
        *problems.size_problems(case, odd_sizes(case.series, case.runs, beside.signed, beside.epochs)),
        *problems.turn_problems(case, beside.due),
        *problems.made_drill_problems(case, beside.drills),
    ]
    one, runs = case.one, case.runs
    return ObjectLedger(
        name=one.name,
        kind=one.kind.value,
        place=one.place,
        policies=tuple(policy.version for policy in one.policies if policy.from_ms <= case.now),
        clause=tuple(dict.fromkeys(line for policy in one.policies for line in policy.clause)),
        copies=tuple(held.state for held in beside.copied.held if held.owed),
        drills=tuple(turn.due for turn in beside.due),
        retention=kept,
        rto=rtos(one, beside.drills),
        rpo=rpo(runs, case.now),
        rpo_at_drills=tuple(rpo(runs, drill.begun_ms, drill.id) for drill in beside.drills),
        problems=tuple(sorted(found, key=_order)),
        tested=tested(one, beside.due),
        counted=partial(_counts, case, beside.copied.counts),
        account=Account(case),
        drilled=drilled(beside.drills),
    )


def _counts(case: Case, copies: Mapping[CopyWord, int]) -> dict[str, int]:
    codes, good, states = case.runs.codes, 0, dict.fromkeys(SlotState, 0)
    for series in case.series:
        odd = [state for state in series.states if state is not SlotState.ON_TIME]
        states[SlotState.ON_TIME] += len(series.states) - len(odd)
        for state in odd:
            states[state] += 1
        reached = [codes[run] for run in series.picks if run >= 0]
        good += reached.count(GOOD) + reached.count(LOST)
    orphans = sum(
        1
        for run in case.runs.parents
        if codes[run] in (LOST, NEVER)
        and case.runs.causes[run] != run
        and case.runs.records[run].gone_ms is None
    )
    return {
        **{state.value: states[state] for state in SlotState},
        "good": good,
        **_day_counts(case.days.codes),
        **{f"copy_{word.value}": count for word, count in copies.items()},
        "orphans": orphans,
    }


def _day_counts(codes: Sequence[int]) -> dict[str, int]:
    found = {code: codes.count(code) for code in set(codes)}
    return {f"day_{day_word(code).value}": found.get(code, 0) for code in range(len(DayState))}


def _place_order(one: BackupObject, places: Mapping[str, Place]) -> list[str]:
    """The first copy's place first: the one named, else any that is no copy's."""
    copies = {policy.copy.to for policy in one.policies if policy.copy is not None}
    return sorted(places, key=lambda name: (name != one.place, name in copies, name))


def _looks(one: BackupObject, places: Mapping[str, Place]) -> Sequence[int]:
    """Instants at which a run would have been seen: complete looks at the first place, else at any."""
    order = _place_order(one, places)
    if order and places[order[0]].looks:
        return places[order[0]].looks
    return sorted({at for place in places.values() for at in place.looks})


def _to(one: BackupObject) -> To:
    for schedule in one.policies[-1].schedules:
        if schedule.role is Role.INCREMENTAL:
            return schedule.to
    return To.LAST


def _not_in_policy(policies: Policies, observed: Observed) -> list[Problem]:
    """What is on the wire and in no policy."""
    known = {one.name for one in policies.objects}
    known |= {alias.name for one in policies.objects for alias in one.aliases if alias.entry is not None}
    seen: dict[str, int] = {}
    for name, places in observed.places.items():
        if name in known:
            continue
        firsts = [record.first_ms for place in places.values() for record in place.records]
        if firsts:
            seen[name] = min(firsts)
    for found in observed.found:
        seen[found.name] = min(seen.get(found.name, found.seen_ms), found.seen_ms)
    return [
        Problem(name, int(Level.PRESENT), "not_in_policy", Outcome.BAD, "", "", "", at)
        for name, at in seen.items()
        if name not in known and not any(fnmatchcase(name, pattern) for pattern, _ in policies.ignored)
    ]
