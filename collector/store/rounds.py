"""Rounds: the rules in force, what was looked at in which window, and the records of closed rounds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, Text, insert, select

from checks.codec import from_json, to_json
from checks.plan import RoundPlan, Window
from checks.wire import strict_json
from collector.store.bulk import upsert
from collector.store.metadata import BIG, metadata

rule_table = Table(
    "round_rule",
    metadata,
    Column("round", Text, primary_key=True),
    Column("idx", BIG, primary_key=True, autoincrement=False),
    Column("since", BigInteger, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("rule", Text, nullable=False),
)
done_table = Table(
    "round_done",
    metadata,
    Column("window", Text, primary_key=True),
    Column("check", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("vantage", Text, primary_key=True),
    Column("t", BigInteger, nullable=False),
    Column("state", Text),
    Column("error", Text),
    Column("idx", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("received", BigInteger, nullable=False),
)
record_table = Table(
    "round_record",
    metadata,
    Column("window", Text, primary_key=True),
    Column("round", Text, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("closes", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("idx", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
    Column("closed", BigInteger, nullable=False),
    Column("due", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("late", Integer, nullable=False),
    Column("missed", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("problems", Integer, nullable=False),
)
Index("round_record_round", record_table.c.round, record_table.c.opened)
Index("round_record_closed", record_table.c.closed)


@dataclass(frozen=True, slots=True)
class Rule:
    """A round's recurrence from an instant on; no plan: the round ended there."""

    round: str
    idx: int
    since_ms: int
    timezone: str
    plan: RoundPlan | None


class DoneRow(NamedTuple):
    """The look of an agent that counts in a window: a reading before an error, the first reading."""

    window: str
    check: str
    target: str
    vantage: str
    t: int
    state: str | None
    error: str | None
    idx: int
    line: int
    received: int


class RecordRow(NamedTuple):
    """A closed round: window, the entry of its record, and the record's counts."""

    window: str
    round: str
    opened: int
    closes: int
    until: int
    idx: int
    digest: str
    closed: int
    due: int
    done: int
    late: int
    missed: int
    errors: int
    problems: int


def set_rule(conn: Connection, rule: Rule) -> None:
    """Note a round's recurrence if it differs from the one before."""
    text = "" if rule.plan is None else _rule_text(rule.plan)
    table = rule_table
    newest = (
        select(table.c.rule, table.c.timezone)
        .where(table.c.round == rule.round)
        .order_by(table.c.idx.desc())
        .limit(1)
    )
    last = conn.execute(newest).first()
    if (last is None and text == "") or (last is not None and tuple(last) == (text, rule.timezone)):
        return
    row = (rule.round, rule.idx, rule.since_ms, rule.timezone, text)
    upsert(conn, table, [row])


def _rule_text(plan: RoundPlan) -> str:
    kept = RoundPlan(plan.id, (), plan.every, plan.on, plan.window, plan.windows)
    return strict_json.dumps(to_json(kept)).decode()


def rules(conn: Connection) -> dict[str, list[Rule]]:
    """Every round's rules, oldest first."""
    made: dict[str, list[Rule]] = {}
    table = rule_table
    for round_, idx, since, timezone, text in conn.execute(
        select(table).order_by(table.c.round, table.c.idx)
    ):
        plan = from_json(RoundPlan, strict_json.loads(text.encode()), "rule") if text else None
        made.setdefault(round_, []).append(Rule(round_, idx, since, timezone, plan))
    return made


def end_missing(conn: Connection, kept: Iterable[str], idx: int, since_ms: int) -> None:
    """End the rules of rounds that the new estate has no more."""
    known = {row[0] for row in conn.execute(select(rule_table.c.round).distinct())}
    for gone in sorted(known - set(kept)):
        set_rule(conn, Rule(gone, idx, since_ms, "", None))


def save_done(conn: Connection, rows: Sequence[DoneRow]) -> None:
    """Keep looks of rounds; one that is there stays unless it is an error."""
    upsert(conn, done_table, rows, when='"round_done"."error" IS NOT NULL')


def done(conn: Connection, window: str) -> list[DoneRow]:
    """Looks of a window, by target and check."""
    table = done_table
    wanted = select(table).where(table.c.window == window).order_by(table.c.target, table.c.check)
    return [DoneRow(*row) for row in conn.execute(wanted)]


def add_record(conn: Connection, row: RecordRow) -> None:
    """Follow a record's entry."""
    conn.execute(insert(record_table).values(tuple(row)))


def record(conn: Connection, window: str) -> RecordRow | None:
    """The record of a window, if the round is closed."""
    found = conn.execute(select(record_table).where(record_table.c.window == window)).first()
    return RecordRow(*found) if found else None


def records(conn: Connection, from_ms: int = 0, to_ms: int = 2**53) -> list[RecordRow]:
    """Closed rounds whose window opened in [from, to), oldest first."""
    table = record_table
    wanted = select(table).where(table.c.opened >= from_ms, table.c.opened < to_ms)
    return [RecordRow(*row) for row in conn.execute(wanted.order_by(table.c.opened, table.c.window))]


def closed_after(conn: Connection, after_ms: int) -> list[RecordRow]:
    """Rounds that were closed after an instant, oldest first."""
    table = record_table
    wanted = select(table).where(table.c.closed > after_ms)
    return [RecordRow(*row) for row in conn.execute(wanted.order_by(table.c.opened, table.c.window))]


def last_record(conn: Connection, round_: str, before_ms: int) -> RecordRow | None:
    """The newest record of a round whose window opened before an instant."""
    table = record_table
    wanted = select(table).where(table.c.round == round_, table.c.opened < before_ms)
    found = conn.execute(wanted.order_by(table.c.opened.desc()).limit(1)).first()
    return RecordRow(*found) if found else None


def to_window(row: RecordRow) -> Window:
    """The window of a record."""
    return Window(row.window, row.opened, row.closes, row.until)
