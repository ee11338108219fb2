"""`once`: take every look of a plan once, without a server, into a sealed file (xz of frames).

The batches belong to the agent's own chain and stay in its outbox: imported later, or sent when the
collector is reached, they are the same bytes and count once. The file holds everything that no answer has
confirmed yet, so its chain has no hole.
"""

import lzma
import os
import time
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

from agent import machine, plans, settings
from agent.clock import Clock, Sample, boot_id
from agent.daemon import unsupported
from agent.errors import AgentError
from agent.memory import Recent
from agent.outbox import SENT, UNSENT, Outbox
from agent.plans import Held
from agent.runner import Done, Eyes, Pool
from agent.seal import Moment, Sealer
from agent.shown import Shown
from agent.state import Identity, State
from agent.timetable import Due, item_key, round_due, round_memory
from checks.plan import Plan
from checks.recurrence import windows
from checks.wire import frame

MOST_PLAN = 16 * 1024 * 1024


def run(state: State, plan_path: Path, seal_path: Path) -> Shown:
    """Look, sign, write the file. Exit 0 even when something looked at is bad: the file says so."""
    with state.locked():
        identity = state.identity()
        if identity.status == "asked":
            raise AgentError("not_enrolled", "this enrolment was never answered: run `enrol` again")
        signer = state.signer()
        machine.check_machine(identity.machine, machine.read_machine(signer.public))
        given = settings.read(state)
        outbox = Outbox(state.path("outbox.db"))
        try:
            held = _plan(plan_path, identity, outbox)
            clock = Clock()
            recent = Recent(outbox)
            pool = Pool(Eyes(identity.agent, given.means(state), clock), recent, clock)
            try:
                done = _look(pool, held, clock)
            finally:
                pool.close()
            outbox.record(one.finished for one in done)
            sealer = Sealer(outbox, identity, signer)
            sealer.flush(Moment(clock.sample(), boot_id(), None, held.digest))
            count, size = _seal(outbox, seal_path)
        finally:
            outbox.close()
    errors = sum(one.result.error is not None for one in done)
    value = {
        "status": "sealed",
        "file": str(seal_path),
        "looks": len(done),
        "errors": errors,
        "unsupported": unsupported(held.plan),
        "batches": count,
        "bytes": size,
    }
    text = f"{len(done)} looks ({errors} could not be taken), {count} batches, {size} bytes in {seal_path}"
    return Shown(value, text, 0)


def _plan(path: Path, identity: Identity, outbox: Outbox) -> Held:
    """The plan file. Its signature lies beside it (`FILE.sig`, base64), or it is the plan in force here."""
    data = _read(path)
    beside = path.with_name(path.name + ".sig")
    try:
        held = plans.read(data, identity)
        if beside.exists():
            return plans.check(data, _signature(beside), identity)
    except AgentError as error:
        raise AgentError(error.code, f"{path}: {error.detail}") from None
    if outbox.get("plan_digest") == held.digest:
        return held
    raise AgentError(
        "bad_plan", f"{path}: no signature beside it ({beside.name}), and not the plan in force here"
    )


def _signature(path: Path) -> bytes:
    try:
        return b64decode(_read(path).strip(), validate=True)
    except ValueError:
        raise AgentError("bad_plan", f"{path}: not base64") from None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_PLAN + 1)
    except OSError as error:
        raise AgentError("no_file", f"{path}: {error.strerror}") from None
    if len(data) > MOST_PLAN:
        raise AgentError("bad_plan", f"{path}: more than {MOST_PLAN} bytes")
    return data


def _look(pool: Pool, held: Held, clock: Clock) -> list[Done]:
    """Every item once, now."""
    wanted = _wanted(held.plan, held.digest, clock.sample())
    for due in wanted:
        pool.submit(due)
    done: list[Done] = []
    while len(done) < len(wanted):
        time.sleep(0.05)
        pool.sweep()
        done += pool.ended()
    return done


def _wanted(plan: Plan, digest: str, now: Sample) -> list[Due]:
    """Items of the plan; those of a round whose window is open count for it, others are plain looks."""
    made: dict[str, Due] = {}
    for item in plan.items:
        due = Due(item_key(item), item.item, now.wall, now.mono, item.deadline_ms, item.kind == "probe")
        made[due.key] = replace(due, memory=f"{item.kind}|{due.key}")
    for each in plan.rounds:
        opened = [w for w in windows(each, plan.timezone, now.wall, now.wall + 1) if w.from_ms <= now.wall]
        for owed in each.items:
            for window in opened:
                due = round_due(each.id, window, owed, now.mono)
                made[due.key] = due
            if not opened:
                due = Due(item_key(owed), owed.item, now.wall, now.mono, owed.deadline_ms, False)
                made.setdefault(due.key, replace(due, memory=round_memory(each.id, owed)))
    return [replace(due, plan=digest) for due in made.values()]


def _seal(outbox: Outbox, path: Path) -> tuple[int, int]:
    """Write all unconfirmed frames; a crash leaves no half file under this name."""
    beside = path.with_name(path.name + ".part")
    count = 0
    try:
        with lzma.open(beside, "wb") as out:
            for batch in outbox.batches(SENT, UNSENT):
                out.write(frame.encode(batch.frame))
                count += 1
        file = os.open(beside, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)
        beside.rename(path)
    except OSError as error:
        raise AgentError("no_file", f"{path}: {error.strerror}") from None
    return count, path.stat().st_size
