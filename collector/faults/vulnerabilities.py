"""Vulnerabilities: episodes from scans, version checks and statements, and their clocks. Pure.

*Fixed* is what a later look shows: a rescan that could have shown the flaw and does not (collector/scans),
or an inspection's good reading that a fix plan named. A click never fixes anything.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from collector.faults import said as words
from collector.faults.clocks import Run, Told, clock
from collector.faults.fold import proof_of
from collector.faults.ground import Ground
from collector.faults.model import Clock, Stage, Vulnerability
from collector.faults.said import Heard, time_of
from collector.faults.scanned import Episode, Key, scanned
from collector.faults.terms import SPEECH, Speech, VulnerabilityClock, VulnerabilityTerms
from collector.inspection.deadlines import Workdays
from collector.judging.words import Outside
from collector.judging.words import words as operated
from collector.scans.model import Finding, Severity
from collector.scoring.model import Proof
from collector.statements.model import Said
from collector.statements.sides import agreed

Place = tuple[str | None, str | None, str]
PLACES = "vulnerability_reported"
LATEST_MS = 31 * 86_400_000  # a plan may be written down so long after the fix


def name_of(key: Key) -> str:
    """`V3f9a1c2b7d`: what statements call a vulnerability; stable over reports."""
    return "V" + sha256("\n".join(key).encode()).hexdigest()[:10]


def fold(
    terms: VulnerabilityTerms,
    ground: Ground,
    heard: Heard,
    as_of_ms: int,
    days: Workdays,
    speech: Speech = SPEECH,
) -> tuple[tuple[Vulnerability, ...], tuple[tuple[int, str], ...]]:
    """Every episode known by then, oldest first; and statements about none: (entry, why)."""
    shown = scanned(terms, ground.reports, as_of_ms)
    places = _places_said(heard, {name_of(one.key) for one in shown})
    episodes = shown + _told(heard, {one.entry for one in places.values()})
    said = {kind: heard.of(kind) for kind in ("fix_plan", "mitigated", "force_majeure_claimed")}
    about = said | {PLACES: list(places.values())}
    made = [_vulnerability(one, about, terms, ground, heard, (as_of_ms, days, speech)) for one in episodes]
    made.sort(key=lambda one: (one.found_ms, one.id))
    known = {one.id.partition("#")[0] for one in made}
    stray = [
        (one.entry, "unknown_vulnerability")
        for kind in ("fix_plan", "mitigated")
        for one in said[kind]
        if words.text(one, "finding").startswith("V")
        and words.text(one, "finding").partition("#")[0] not in known
    ]
    return tuple(made), tuple(stray)


def _places_said(heard: Heard, known: Collection[str]) -> dict[str, Said]:
    """Where a flaw that scanners showed belongs, by the buyer's newest report that names it as `id`."""
    return {
        words.text(one, "id"): one
        for one in heard.of("vulnerability_reported")
        if words.text(one, "id") in known and agreed(one)
    }


def _place(one: Episode, base: str, said: Sequence[Said], ground: Ground, heard: Heard) -> Place:
    """System, unit, and by what: the estates of its time, else the buyer's word, else the newest estate."""
    system, unit = ground.place_of(one.about)
    if system is not None or unit is not None:
        return system, unit, ""
    for word in said:
        if words.text(word, "id") == base:
            system, unit = ground.place_of(words.text(word, "asset", "system"))
            named = words.text(word, "unit")
            known = named if any(one.id == named for one in ground.scope.units) else None
            return system, unit or known, f"statement {word.entry}"
    found = ground.placed_later(one.about)
    if found is None or ground.later is None:
        return None, None, ""
    system, unit, asset = found
    outside = operated(heard.said).outside(asset, one.found_ms) is Outside.AGREED
    return system, unit, "outside" if outside else f"estate {ground.later.entry}"


def _told(heard: Heard, places: Collection[int] = ()) -> list[Episode]:
    """Flaws that others reported. Without a scanner's key only a named look or a mitigation ends them."""
    made = []
    for one in heard.of("vulnerability_reported"):
        if one.entry in places:
            continue
        root = heard.roots[one.entry]
        key = (words.text(root, "id") or "reported", words.text(root, "asset", "system"), str(root.entry))
        risk = words.text(one, "risk") or str(Severity.UNKNOWN)
        finding = Finding(key[0], key[1], key[2], words.text(one, "text"), Severity(risk))
        episode = Episode(
            key, finding, time_of(one), words.text(one, "found_by") or "buyer", "", time_of(one)
        )
        episode.title, episode.severity, episode.proofs = finding.title, risk, (proof_of(one),)
        episode.about = words.text(one, "asset", "system")
        made.append(episode)
    return made


def _vulnerability(
    one: Episode,
    said: Mapping[str, Sequence[Said]],
    terms: VulnerabilityTerms,
    ground: Ground,
    heard: Heard,
    at: tuple[int, Workdays, Speech],
) -> Vulnerability:
    base = name_of(one.key)
    name = base if one.number == 1 else f"{base}#{one.number}"
    mine = {kind: _mine(found, one, base) for kind, found in said.items() if kind != PLACES}
    plan = mine["fix_plan"][0] if mine["fix_plan"] else None
    approved = _approved(mine["fix_plan"], heard)
    _checked_again(one, mine["fix_plan"], ground, at[0])
    mitigated = mine["mitigated"][0] if mine["mitigated"] else None
    system, unit, placed = _place(one, base, said[PLACES], ground, heard)
    stage, ended, how = _stage(one, mitigated, mine["fix_plan"])
    times = {
        "found": one.found_ms,
        "plan_approved": approved,
        "planned": None if plan is None else time_of(plan),
        "fixed": one.ended_ms,
        "mitigated": None if mitigated is None else time_of(mitigated),
    }
    told = {
        "planned": () if plan is None else (_told_by(plan),),
        "fixed": () if mitigated is None else (_told_by(mitigated),),
        "seen": _by_report(one, heard),
    }
    clocks = tuple(
        made for rule in terms.clocks if (made := _clock(rule, one.severity, times, told, at)) is not None
    )
    more = [proof_of(s) for kind in ("fix_plan", "mitigated") for s in mine[kind]]
    return Vulnerability(
        id=name,
        finding=one.finding.id,
        host=one.finding.host,
        place=one.finding.place,
        title=one.title,
        severity=one.severity,
        system=system,
        unit=unit,
        found_by=one.found_by,
        found_ms=one.found_ms,
        stage=stage,
        ended_ms=ended,
        ended_by=how,
        planned_ms=times["planned"],
        plan_approved_ms=approved,
        looked_ms=one.looked_ms,
        clocks=clocks,
        proofs=(*one.proofs, *more),
        episode=one.number,
        placed=placed,
    )


def _mine(said: Iterable[Said], one: Episode, base: str) -> list[Said]:
    """Statements about this episode: by its name, and of its time."""
    end = one.ended_ms
    return [
        s
        for s in said
        if words.text(s, "finding").partition("#")[0] == base
        and time_of(s) >= one.found_ms
        and (end is None or time_of(s) < end)
    ]


def _approved(plans: Sequence[Said], heard: Heard) -> int | None:
    for plan in plans:
        answer = heard.about("fix_plan_approved", plan)
        if answer is not None and words.flag(answer, "approved"):
            return answer.received_ms
    return None


def _checked_again(one: Episode, plans: Sequence[Said], ground: Ground, as_of_ms: int) -> None:
    """A good reading of the look that a plan names (`check`, `asset`), taken after the flaw was found."""
    if one.ended_ms is not None:
        return
    wanted = named_looks(plans)
    begin = max(one.found_ms + 1, min((s.received_ms for s in plans), default=0) - LATEST_MS)
    good = [
        look
        for look in ground.looks
        if (look.check, look.target) in wanted and look.state == "ok" and begin <= look.at_ms <= as_of_ms
    ]
    if good:
        first = min(good, key=lambda look: look.at_ms)
        one.ended_ms, one.ended_by, one.looked_ms = first.at_ms, "version_check", first.at_ms
        one.proofs = (*one.proofs, Proof(first.entry, first.by, "C", first.line))


def named_looks(plans: Iterable[Said]) -> set[tuple[str, str]]:
    """(check, asset) that plans for flaws name as what will show the fix."""
    return {(words.text(s, "check"), words.text(s, "asset")) for s in plans if words.text(s, "check")}


def _stage(one: Episode, mitigated: Said | None, plans: Sequence[Said]) -> tuple[Stage, int | None, str]:
    if one.ended_ms is not None:
        gone = one.ended_by != "scan_mitigated"
        return (Stage.FIXED if gone else Stage.MITIGATED), one.ended_ms, one.ended_by
    if mitigated is not None:
        return Stage.MITIGATED, time_of(mitigated), "mitigation"
    return Stage.OPEN, None, ""


def _by_report(one: Episode, heard: Heard) -> tuple[Told, ...]:
    """The rescan that ended it, vouched for where the buyer brought it or joined in; nothing for a look."""
    told = one.ended_told
    if told is None:
        return ()
    joined = any(said.entry == told.entry and agreed(said) for said in heard.said)
    return (replace(told, vouched=told.vouched or joined),)


def _told_by(one: Said) -> Told:
    return Told(time_of(one), one.received_ms, agreed(one), one.entry)


def _clock(
    rule: VulnerabilityClock,
    severity: str,
    times: Mapping[str, int | None],
    told: Mapping[str, tuple[Told, ...]],
    at: tuple[int, Workdays, Speech],
) -> Clock | None:
    limit = rule.limits.get(severity) or rule.limits.get("any")
    if limit is None:
        if severity == Severity.UNKNOWN and rule.limits:  # how grave it is nobody could tell
            limit = next(iter(rule.limits.values()))
        else:
            return None
    stop = times[rule.stop]
    mitigated = times["mitigated"] if rule.mitigation_counts else None
    by_word = rule.stop == "planned"
    if mitigated is not None and (stop is None or mitigated < stop):
        stop, by_word = mitigated, True
    run = Run(
        times[rule.start],
        stop,
        at[0],
        not_before_ms=at[0] if rule.stop == "fixed" else None,
        told=told[rule.stop] if by_word else told["seen"] if rule.stop == "fixed" else (),
        tolerance_ms=at[2].tolerance_ms,
    )
    made = clock((rule.id, rule.clause, rule.start, rule.stop), limit, run, at[1])
    if severity == Severity.UNKNOWN and made.state.value == "late":
        made = replace(made, provisional=True, reason="severity_unknown")
    if rule.start == "plan_approved" and times["plan_approved"] is None:
        made = replace(made, reason="plan_not_approved")
    return replace(made, counts_as="late" if rule.scored else "")
