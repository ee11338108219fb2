"""What faults and cadences make of the same log, as items and gaps (pure)."""

from collections.abc import Sequence
from dataclasses import replace

from collector.availability.calendar_cn import shipped
from collector.faults.counted import counted as counted_faults
from collector.faults.counted import days_of, terms_of
from collector.faults.items import interruptions
from collector.faults.model import Account, Finding
from collector.inspection.obligations_changes import changed, deeds, events
from collector.inspection.obligations_counted import backups_since, counted, counting, seen_by_all
from collector.inspection.obligations_seen import Extra
from collector.judging import priced
from collector.judging.asked import Asked
from collector.judging.changes import changes
from collector.judging.ground import Ground
from collector.scoring.kinds import ANNOUNCED
from collector.scoring.model import Gap, Item

Found = tuple[tuple[Item, ...], tuple[Gap, ...]]


def ledgers(ground: Ground, asked: Asked) -> Found:
    """Faults, vulnerabilities and findings; what was due of the obligations that a rule counts; lapses."""
    account, items, gaps = _faults(ground, asked)
    due, open_ = _due(ground, asked, account.findings)
    return (
        tuple(one for one in (*items, *due) if one.kind in asked.kinds or _occasion(one)),
        tuple(one for one in (*gaps, *open_) if one.kind in asked.kinds),
    )


def _occasion(item: Item) -> bool:
    """What was due before an occasion that people announced: without any their silence is all there is."""
    return item.kind == "due" and item.facts.get("what") == ANNOUNCED


def _faults(ground: Ground, asked: Asked) -> tuple[Account, tuple[Item, ...], tuple[Gap, ...]]:
    if ground.troubles is None:
        return Account(asked.as_of_ms), (), ()
    days = days_of(asked.pack, shipped())
    terms = terms_of(asked.pack, asked.options)
    account, items, gaps = counted_faults(terms, ground.troubles, asked.period, asked.as_of_ms, days)
    if terms.faults is not None:
        items = (*items, *interruptions(account, terms.faults, asked.period))
    return account, tuple(_of_entries(one) for one in items), gaps


def _of_entries(item: Item) -> Item:
    """The item with proofs that name entries only: a run of looks is proven by more than one line."""
    return replace(item, proofs=tuple(dict.fromkeys(replace(one, line=None) for one in item.proofs)))


def backups_from(asked: Asked) -> int:
    """From when on backups count in a period or in its ledger; older ones tell of months without only."""
    begin = asked.period.from_ms
    span = begin, asked.period.to_ms
    question = counting(asked.pack, asked.options, asked.term, span, asked.as_of_ms, shipped())
    since = None if question is None else backups_since(question, priced.wanted(question, asked.pack))
    return begin if since is None else min(begin, since)


def _due(ground: Ground, asked: Asked, findings: Sequence[Finding]) -> Found:
    span = asked.period.from_ms, asked.period.to_ms
    question = counting(asked.pack, asked.options, asked.term, span, asked.as_of_ms, shipped())
    if question is None:
        return (), ()
    found = changed(changes(findings, ground.said, ground.rounds, span), ground.applied, ground.said, span)
    extra = Extra(special=ground.special, events=tuple(events(found)), deeds=tuple(deeds(found)))
    base = seen_by_all(question, ground, priced.wanted(question, asked.pack))
    made, missing = counted(question, asked.pack, ground, extra, base)
    return made, (*missing, *priced.gaps(question, ground, asked, base))
