"""Statements of people about rounds: when they were made, what they answer, what they name; photographs.

They are graded D: entered through an account's session and signed by the collector. What they say of a round
is compared when its record is made anew (records.py); here each one is held against the round it is for.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from checks.codec import FieldError
from checks.plan import Window
from checks.wire.errors import WireError
from checks.wire.numbers import EntryKind
from collector.inspection import human as people
from collector.inspection.due import BY_HAND
from collector.inspection.human import HumanRound, Statement
from collector.verify.findings import Findings
from collector.verify.history import Applied, History, Said

_MONTH_MS = 30 * 86_400_000
NEAR_MS = 120_000  # between the collector's time in the header and the log's receipt
Verdict = tuple[str, str, str]
_GRADE = (
    "human items are grade D: entered through the session of the account named, signed by the collector "
    "and not by the person; what was seen on the spot is not proven"
)


def is_human(said: Said) -> bool:
    """Whether the entry is a statement about what people inspect."""
    return said.kind is EntryKind.STATEMENT and said.header.get("kind") in people.KINDS


def statements_of(history: History) -> dict[str, tuple[Statement, ...]]:
    """Readable statements by window, oldest first."""
    made: dict[str, list[Statement]] = {}
    for said in filter(is_human, history.said):
        one = _read(said)
        if isinstance(one, Statement):
            made.setdefault(one.head.window, []).append(one)
    return {window: tuple(sorted(found, key=lambda one: one.idx)) for window, found in made.items()}


def _read(said: Said) -> Statement | str:
    """The statement, or what is wrong with it."""
    try:
        return people.read(said.idx, said.received_ms, said.header, said.document)
    except (WireError, FieldError) as error:
        return str(error)


def check_statements(
    history: History, photos: Mapping[str, str], begin: int, findings: Findings
) -> list[Verdict]:
    """A claim for each window that people said something about from entry `begin` on.

    `photos`: photographs that the bundle holds, by name, with the digest of their bytes.
    """
    for said in filter(is_human, history.said):
        if said.idx >= begin and isinstance(problem := _read(said), str):
            findings.add("bad_statement", f"entry {said.idx}", problem)
    verdicts = []
    named: set[str] = set()
    for window_id, found in statements_of(history).items():
        wrong = list(_window_problems(history, window_id, found))
        own = [(idx, problem) for idx, problem in wrong if idx >= begin]
        for idx, problem in own:
            findings.add("bad_statement", f"entry {idx}", problem)
        recent = [one for one in found if one.idx >= begin]
        named |= {name for one in recent for a in (one.sheet.items if one.sheet else ()) for name in a.photos}
        if recent:
            findings.count("statements of people", len(recent))
            findings.notice(_GRADE)
            verdicts.append((f"human items of {window_id}", *_verdict(found, bool(own))))
    _photos(named, photos, findings)
    return verdicts


def _verdict(found: Sequence[Statement], contradicted: bool) -> tuple[str, str]:
    sheets = [one for one in found if one.sheet is not None]
    answers = sum(len(one.sheet.items) for one in sheets if one.sheet)
    late = [one for one in sheets if one.head.late]
    answers_late = sum(len(one.sheet.items) for one in late if one.sheet)
    who = ", ".join(sorted({one.head.by for one in sheets})) or "nobody"
    signed = sorted({one.head.by for one in found if one.head.kind == people.SIGN_OFF})
    word = "contradicted" if contradicted else "human"
    by = ", ".join(signed) or "nobody"
    return word, (
        f"{answers} answers on {len(sheets)} sheets; late: {answers_late} answers on {len(late)} sheets; "
        f"signed off by {by}; grade {people.GRADE}: "
        f"entered through the session of {who}, signed by the collector, not by the person"
    )


def _window_problems(
    history: History, window_id: str, found: Sequence[Statement]
) -> Iterator[tuple[int, str]]:
    """(entry, problem) for what does not fit the round or one another."""
    held: dict[tuple[str, str], int] = {}
    arrivals: dict[int, str] = {}
    sheets: list[int] = []
    for one in found:
        window, part = _round_of(history, window_id, one)
        for problem in (
            *_time(one, window),
            *_answers(one, part, held, arrivals),
            *_sign_off(one, sheets),
        ):
            yield one.idx, problem
        if one.head.kind == people.ARRIVAL:
            arrivals[one.idx] = one.head.by
        elif one.sheet is not None:
            sheets.append(one.idx)
            held |= {(one.head.asset, answer.item): one.idx for answer in one.sheet.items}


def _round_of(history: History, window_id: str, one: Statement) -> tuple[Window | None, HumanRound | None]:
    """The window that the log's terms give this id, and what people owe in it.

    An estate applied meanwhile may have moved the window: one that the statement fits goes before the newest.
    """
    round_id = window_id.partition("/")[0]
    known = [applied for applied in history.estates if applied.idx < one.idx]
    windows = list(_windows(history, known, window_id, one))
    window = next((w for w in windows if not any(_in_time(one, w))), windows[-1] if windows else None)
    if window is None:
        return None, None
    return window, people.governing(round_id, window, [(a.at_ms, a.terms.human) for a in known])


def _windows(history: History, known: Sequence[Applied], window_id: str, one: Statement) -> Iterator[Window]:
    """Windows of this id: of rounds run by hand, then as each estate has it, oldest first."""
    for issue in history.issues if BY_HAND in window_id else ():
        if issue.idx < one.idx:
            yield from (w for part in issue.plan.rounds for w in part.windows if w.id == window_id)
    for applied in known:
        for part in applied.terms.human:
            if part.round == window_id.partition("/")[0]:
                window = _window(part, applied.terms.timezone, window_id, one.head.at // _MONTH_MS)
                yield from () if window is None else (window,)


@lru_cache(maxsize=4096)  # a round's statements are many, and all near one another
def _window(part: HumanRound, timezone: str, window_id: str, month: int) -> Window | None:
    return people.window_of(part, timezone, window_id, month * _MONTH_MS)


def _time(one: Statement, window: Window | None) -> Iterator[str]:
    if abs(one.received_ms - one.head.at) > NEAR_MS:
        yield "says another time than that of its receipt"
    if window is None:
        yield f"is about {one.head.window}, which no estate in the log has"
    else:
        yield from _in_time(one, window)


def _in_time(one: Statement, window: Window) -> Iterator[str]:
    head = one.head
    if head.at < window.from_ms:
        yield f"was entered before {head.window} began"
    if head.late != (head.at >= window.to_ms):
        yield f"was entered {'in time' if head.late else 'after the window ended'} and says otherwise"


def _answers(
    one: Statement,
    part: HumanRound | None,
    held: Mapping[tuple[str, str], int],
    arrivals: Mapping[int, str],
) -> Iterator[str]:
    if one.sheet is None:
        return
    if arrivals.get(one.head.arrival if one.head.arrival is not None else -1) != one.head.by:
        yield f"names no arrival of {one.head.by} before it"
    due = frozenset() if part is None else part.keys
    for answer in one.sheet.items:
        key = (one.head.asset, answer.item)
        if key not in due:
            yield f"answers {answer.item} of {one.head.asset}, which is not due"
        if answer.corrects != held.get(key):
            yield f"answers {answer.item} of {one.head.asset} again without naming the newest answer"


def _sign_off(one: Statement, sheets: Sequence[int]) -> Iterator[str]:
    if one.head.kind != people.SIGN_OFF:
        return
    seen = [idx for idx in sheets if idx <= (one.head.upto or 0)]
    if not seen or seen[-1] != one.head.upto or len(seen) != one.head.count:
        yield f"signs {one.head.count} sheets up to entry {one.head.upto}; the log has {len(seen)}"


def _photos(named: Iterable[str], photos: Mapping[str, str], findings: Findings) -> None:
    wanted = set(named)
    for name, digest in photos.items():
        if name != digest:
            findings.add("bad_photo", f"photos/{name}", f"its bytes have the digest {digest}")
        elif name not in wanted:
            findings.add("bad_photo", f"photos/{name}", "no statement here names it")
    if photos:
        findings.count("photographs", len(photos))
    if absent := len(wanted - set(photos)):
        findings.notice(f"{absent} photographs are named by digest and not in this bundle")
