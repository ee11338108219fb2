"""Availability figures made anew from the lines, and compared with what the collector claims."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from checks.codec import FieldError, from_json
from checks.wire import strict_json
from checks.wire.errors import WireError
from collector.availability.calendar_cn import Calendar, calendar, shipped, shipped_files
from collector.availability.display import figure_json
from collector.availability.errors import AvailabilityError
from collector.availability.runs import Run
from collector.availability.terms import Runs, ServiceTerms
from collector.evidence import bundle
from collector.judging.estates import Estates
from collector.judging.ground import Applied as Then
from collector.judging.served import Question, served
from collector.judging.version import JUDGING, UNNAMED
from collector.statements.fold import standing
from collector.verify import judged
from collector.verify.archive import Archive
from collector.verify.batches import Series, Track
from collector.verify.findings import Findings
from collector.verify.folding import runs_of
from collector.verify.grades import grade
from collector.verify.history import Applied, History
from collector.verify.statements import People, approvals, counting

# What a claim and the figure made here must agree in, to the last digit.
COMPARED = (
    "formula",
    "period",
    "options",
    "calendar",
    "buckets",
    "percent",
    "exact",
    "down_min",
    "down_max",
    "verdict",
    "meets",
    "longest_gap",
    "faults",
    "blips",
    "divergences",
    "windows",
    "flags",
    "segments",
    "changed",
)
_EVER = 2**62
_CHINA = timezone(timedelta(hours=8))
_SHOWN = ("known", "low", "high")

Verdict = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Ground:
    """What figures are made of."""

    archive: Archive
    history: History
    tracks: Mapping[Series, Track]
    calendar: Calendar | None
    people: People
    findings: Findings


def wanted(history: History) -> frozenset[tuple[str, str]]:
    """(check, target) of everything that a service stands on."""
    return frozenset(
        (leaf.check, leaf.target)
        for applied in history.estates
        for service in applied.terms.services
        for leaf in service.leaves.values()
    )


def check_figures(
    archive: Archive,
    history: History,
    tracks: Mapping[Series, Track],
    people: People,
    findings: Findings,
) -> list[Verdict]:
    """A verdict (claim, word, detail) for each claimed figure; differences are problems."""
    data = archive.get(bundle.CLAIM_FIGURES)
    if data is None:
        return []
    try:
        claims = strict_json.loads(data)
        if not isinstance(claims, list) or not all(isinstance(claim, dict) for claim in claims):
            raise FieldError("claims", "a list of mappings is wanted here")
    except (WireError, FieldError) as error:
        findings.add("bad_member", bundle.CLAIM_FIGURES, str(error))
        return []
    ground = _Ground(archive, history, tracks, _calendar(archive, findings), people, findings)
    return [_check(claim, ground) for claim in claims] + list(_unclaimed(claims, history))


def _unclaimed(claims: Sequence[Mapping[str, Any]], history: History) -> Iterable[Verdict]:
    """Services of the estate in force for which no figure is given: silence is no proof."""
    given = {str(claim.get("service")) for claim in claims}
    newest = history.estates[-1].terms.services if history.estates else ()
    for service in newest:
        if service.id not in given:
            yield f"availability of {service.id}", "not proven", "no figure is claimed for it"


def _calendar(archive: Archive, findings: Findings) -> Calendar | None:
    """The bundled calendars; a file that this verifier ships must be the same."""
    data = archive.get(bundle.CALENDARS)
    if data is None:
        return None
    try:
        files = from_json(dict[str, str], strict_json.loads(data), "calendars")
        own = shipped_files()
        for name, text in files.items():
            if name not in own:
                findings.notice(f"the calendar {name} is not in this verifier: compare it with the notice")
            elif own[name] != text.encode("utf-8"):
                findings.add("bad_member", bundle.CALENDARS, f"{name} is not the calendar this verifier has")
        return calendar(text.encode("utf-8") for text in files.values())
    except (WireError, FieldError, AvailabilityError) as error:
        findings.add("bad_member", bundle.CALENDARS, str(error))
        return shipped()


def _check(claim: Mapping[str, Any], ground: _Ground) -> Verdict:
    name = f"availability of {claim.get('service')}"
    try:
        made, terms = _made(claim, ground)
    except (FieldError, AvailabilityError, KeyError, TypeError) as error:
        known = isinstance(error, FieldError | AvailabilityError)  # else Python's words, for programmers
        why = str(error) if known else "the claim is not of its form"
        ground.findings.add("claim_differs", name, f"cannot be made anew: {why}")
        return name, "contradicted", "cannot be made anew"
    odd = [key for key in COMPARED if made.get(key) != claim.get(key)]
    if odd and (judging := _judging(claim)) != JUDGING:
        return name, *judged.differs(judging, odd)
    if (claim.get("name"), claim.get("target_promised")) != (terms.name, terms.target is not None):
        odd.append("name or promise")
    if odd:
        ground.findings.add("claim_differs", name, f"{', '.join(odd)}: not what the evidence gives")
        return name, "contradicted", ", ".join(odd)
    ground.findings.count("figures made anew")
    shares, period = made["percent"], made["period"]
    words = [", ".join(f"{one} {shares[one]} %" if shares[one] else f"{one}: no figure" for one in _SHOWN)]
    words.append(
        f"coverage {shares['coverage'] or 0} %, grade {grade(terms, ground.tracks, ground.history.keys)}"
    )
    if made["divergences"]:
        words.append(f"vantages disagreed {len(made['divergences'])} times")
    if period["evaluated_to"] < period["to"]:
        words.append(f"evaluated to {clock(period['evaluated_to'])} only")
    return name, "proven if", ", ".join(words)


def _judging(claim: Mapping[str, Any]) -> int:
    """The version that a figure was made by; those of older bundles name none."""
    value = claim.get("judging")
    return value if type(value) is int else UNNAMED


def _made(claim: Mapping[str, Any], ground: _Ground) -> tuple[dict[str, Any], ServiceTerms]:
    """The figure made anew for what the claim says it is of; FieldError where it may not say that."""
    service = from_json(str, claim.get("service"), "claim.service")
    size = from_json(int, claim.get("evidence_size"), "claim.evidence_size")
    manifest = ground.archive.manifest
    if size > manifest.to_size:
        raise FieldError("claim.evidence_size", "beyond the entries of this bundle")
    applied = _applied(ground.history, size)
    document, terms = applied.terms, _terms(applied, service)
    if claim.get("terms") != document.estate:
        raise FieldError("claim.terms", "not the estate in force")
    period = claim["period"]
    span = (from_json(int, period["from"], "period.from"), from_json(int, period["to"], "period.to"))
    if span != (manifest.period.from_ms, manifest.period.to_ms):
        raise FieldError("claim.period", "not the period of this bundle")
    question = Question(
        terms=terms,
        estates=_estates(ground, size),
        span=span,
        end_ms=from_json(int, period["evaluated_to"], "period.evaluated_to"),
        approvals=approvals(ground.people, size),
        calendar=ground.calendar,
    )
    made = _figure(question, ground, size)
    made["changed"] = list(question.estates.changed(service, *question.evaluated))
    if size < manifest.to_size and _figure(question, ground, manifest.to_size)["buckets"] != made["buckets"]:
        raise FieldError("claim.evidence_size", "leaves out later entries that change the figure")
    return made, terms


def _estates(ground: _Ground, size: int) -> Estates:
    """The estates below `size`, and what stands of statements there."""
    held = [Then(one.idx, one.at_ms, one.terms) for one in ground.history.estates if one.idx < size]
    return Estates.of(held, standing(counting(ground.people, size), _EVER))


def _figure(question: Question, ground: _Ground, size: int) -> dict[str, Any]:
    """Made anew from the observations that the log held at `size`."""
    figure = served(question, lambda keys: _runs(keys, ground.tracks, size))
    if question.terms.target is None:
        figure = replace(figure, meets=None)
    made: dict[str, Any] = strict_json.loads(strict_json.dumps(figure_json(figure)))
    return made


def _applied(history: History, size: int) -> Applied:
    """The estate in force at this size of the log."""
    for applied in reversed(history.estates):
        if applied.idx < size:
            return applied
    raise FieldError("claim.terms", "no estate was applied")


def _terms(applied: Applied, service: str) -> ServiceTerms:
    for terms in applied.terms.services:
        if terms.id == service:
            return terms
    raise FieldError("claim.service", f"the estate in force has no service {service}")


def clock(ms: int) -> str:
    """An instant as people read it, in China's time."""
    return datetime.fromtimestamp(ms / 1000, _CHINA).strftime("%Y-%m-%d %H:%M:%S +08:00")


def _runs(keys: Iterable[tuple[str, str]], tracks: Mapping[Series, Track], size: int) -> Runs:
    """Runs of every (check, target) from the observations that the log held at `size`."""
    made: dict[tuple[str, str], dict[str, tuple[Run, ...]]] = {}
    leaves = set(keys)
    for (check, target, vantage), track in tracks.items():
        if (check, target) in leaves:
            runs = runs_of(track, size)
            if runs:
                made.setdefault((check, target), {})[vantage] = runs
    return made


def looks_of(
    keys: Iterable[tuple[str, str]], tracks: Mapping[Series, Track], size: int
) -> dict[tuple[str, str], dict[str, list[tuple[Run, int]]]]:
    """Runs of every (check, target), each with the entry of its last observation."""
    made: dict[tuple[str, str], dict[str, list[tuple[Run, int]]]] = {}
    leaves = set(keys)
    for (check, target, vantage), track in tracks.items():
        if (check, target) in leaves:
            found = [(run, run.last_seq or 0) for run in runs_of(track, size)]
            made.setdefault((check, target), {})[vantage] = found
    return made
