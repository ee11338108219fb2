"""What people owe in a round and say of it: arrivals, sheets and sign-offs as statements in the log.

The collector signs them and names the account; the time is the collector's own. A photograph is kept (and
durable) before the sheet that names it is logged: a crash in between leaves a file that nothing names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlalchemy import Connection

from checks.plan import Window
from checks.wire import entry, strict_json
from checks.wire.numbers import EntryKind
from collector.context import Context
from collector.inspection import human as people
from collector.inspection.human import Answer, Head, HumanRound, Sheet, Statement
from collector.inspection.record import ByPeople
from collector.jobs import projection
from collector.store import accounts, evidence, human, packs, rounds, statements
from collector.store.content import content
from collector.store.evidence import BodyRow

_LIMIT_NOTE = 500


class HumanError(ValueError):
    """It cannot be entered: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Standing:
    """How a window stands for people: items due, done, and whether a sign-off is still wanted."""

    due: int = 0
    done: int = 0
    unsigned: bool = False


NOBODY = Standing()


def part_of(conn: Connection, round_id: str, window: Window) -> HumanRound | None:
    """What a window owes from people; None for nothing."""
    return people.governing(round_id, window, human.applied(conn))


def said(conn: Connection, window_id: str) -> tuple[Statement, ...]:
    """All statements about a window, oldest first."""
    return _statements(conn, human.of_window(conn, window_id, people.KINDS))


def sheets(conn: Connection, idxs: Sequence[int]) -> tuple[Statement, ...]:
    """The statements of these entries, in the order of the log."""
    return _statements(conn, idxs)


def _statements(conn: Connection, idxs: Sequence[int]) -> tuple[Statement, ...]:
    found = packs.picked(conn, idxs)
    return tuple(_read(row.idx, row.received, bytes(row.data or b""), body) for row, body in found)


@lru_cache(maxsize=8192)  # pages show the same statements again and again, and none ever changes
def _read(idx: int, received: int, data: bytes, body: BodyRow | None) -> Statement:
    header = strict_json.loads(entry.parse(data).header)
    return people.read(idx, received, header, None if body is None else content(body))


def by_people(conn: Connection, round_id: str, window: Window) -> ByPeople:
    """What a record needs: what people owed, and all that they said."""
    due = people.owed(part_of(conn, round_id, window))
    return ByPeople(due, said(conn, window.id) if due else ())


def standing(conn: Connection, part: HumanRound | None, window_id: str) -> Standing:
    """Due and done, from the projection."""
    if part is None or not part.keys:
        return NOBODY
    due = part.keys
    done = {(row.asset, row.item) for row in human.done(conn, window_id)}
    last, signed = (human.newest(conn, window_id, kind) for kind in (people.HUMAN, people.SIGN_OFF))
    return Standing(len(due), len(due & done), signed is None or (last or 0) > signed)


def photos(conn: Connection, begin: int, end: int) -> tuple[str, ...]:
    """Digests of the photographs that sheets in [begin, end) of the log name, sorted."""
    sheets = [one.idx for one in statements.of_kind(conn, people.HUMAN) if begin <= one.idx < end]
    read = (one.sheet for one in _statements(conn, sheets))
    return tuple(sorted({name for one in read if one for a in one.items for name in a.photos}))


def arrive(context: Context, window: Window, *, by: str) -> int:
    """Log that somebody is there; the entry. HumanError while the round is not open."""
    head = _head(context, window, people.ARRIVAL, by)
    return _log(context, head, None, lambda _conn: None)


def enter(context: Context, window: Window, asset: str, answers: Sequence[Answer], *, by: str) -> int:
    """Log what was entered for an asset; the entry. Once the record is made only corrections are taken.

    HumanError: `not_arrived`, `nothing`, `not_asked`, `too_long`, `not_corrected`, `same`, `hidden`,
    `planned`, `closed`.
    """
    round_id = window.id.partition("/")[0]
    with context.read() as conn:
        part = part_of(conn, round_id, window)
        arrival = arrival_of(conn, window.id, by)
        before = said(conn, window.id)
    if arrival is None:
        raise HumanError("not_arrived", f"{by} has not checked in for {window.id}")
    _check(answers, asset, frozenset() if part is None else part.keys)
    _something_new(answers, asset, before)
    sheet = Sheet(1, window.id, asset, tuple(answers))
    head = replace(_head(context, window, people.HUMAN, by), asset=asset, arrival=arrival)

    def guard(conn: Connection) -> None:
        if any(answer.corrects is None for answer in answers):
            _not_closed(conn, window)
        held = {row.item: row.idx for row in human.done(conn, window.id, asset)}
        for answer in answers:
            if held.get(answer.item) != answer.corrects:
                raise HumanError(
                    "not_corrected", f"{answer.item} was entered meanwhile (entry {held.get(answer.item)})"
                )

    return _log(context, head, people.encode_sheet(sheet), guard)


def _check(answers: Sequence[Answer], asset: str, due: frozenset[tuple[str, str]]) -> None:
    if not answers:
        raise HumanError("nothing", "no item has an answer")
    for answer in answers:
        if (asset, answer.item) not in due:
            raise HumanError("not_asked", f"{answer.item} of {asset} is not due in this round")
        if len(answer.note) > _LIMIT_NOTE:
            raise HumanError("too_long", f"{answer.item}: a note has at most {_LIMIT_NOTE} characters")
        if people.visible(answer.note) != answer.note:
            raise HumanError("hidden", f"{answer.item}: a note must not change the direction of text unseen")


def _something_new(answers: Sequence[Answer], asset: str, before: Sequence[Statement]) -> None:
    """A form that a browser sent again corrects nothing: the record would show a correction nobody made."""
    held = {
        (one.idx, answer.item): answer
        for one in before
        if one.sheet is not None and one.head.asset == asset
        for answer in one.sheet.items
    }
    for answer in answers:
        old = held.get((-1 if answer.corrects is None else answer.corrects, answer.item))
        if old is None:
            continue
        # Pictures are not sent with a form that is sent again; what came with the old answer stays with it.
        again = replace(answer, photos=old.photos, corrects=old.corrects) == old
        if again and set(answer.photos) <= set(old.photos):
            raise HumanError("same", f"{answer.item} says what entry {answer.corrects} says already")


def sign_off(context: Context, window: Window, upto: int, *, by: str) -> int:
    """Log that somebody signs everything entered up to entry `upto`; the entry.

    HumanError: `nothing` before anything was entered, `changed` when more was entered than he saw.
    """
    with context.read() as conn:
        sheets = human.of_window(conn, window.id, (people.HUMAN,))
    if not sheets:
        raise HumanError("nothing", "nothing was entered yet")
    if sheets[-1] != upto:
        raise HumanError("changed", "something was entered meanwhile: look at it first")
    head = replace(_head(context, window, people.SIGN_OFF, by), upto=upto, count=len(sheets))

    def guard(conn: Connection) -> None:
        _not_closed(conn, window)
        if human.newest(conn, window.id, people.HUMAN) != upto:
            raise HumanError("changed", "something was entered meanwhile: look at it first")

    return _log(context, head, None, guard)


def arrival_of(conn: Connection, window_id: str, by: str) -> int | None:
    """Entry of somebody's newest arrival in a window."""
    every = _statements(conn, human.of_window(conn, window_id, (people.ARRIVAL,)))
    return max((one.idx for one in every if one.head.by == by), default=None)


def _head(context: Context, window: Window, kind: str, by: str) -> Head:
    """What every header says; HumanError `planned` before the round."""
    with context.read() as conn:
        account = accounts.get(conn, by)
        # The log's time never goes back, whatever this clock does.
        now = max(context.now(), evidence.last_received(conn))
    if now < window.from_ms:
        raise HumanError("planned", f"{window.id} has not begun")
    role = "" if account is None else str(account.role)
    return Head(1, context.origin, kind, window.id, by, role, now, now >= window.to_ms)


def _not_closed(conn: Connection, window: Window) -> None:
    if rounds.record(conn, window.id) is not None:
        raise HumanError("closed", f"the record of {window.id} is made")


def _log(context: Context, head: Head, body: bytes | None, guard: Callable[[Connection], None]) -> int:
    return projection.log(context, [(EntryKind.STATEMENT, people.header(head), body)], guard)[0]
