"""`status`: what this agent has done and how it stands, read from its state directory."""

import fcntl
import os
from typing import Any

from agent import plans
from agent.errors import AgentError
from agent.outbox import Outbox
from agent.shown import Shown
from agent.state import Identity, State
from agent.status_text import text

_STALE_MS = 180_000  # it is written each minute
_CALM = ("ok", "starting", "pending")


def read(state: State, now: int) -> Shown:
    """Exit 1 when a person is needed: sending stopped, the log contradicts itself, nothing runs, refused."""
    identity = state.identity()
    path = state.path("outbox.db")
    if not path.exists():
        value = {**_who(state, identity), "running": False, "troubles": ["not_running"]}
        return Shown(value, text(value), 1)
    outbox = Outbox(path, create=False)
    try:
        value = _value(state, identity, outbox, now)
    finally:
        outbox.close()
    return Shown(value, text(value), 1 if value["troubles"] else 0)


def _who(state: State, identity: Identity) -> dict[str, Any]:
    return {
        "state": str(state.root),
        "agent": identity.agent,
        "epoch": identity.epoch,
        "enrolment": identity.status,
        "collector": identity.url,
        "log": identity.origin,
    }


def _value(state: State, identity: Identity, outbox: Outbox, now: int) -> dict[str, Any]:
    running = outbox.get("running") or {}
    halt, alarm = outbox.get("halt"), outbox.get("log_alarm")
    lines, size = outbox.waiting()
    head = outbox.get("head")
    counts = outbox.counts()
    alive = _alive(state)
    value = {
        **_who(state, identity),
        "running": alive,
        "contact": running.get("contact"),
        "plan": _plan(outbox, identity),
        "chain": {"seq": head["seq"] if isinstance(head, dict) else -1},
        "spool": {
            "waiting_lines": lines,
            "waiting_bytes": size,
            "unsent": counts.get("unsent", 0) + counts.get("sent", 0),
            "accepted": counts.get("accepted", 0),
            "proven": counts.get("proven", 0),
            "bytes": outbox.size(),
        },
        "seen": outbox.get("seen"),
        "since_start": {key: running.get(key, 0) for key in _SINCE},
        "clock": {key: running.get(key) for key in ("offset_us", "jumps", "last_jump_ms", "last_jump_at")},
        "halt": halt,
        "log_alarm": alarm,
        "quarantine": _quarantine(state),
    }
    value["troubles"] = _troubles(value, running, now)
    return value


_SINCE = ("started", "looks", "timeouts", "overlaps", "stuck", "dropped")


def _alive(state: State) -> bool:
    """Whether a process holds the lock."""
    try:
        file = os.open(state.path("agent.lock"), os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False


def _plan(outbox: Outbox, identity: Identity) -> dict[str, Any] | None:
    from agent.daemon import unsupported

    try:
        held = plans.kept(outbox, identity)
    except AgentError as error:
        return {"error": error.detail}
    if held is None:
        return None
    plan = held.plan
    return {
        "digest": held.digest,
        "made": plan.made_ms,
        "items": len(plan.items),
        "rounds": len(plan.rounds),
        "unsupported": unsupported(plan),
    }


def _quarantine(state: State) -> list[str]:
    place = state.path("quarantine")
    return sorted(path.name for path in place.glob("*.frame")) if place.is_dir() else []


def _troubles(value: dict[str, Any], running: dict[str, Any], now: int) -> list[str]:
    """Code words of what needs a person, worst first."""
    alarm, halt, contact, plan = (value[key] for key in ("log_alarm", "halt", "contact", "plan"))
    word = contact["word"] if contact else "ok"
    said = (
        (alarm is not None, f"log_{alarm['why']}" if alarm else ""),
        (halt is not None, f"halted_{halt['why']}" if halt else ""),
        (not value["running"], "not_running"),
        (value["running"] and now - running.get("at", 0) > _STALE_MS, "not_recording"),
        (word not in _CALM, f"collector_{word}"),
        (plan is None, "no_plan"),
        (bool(plan and (plan.get("unsupported") or plan.get("error"))), "plan_unsupported"),
        (value["since_start"]["dropped"] > 0, "results_dropped"),
    )
    return [code for bad, code in said if bad]
