"""What is judged of every artefact, whatever its kind: levels L0 to L3, purely from its facts.

for artefact, asked in basic.each(seen.facts.artefacts, seen.facts.stands, params):
    verdicts = [*basic.judge_base(artefact.base, asked, seen.taken_at, inner=True), *of_its_kind(...)]
    yield from levels.readings(artefact.base.name, verdicts)
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from checks.api import Reading, State, Unit
from checks.artefacts.artefact import Artefact, Placed
from checks.artefacts.levels import Level, Verdict, bad, good, untold
from checks.artefacts.look import Look, Stands

P = TypeVar("P", bound=Look)


class Based(Protocol):
    """An artefact of any kind."""

    @property
    def base(self) -> Artefact:
        """What is told of every artefact."""


A = TypeVar("A", bound=Based)

AHEAD_MS = 5 * 60_000  # clocks of two machines may differ by so much
_UNTOLD = {"timeout": "timeout", "denied": "denied", "moving": "moving", "not_a_file": "not_a_file"}


def newest(stands: Stands, params: Look) -> frozenset[str]:
    """Names of the newest that stand there, as many as are looked at each time."""
    return frozenset(one.name for one in stands.listed[: params.artefacts])


def newest_of(
    found: Iterable[Artefact], params: Look, age: Callable[[Artefact], tuple[int, str]]
) -> frozenset[str]:
    """The same among these, where what stands there is listed in another order or of several at once."""
    return frozenset(one.name for one in sorted(found, key=age, reverse=True)[: params.artefacts])


def aged(params: P, base: Artefact, newest: frozenset[str]) -> P:
    """What it is judged by: how old it may be is asked of the newest alone, not of what is read again in its
    turn (`rolling`), nor of what the newest are built on."""
    return params if base.name in newest or not params.max_age_s else replace(params, max_age_s=0)


def each(artefacts: Iterable[A], stands: Stands, params: P) -> Iterator[tuple[A, P]]:
    """Each artefact with what it is judged by (`aged`)."""
    latest = newest(stands, params)
    for one in artefacts:
        yield one, aged(params, one.base, latest)


def judge_base(base: Artefact, params: Look, taken_at: int, *, inner: bool) -> Iterator[Verdict]:
    """Verdicts at the levels present, fresh, placed and unchanged. `inner`: artefacts of this kind hold the
    time they were made at; where one does not it cannot be told how fresh it is."""
    if base.trouble == "missing":
        yield bad("missing")
        return
    yield _present(base)
    yield _fresh(base, params, taken_at, inner)
    if base.placed is not None:
        yield from judge_placed(base.placed, params)
    yield from _unchanged(base, params)


def _present(base: Artefact) -> Verdict:
    # A pipe, a socket or a device has no size of its own.
    if base.trouble == "not_a_file" and not base.bytes:
        return untold(Level.PRESENT, "not_a_file")
    return good(Level.PRESENT) if base.bytes else bad("empty")


def _fresh(base: Artefact, params: Look, taken_at: int, inner: bool) -> Verdict:
    # The file's own time is only believed where it speaks against it.
    inside = base.made.end if base.made.end is not None else base.made.start
    known = [one for one in (base.made.start, base.made.end, base.modified) if one is not None]
    if max(known) > taken_at + AHEAD_MS:
        return bad("from_the_future")
    if params.max_age_s and inside is not None and taken_at - inside > params.max_age_s * 1000:
        return bad("old_inside")
    if params.max_age_s and inside is None and taken_at - base.modified > params.max_age_s * 1000:
        return bad("late")
    if inner and inside is None:
        return untold(Level.FRESH, "not_recorded")
    return good(Level.FRESH)


def judge_placed(placed: Placed, params: Look) -> Iterator[Verdict]:
    """Mode, owner, and the directories above it."""
    allowed = int(params.mode, 8) if params.mode else 0o750
    if not placed.link_to and placed.mode & 0o777 & ~allowed:
        yield bad("open_to_others", f"{placed.mode:04o}")
    if params.owner and placed.owner not in params.owner:
        # A number where no names are told (SFTP) is neither the right one nor a wrong one.
        foreign = placed.owner.isdigit() and not all(one.isdigit() for one in params.owner)
        yield untold(Level.PLACED, "unsupported") if foreign else bad("wrong_owner", placed.owner)
    for folder in placed.parents_open:
        yield bad("parent_writable", folder)
    for folder in placed.parents_untold:
        yield untold(Level.PLACED, "denied", folder)
    yield good(Level.PLACED)


def _unchanged(base: Artefact, params: Look) -> Iterator[Verdict]:
    if base.trouble == "not_a_file" and base.placed is not None and base.placed.link_to:
        yield untold(Level.UNCHANGED, "not_followed", base.placed.link_to)
    elif base.trouble:
        yield untold(Level.UNCHANGED, _UNTOLD.get(base.trouble, "not_read"))
    elif base.recorded and base.sha256:
        yield good(Level.UNCHANGED) if base.recorded == base.sha256 else bad("changed")
    elif base.recorded:
        yield untold(Level.UNCHANGED, "not_read")
    elif params.recorded:
        yield bad("manifest_missing")


def judge_stands(stands: Stands) -> Iterator[Reading]:
    """`stands`: how many there are; none is bad, and only under temporary names is none. Where there are
    more than were gone through nobody knows what is missing."""
    if stands.cut:
        yield Reading("stands", stands.count, Unit.COUNT, State.UNKNOWN, "too_much")
    elif stands.count:
        yield Reading("stands", stands.count, Unit.COUNT, State.OK)
    else:
        reason = "unfinished" if stands.unfinished else "missing"
        yield Reading("stands", 0, Unit.COUNT, State.CRIT, reason)
