"""When rounds are due and what became of them: open windows by rule and plan, closed ones by record."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from checks.plan import Window
from checks.recurrence import windows
from collector.store import plans, rounds
from collector.store.rounds import RecordRow, Rule, done_table


@dataclass(frozen=True, slots=True)
class Occasion:
    """One window of a round. `due` pairs of check and target, `done` with a reading, `errors` without."""

    round: str
    window: Window
    state: str
    due: int
    done: int
    errors: int
    record: RecordRow | None


def occasions(conn: Connection, now: int, from_ms: int, to_ms: int) -> list[Occasion]:
    """Every window with a part in [from, to), by start."""
    records = {row.window: row for row in rounds.records(conn, from_ms - 366 * 86_400_000, to_ms)}
    owed = due_pairs(conn)
    found: dict[str, Occasion] = {}
    for round_, rules in rounds.rules(conn).items():
        for window in _windows(rules, from_ms, to_ms):
            done, errors = _progress(conn, window.id) if window.from_ms <= now else (0, 0)
            state = _state(window, now, done, owed.get(round_, 0))
            found[window.id] = Occasion(round_, window, state, owed.get(round_, 0), done, errors, None)
    for row in records.values():
        if row.opened < to_ms and row.until > from_ms:
            window = rounds.to_window(row)
            counts = (row.due, row.done, row.errors)
            found[row.window] = Occasion(row.round, window, record_state(row), *counts, row)
    return sorted(found.values(), key=lambda one: (one.window.from_ms, one.window.id))


def due_pairs(conn: Connection) -> dict[str, int]:
    """How many pairs of check and target each round owes by the plans in force."""
    owed: dict[str, set[tuple[str, str]]] = {}
    for _, _, plan in plans.current_plans(conn):
        for part in plan.rounds:
            owed.setdefault(part.id, set()).update((item.check, item.target) for item in part.items)
    return {round_: len(pairs) for round_, pairs in owed.items()}


def record_state(row: RecordRow) -> str:
    """A closed round in one word; the worst counts."""
    if row.missed:
        return "missed" if row.missed >= row.due else "incomplete"
    return "late" if row.late else "done"


def _windows(rules: Iterable[Rule], from_ms: int, to_ms: int) -> list[Window]:
    """Windows by each rule for as long as it was in force."""
    ordered, found = list(rules), []
    for number, rule in enumerate(ordered):
        end = ordered[number + 1].since_ms if number + 1 < len(ordered) else to_ms
        if rule.plan is None:
            continue
        for window in windows(rule.plan, rule.timezone, max(from_ms, rule.since_ms), min(to_ms, end)):
            if window.from_ms < end and window.to_ms > rule.since_ms:
                found.append(window)
    return found


def _progress(conn: Connection, window: str) -> tuple[int, int]:
    """(pairs with a reading, pairs with errors only)."""
    table = done_table
    count, readings = func.count(), func.count(table.c.state)
    row = conn.execute(select(count, readings).where(table.c.window == window)).one()
    return int(row[1]), int(row[0]) - int(row[1])


def _state(window: Window, now: int, done: int, due: int) -> str:
    """A window without a record yet."""
    if now < window.from_ms:
        return "planned"
    if due and done >= due:
        return "done"
    if now < window.to_ms:
        return "due"
    return "late" if now < window.until_ms else "open"
