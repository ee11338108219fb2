"""Records of backups made anew from the signed lines, statements and promises, beside the logged ones."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checks import result as results
from checks.codec import FieldError
from checks.wire import strict_json
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.availability.clock import FUTURE_MS
from collector.backups import engine, lines
from collector.backups.ledger import Ledger
from collector.backups.lines import Line
from collector.backups.observed import Drill
from collector.backups.record import VERSION, Cut
from collector.backups.said import KINDS, cited, observed_of
from collector.backups.said import Said as Stated
from collector.backups.versions import policies_of
from collector.evidence.bundle import Period
from collector.verify import judged
from collector.verify.batches import BackupLine
from collector.verify.findings import Findings
from collector.verify.history import History, Said

Verdict = tuple[str, str, str]
_NEVER = -(2**62)
_HEADER = ("backups", "object", "from", "to", "estate")


class Looks:
    """Lines about backups: each is read once, and folded once where claims ask for ever more of the log."""

    def __init__(self, found: Sequence[BackupLine]) -> None:
        self.signers = {(one.idx, one.line_no): one.agent for one in found}
        self._lines = tuple(_lines(found))
        self._forget()

    def _forget(self) -> None:
        self._reading, self._at, self._newest = lines.Reading(), 0, _NEVER

    def rows(self, size: int, now: int) -> lines.Rows:
        """What the first `size` entries tell, as far as they had come at `now`."""
        end = next(
            (at for at, one in enumerate(self._lines) if one.idx >= size or one.received > now),
            len(self._lines),
        )
        if end < self._at or any(one.t < self._newest for one in self._lines[self._at : end]):
            self._forget()
        for one in self._lines[self._at : end]:
            self._reading.take(one)
            self._newest = max(self._newest, one.t)
        self._reading.settle()
        self._at = end
        return self._reading.rows()


def asked(history: History) -> bool:
    """Whether there is a record of backups, or a scorecard that may stand on them, to be made again."""
    return any(
        _is(said) or (said.kind is EntryKind.RECORD and "scorecard" in said.header) for said in history.said
    )


def check_backups(history: History, found: Looks, begin: int, findings: Findings) -> list[Verdict]:
    """A verdict for each record of backups logged from `begin` on."""
    verdicts = []
    above = judged.rising(history.said)
    for said in history.said:
        if not _is(said) or said.idx < begin:
            continue
        name = f"backup record {said.header['backups']} {said.header.get('object', '')}".strip()
        try:
            verdicts.append((name, *(judged.outdated(said, above) or _check(said, history, found, begin))))
        except (WireError, FieldError, LookupError, TypeError, ValueError) as error:
            verdicts.append((name, "contradicted", f"it cannot be read: {error}"))
        findings.count("backup records")
        if verdicts[-1][1] == "contradicted":
            findings.add("claim_differs", *verdicts[-1][::2])
    return verdicts


def _is(said: Said) -> bool:
    return said.kind is EntryKind.RECORD and "backups" in said.header


def _check(said: Said, history: History, found: Looks, begin: int) -> tuple[str, str]:
    """The verdict on one record and its detail."""
    if said.document is None:
        return "contradicted", "its document is not here"
    body = strict_json.loads(said.document)
    if differs := [name for name in _HEADER if said.header.get(name) != body.get(name)]:
        return "contradicted", f"its entry says another {', '.join(differs)}"
    if body["v"] != VERSION:
        return "not proven", f"version {body['v']} of records is not known here"
    if begin:
        return "not proven", "it stands on looks from before this bundle: one that begins at 0 shows all"
    if odd := _misplaced(body, said, history):
        return odd
    made = strict_json.loads(strict_json.dumps(_make(body, history, found)))
    if differs := [name for name in body if made.get(name) != body[name]]:
        why = f"the lines, promises and statements give other {', '.join(sorted(differs))}"
        return judged.differing(judged.made_by(said.header), why, "made")
    slots = sum(len(one["slots"]) for one in body["objects"])
    detail = f"{slots} slots, {len(body['problems'])} problems"
    return judged.agreed(judged.made_by(said.header), detail, "made")


def _misplaced(body: Mapping[str, Any], said: Said, history: History) -> judged.Word | None:
    """What is wrong with the log, or the instant, that it says it was made of."""
    if not 0 < body["size"] <= said.idx:
        return "contradicted", "it says that it was made of a log larger than was there"
    if body["now"] > said.received_ms:
        return "contradicted", "it speaks of a later instant than its own"
    return judged.stale(body["size"], said, history, judged.made_by(said.header))


def folded(
    history: History, found: Looks, size: int, now: int
) -> tuple[Ledger, lines.Rows, tuple[Drill, ...], str]:
    """The ledger of backups of the log's first `size` entries at `now`, what it was read from, the drills,
    the digest of the estate in force."""
    applied = [one for one in history.estates if one.idx < size and one.at_ms <= now]
    stated = [
        Stated(one.idx, one.received_ms, one.header)
        for one in history.said
        if one.kind is EntryKind.STATEMENT and one.header.get("kind") in KINDS
        if one.idx < size and one.received_ms <= now
    ]
    policies = cited(policies_of([(one.at_ms, one.terms.backups) for one in applied]), stated)
    rows = found.rows(size, now)
    observed = observed_of(rows, stated, policies)
    ledger = engine.evaluate(policies, observed, now)
    return ledger, rows, observed.drills, applied[-1].terms.estate if applied else ""


def _make(body: Mapping[str, Any], history: History, found: Looks) -> dict[str, Any]:
    ledger, rows, drills, estate = folded(history, found, body["size"], body["now"])
    period = Period(body["backups"], body["from"], body["to"])
    return Cut(ledger, rows, drills, estate, period, body["object"]).body(body["size"])


def _lines(found: Sequence[BackupLine]) -> Iterator[Line]:
    """As the collector's table has them: what was seen before is not said again."""
    last: dict[tuple[str, str, str], bytes] = {}
    for one in found:
        try:
            result = results.decode(one.line)
        except (WireError, FieldError):
            continue  # the reading of batches has said so
        t = result.t0 - one.shift
        if result.vantage != one.agent or t > one.received_ms + FUTURE_MS:
            continue
        series = result.check, result.target, result.vantage
        seen = strict_json.dumps(lines.distilled(result))
        same = result.error is None and last.get(series) == seen
        if result.error is None:
            last[series] = seen
        kept = None if same else lines.short(result)
        yield Line(one.idx, one.line_no, *series, t, one.received_ms, one.shift, kept)
