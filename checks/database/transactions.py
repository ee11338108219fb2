"""Long transactions, prepared ones left behind, and the age of transaction numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from checks.api import Check, Reading, Seen, Source, Unit, Upper, percent
from checks.sql import GRANTS, TRIED_ON, Reach, Sql, Transactions, hidden, limited


@dataclass(frozen=True, slots=True)
class Facts:
    transactions: Transactions


@dataclass(frozen=True, slots=True)
class Params(Reach):
    """Limits: seconds; per cent of the transaction numbers before the server stops; row versions kept."""

    longest_s: Upper = Upper(1800, 14_400)
    longest_prepared_s: Upper = Upper(600, 3600)
    wraparound: Upper = Upper(50, 80)
    history: Upper = Upper(100_000, 5_000_000)


def observe(sql: Sql, params: Params) -> Facts:
    return Facts(sql.transactions(params))


def judge(seen: Seen[Facts], params: Params) -> Iterator[Reading]:
    found = seen.facts.transactions
    # No open transaction has no age: that is the best there can be, unless some were hidden.
    longest = 0 if found.open == 0 and found.longest_s is None else found.longest_s
    yield limited("longest_transaction", longest, Unit.SECONDS, params.longest_s, "lasts_too_long")
    yield from hidden(found.hidden)
    if found.prepared:
        waited = found.longest_prepared_s
        yield limited("longest_prepared", waited, Unit.SECONDS, params.longest_prepared_s, "lasts_too_long")
    if found.xid_age is not None:
        share = percent(found.xid_age, found.xid_limit)
        yield limited("wraparound", share, Unit.PERCENT, params.wraparound, "too_old")
    if found.history is not None:
        yield limited("history", found.history, Unit.COUNT, params.history, "too_many")


CHECK = Check(
    id="database.transactions",
    version=1,
    title="数据库长事务与事务号",
    title_en="Long transactions and transaction age",
    source=Source.SQL,
    facts=Facts,
    params=Params,
    observe=observe,
    judge=judge,
    clauses=("PD-48",),
    needs=(*GRANTS, TRIED_ON),
)
