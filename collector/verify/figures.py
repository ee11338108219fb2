"""Availability figures made anew from the lines, and compared with what the collector claims."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checks.codec import FieldError, from_json
from checks.wire import strict_json
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.availability.approvals import Approval, windows_for
from collector.availability.calendar_cn import Calendar, calendar, shipped, shipped_files
from collector.availability.display import figure_json
from collector.availability.engine import evaluate
from collector.availability.errors import AvailabilityError
from collector.availability.estate_terms import EstateTerms
from collector.availability.runs import Observation, Run, distinct, extend
from collector.availability.terms import Runs, ServiceTerms, spec
from collector.evidence import bundle
from collector.verify.archive import Archive
from collector.verify.batches import Seen, Series
from collector.verify.findings import Findings
from collector.verify.history import History

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
)
_DAY_MS, _CHINA_MS = 86_400_000, 8 * 3_600_000

Verdict = tuple[str, str, str]


def wanted(history: History) -> frozenset[tuple[str, str]]:
    """(check, target) of everything that a service stands on."""
    return frozenset(
        (leaf.check, leaf.target)
        for document in history.estates
        for service in document.services
        for leaf in service.leaves.values()
    )


def check_figures(
    archive: Archive, history: History, observations: Mapping[Series, Sequence[Seen]], findings: Findings
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
    known = _calendar(archive, findings)
    return [_check(claim, history, observations, known, findings) for claim in claims]


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


def _check(
    claim: Mapping[str, Any],
    history: History,
    observations: Mapping[Series, Sequence[Seen]],
    known: Calendar | None,
    findings: Findings,
) -> Verdict:
    name = f"availability of {claim.get('service')}"
    try:
        service = from_json(str, claim.get("service"), "claim.service")
        size = from_json(int, claim.get("evidence_size"), "claim.evidence_size")
        document, terms = _terms(history, from_json(str, claim.get("terms"), "claim.terms"), service)
        period = claim["period"]
        span = (from_json(int, period["from"], "period.from"), from_json(int, period["to"], "period.to"))
        as_of = from_json(int, period["evaluated_to"], "period.evaluated_to")
        question = spec(
            terms,
            _runs(terms, observations, size),
            period=span,
            as_of_ms=as_of,
            windows=windows_for(document, service, _approvals(history, size)),
            calendar=known if terms.hours is not None and terms.hours.days is None else None,
        )
        figure = evaluate(question)
    except (FieldError, AvailabilityError, KeyError, TypeError) as error:
        findings.add("claim_differs", name, f"cannot be made anew: {error}")
        return name, "contradicted", "cannot be made anew"
    if terms.target is None:
        figure = replace(figure, meets=None)
    made = strict_json.loads(strict_json.dumps(figure_json(figure)))
    odd = [key for key in COMPARED if made.get(key) != claim.get(key)]
    if odd:
        findings.add("claim_differs", name, f"{', '.join(odd)}: not what the evidence gives")
        return name, "contradicted", ", ".join(odd)
    findings.count("figures made anew")
    shares = made["percent"]
    words = f"known {shares['known']} %, low {shares['low']} %, high {shares['high']} %"
    return name, "proven if", f"{words}, coverage {shares['coverage']} % (if the agents told the truth)"


def _terms(history: History, digest: str, service: str) -> tuple[EstateTerms, ServiceTerms]:
    for document in reversed(history.estates):
        if document.estate == digest:
            for terms in document.services:
                if terms.id == service:
                    return document, terms
    raise FieldError("claim.terms", f"the log has no terms of {service} in the estate {digest[:16]}")


def _approvals(history: History, size: int) -> Iterable[Approval]:
    for said in history.said:
        header = said.header
        if said.kind is EntryKind.STATEMENT and header.get("kind") == "approval" and said.idx < size:
            yield Approval(
                str(header.get("window", "")),
                said.received_ms,
                str(header.get("role", "")),
                str(header.get("document", "")),
            )


def _runs(terms: ServiceTerms, observations: Mapping[Series, Sequence[Seen]], size: int) -> Runs:
    """Runs of every leaf from the observations that the log held at `size`."""
    made: dict[tuple[str, str], dict[str, tuple[Run, ...]]] = {}
    leaves = {(leaf.check, leaf.target) for leaf in terms.leaves.values()}
    for (check, target, vantage), seen in observations.items():
        if (check, target) in leaves:
            known = [one for one in seen if one.idx < size]
            if known:
                made.setdefault((check, target), {})[vantage] = _fold(known)
    return made


def _fold(seen: Sequence[Seen]) -> tuple[Run, ...]:
    """Runs of one series; each observation is joined to the one before by its own plan's hold."""
    holds = {one.t_ms: one.hold_ms for one in seen}
    runs: list[Run] = []
    last: Run | None = None
    for one in distinct(Observation(s.t_ms, s.outcome, s.seq) for s in seen):
        step = extend(last, one, holds[one.t_ms], _day)
        if step.closed is not None:
            runs.append(step.closed)
        last = step.open
    return (*runs, last) if last is not None else tuple(runs)


def _day(t_ms: int) -> int:
    return (t_ms + _CHINA_MS) // _DAY_MS
