"""Applying an estate: log it with a plan for each agent; plans for new agents and for rounds by hand."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from checks import plan as plans_wire
from checks.plan import Plan, Window
from checks.recurrence import day_of, zone
from checks.wire.numbers import EntryKind
from collector.availability.calendar_cn import shipped
from collector.availability.estate_terms import encode as encode_terms
from collector.context import Context
from collector.estate import changes, compiling, contract_notes, contracts, services
from collector.estate.changes import Change
from collector.estate.compiling import Issue
from collector.estate.errors import EstateError
from collector.estate.loading import Loaded, unpacked
from collector.estate.model import Contract
from collector.evidence.agents import AgentState
from collector.inspection.due import BY_HAND
from collector.jobs import projection
from collector.jobs.projection import Wanted
from collector.store import agents, estates, plans, scorecards

_YEAR_MS = 366 * 86_400_000
BY_HAND_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an apply did: the estate's entry (None: it was in force), agents with a new plan, agents that
    the estate names and that are not enrolled."""

    idx: int | None
    digest: str
    agents: tuple[str, ...]
    waiting: tuple[str, ...] = ()


class RoundError(Exception):
    """The round cannot be run: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


def compare(context: Context, loaded: Loaded) -> list[Change]:
    """What applying would change."""
    with context.read() as conn:
        applied = estates.newest(conn)
        try:
            old = estates.loaded(conn, applied.idx) if applied else None
        except EstateError:
            old = None  # an older version's checks took other parameters: everything shows as new
    return changes.between(old, loaded)


def notes(context: Context, loaded: Loaded) -> list[str]:
    """What the owner of the estate should know; what becomes of periods if its contract changes."""
    with context.read() as conn:
        applied = estates.newest(conn)
        before = None if applied is None else estates.terms(conn, applied.idx).contract
        sealed = {row.period for row in scorecards.sealed(conn)}
    old = None if before is None else Contract(before.pack, before.start, dict(before.options))
    today = day_of(context.now(), zone(loaded.estate.timezone))
    return [
        *loaded.notes,
        *contract_notes.start_note(loaded.estate.contract, today),
        *contract_notes.weights_note(loaded.estate),
        *contract_notes.changed(old, loaded.estate.contract, sealed),
        *compiling.provisional(loaded, shipped(), context.now() + _YEAR_MS),
    ]


def apply(context: Context, loaded: Loaded, *, by: str) -> Outcome:
    """Log the estate and a plan for every approved agent; nothing when all of it is in force already."""
    now = context.now()
    with context.read() as conn:
        applied = estates.newest(conn)
        current = {agent: (epoch, plan) for agent, epoch, plan in plans.current_plans(conn)}
        living = dict(_living(conn))
        same = applied is not None and applied.digest == loaded.digest
        # A newer version of the contract's pack comes into force with the next apply, and is logged with it.
        if same and applied is not None:
            same = estates.terms(conn, applied.idx).contract == contracts.contract(loaded)
    # Epoch 0: the estate asks for it though nobody has enrolled there yet, so that it is due, and missing.
    # An agent that is neither enrolled nor named any more gets an empty plan once: nothing is due there.
    named = set(loaded.agents) | {agent for agent, (_, plan) in current.items() if plan.items or plan.rounds}
    wants = {agent: 0 for agent in named} | living
    extra = _by_hand(current, now)
    parts = compiling.shares(loaded)
    made = [
        compiling.plan_for(
            loaded,
            Issue(context.origin, agent, wants[agent], now),
            shipped(),
            extra,
            parts.get(agent, compiling.Share()),
        )
        for agent in sorted(wants)
    ]
    fresh = [plan for plan in made if not same or not _in_force(plan, current)]
    if same and not fresh:
        return Outcome(None, loaded.digest, ())
    wanted: list[Wanted] = [] if same else [_estate_entry(loaded, by)]
    wanted += [_plan_entry(plan, by) for plan in fresh]

    def guard(conn: Connection) -> None:
        newest = estates.newest(conn)
        if (newest.idx if newest else None) != (applied.idx if applied else None):
            raise RoundError("changed", "another estate was applied meanwhile: look at the diff again")

    idxs = projection.log(context, wanted, guard)
    return Outcome(
        None if same else idxs[0],
        loaded.digest,
        tuple(plan.agent for plan in fresh if plan.epoch),
        tuple(sorted(set(loaded.agents) - set(living))),
    )


def readable(context: Context) -> None:
    """EstateError where this program cannot read the estate in force."""
    with context.read() as conn:
        applied = estates.newest(conn)
        if applied is not None:
            estates.loaded(conn, applied.idx)


def issue_for_agent(context: Context, agent: str, epoch: int, by: str) -> int | None:
    """Log the plan of an agent that was just approved; None while no estate has been applied."""
    with context.read() as conn:
        applied = estates.newest(conn)
        if applied is None:
            return None
        loaded = estates.loaded(conn, applied.idx)
        current = {name: (e, plan) for name, e, plan in plans.current_plans(conn)}
    plan = _plan(context, loaded, agent, epoch, _by_hand(current, context.now()))
    return projection.log(context, [_plan_entry(plan, by)])[0]


def run_round(context: Context, round_id: str, *, by: str) -> tuple[Window, tuple[str, ...], tuple[str, ...]]:
    """Have a round run now: a window of an hour in the plans of all agents that have a part in it.

    The window, the agents that are asked, and those that nobody enrolled: what these owe is due as well,
    and will be missing in the record.
    """
    now = context.now()
    with context.read() as conn:
        concerned = [
            (epoch, plan)
            for _, epoch, plan in plans.current_plans(conn)
            if any(part.id == round_id for part in plan.rounds)
        ]
        living = set(_living(conn))
    concerned = [(epoch, plan) for epoch, plan in concerned if not epoch or (plan.agent, epoch) in living]
    asked = tuple(plan.agent for epoch, plan in concerned if epoch)
    if not asked:
        raise RoundError("no_such_round", f"no agent's plan has a round {round_id}")
    window = Window(f"{round_id}{BY_HAND}{now}", now, now + BY_HAND_MS, now + 2 * BY_HAND_MS)
    made = [_with_window(replace(plan, made_ms=now), round_id, window) for _, plan in concerned]
    projection.log(context, [_plan_entry(plan, by) for plan in made])
    return window, asked, tuple(plan.agent for epoch, plan in concerned if not epoch)


def _with_window(plan: Plan, round_id: str, window: Window) -> Plan:
    parts = (
        replace(part, windows=(*_open(part.windows, part.id, plan.made_ms), window))
        if part.id == round_id
        else part
        for part in plan.rounds
    )
    return replace(plan, rounds=tuple(parts))


def _open(windows: tuple[Window, ...], round_id: str, now: int) -> tuple[Window, ...]:
    """All windows but those by hand that have passed."""
    return tuple(w for w in windows if w.until_ms > now or not w.id.startswith(f"{round_id}{BY_HAND}"))


def _by_hand(current: dict[str, tuple[int, Plan]], now: int) -> dict[str, tuple[Window, ...]]:
    """Windows of rounds run by hand that are still open: an apply in between must not lose them."""
    found: dict[str, dict[str, Window]] = {}
    for _, plan in current.values():
        for part in plan.rounds:
            for window in part.windows:
                if window.id.startswith(f"{part.id}{BY_HAND}") and window.until_ms > now:
                    found.setdefault(part.id, {})[window.id] = window
    return {round_id: tuple(sorted(w.values(), key=lambda one: one.id)) for round_id, w in found.items()}


def _living(conn: Connection) -> Iterator[tuple[str, int]]:
    """(agent, epoch) of every approved agent in its newest life."""
    for agent in agents.every(conn):
        if agent.state is AgentState.APPROVED and agent.epoch == agent.newest_epoch:
            yield agent.agent, agent.epoch


def _plan(
    context: Context, loaded: Loaded, agent: str, epoch: int, extra: dict[str, tuple[Window, ...]]
) -> Plan:
    issue = Issue(context.origin, agent, epoch, context.now())
    return compiling.plan_for(loaded, issue, shipped(), extra)


def _in_force(plan: Plan, current: dict[str, tuple[int, Plan]]) -> bool:
    held = current.get(plan.agent)
    return held is not None and replace(held[1], made_ms=plan.made_ms) == plan


def _estate_entry(loaded: Loaded, by: str) -> Wanted:
    document = services.document(loaded, unpacked(loaded.body), shipped())
    header = {
        "kind": "estate",
        "name": loaded.estate.estate,
        "estate": loaded.digest,
        "rounds": [part.id for part in loaded.estate.rounds],
        "by": by,
    }
    return EntryKind.PLAN, header, encode_terms(document)


def _plan_entry(plan: Plan, by: str) -> Wanted:
    header = {"agent": plan.agent, "epoch": plan.epoch, "estate": plan.estate, "by": by}
    return EntryKind.PLAN, header, plans_wire.encode(plan)
