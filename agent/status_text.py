"""`status` as people read it: one labelled line for each part, then what needs a person, in sentences."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from agent.shown import table

Value = Mapping[str, Any]
_TROUBLES = {
    "log_rolled_back": "the log is shorter than one that its key had signed before: "
    "do not trust it, ask who runs it",
    "log_rewritten": "the log is not a continuation of one that its key had signed before: "
    "do not trust it, ask who runs it",
    "halted_fork": "the log has another batch of this key at the same place, from a copy of this directory: "
    "nothing is sent until a person has decided which is true (roundseal-collector agents release, "
    "or enrol --force here)",
    "halted_gap": "the collector wants batches that this directory no longer has: nothing is sent; "
    "enrol --force",
    "halted_cloned": "another machine reports with this key: nothing is sent; enrol --force",
    "not_running": "no agent runs on this directory: start it with `roundseal-agent run --state STATE`",
    "not_recording": "the agent runs and has written nothing here for minutes: see its messages, "
    "and whether the disk is full",
    "no_plan": "no plan has come yet: the agent does not know what to look at "
    "(is it approved, and its asset in the estate?)",
    "plan_unsupported": "the plan asks for what this version does not have: update the agent",
    "results_dropped": "results were lost here, and the chain says so: too little room, or too much to do",
}


def text(value: Value) -> str:
    """Of the value that `--json` prints."""
    rows = [(label, said) for label, made in _LINES.items() if (said := made(value))]
    return "\n".join((table(rows), *_needs(value)))


def _needs(value: Value) -> Iterator[str]:
    if not value["troubles"]:
        yield "nothing needs a person"
    for code in value["troubles"]:
        yield f"! {code}: {_TROUBLES.get(code) or _of_contact(value)}".replace("STATE", value["state"])


def _of_contact(value: Value) -> str:
    why = (value.get("contact") or {}).get("detail") or "no reason was given"
    return f"nothing is taken by the collector: {why}"


def _at(ms: Any) -> str:
    """An instant in this machine's time with its offset."""
    return datetime.fromtimestamp(ms / 1000).astimezone().isoformat(" ", "seconds") if ms else "-"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _running(value: Value) -> str:
    started = value.get("since_start", {}).get("started")
    if value["running"]:
        return f"yes, since {_at(started)}" if started else "yes"
    return f"no (last started {_at(started)})" if started else "no"


def _contact(value: Value) -> str:
    found = value.get("contact")
    if "contact" not in value:
        return ""
    if not found:
        return "none yet"
    why = f" ({found['detail']})" if found["detail"] else ""
    return f"{found['word']}{why}, last at {_at(found['at'])}"


def _plan(value: Value) -> str:
    found = value.get("plan")
    if "plan" not in value:
        return ""
    if not found:
        return "none"
    if "error" in found:
        return f"cannot be read: {found['error']}"
    odd = f"; not in this version: {', '.join(found['unsupported'])}" if found["unsupported"] else ""
    much = f"{_count(found['items'], 'item')}, {_count(found['rounds'], 'round')}"
    return f"{much}, made {_at(found['made'])}, digest {found['digest'][:12]}{odd}"


def _looks(value: Value) -> str:
    if "since_start" not in value:
        return ""
    found = value["since_start"]
    bad = (
        (found["timeouts"], "ended by their deadline"),
        (found["overlaps"], "skipped, the one before still ran"),
        (found["stuck"], "hanging"),
    )
    odd = [f"{number} {what}" for number, what in bad if number]
    lost = [f"{_count(found['dropped'], 'result')} lost"] if found["dropped"] else []
    return ", ".join((f"{found['looks']} since the start", *odd, *lost))


def _batches(value: Value) -> str:
    if "spool" not in value:
        return ""
    found, newest = value["spool"], value["chain"]["seq"]
    if newest < 0:
        return "none signed yet"
    kept = (
        f"{found['unsent']} to send, {found['accepted']} taken by the collector, "
        f"{found['proven']} proven to be in the log"
    )
    return f"newest is number {newest}; here: {kept}"


def _spool(value: Value) -> str:
    if "spool" not in value:
        return ""
    found = value["spool"]
    waiting = f"{_count(found['waiting_lines'], 'result line')} ({found['waiting_bytes']} bytes)"
    return f"{waiting} not signed yet; {found['bytes']} bytes on disk"


def _seen(value: Value) -> str:
    if "seen" not in value:
        return ""
    found = value["seen"]
    if not found:
        return "no checkpoint verified yet"
    witness = "signed by a witness too" if found["cosigned"] else "no witness has signed it"
    return f"{found['size']} entries at {_at(found['at'])}, root {found['root'][:16]}; {witness}"


def _clock(value: Value) -> str:
    if "clock" not in value:
        return ""
    found = value["clock"]
    offset, jumps = found["offset_us"], found["jumps"]
    away = "not compared with the collector's yet" if offset is None else _away(offset)
    if not jumps:
        return away
    last = f", the last by {found['last_jump_ms']} ms at {_at(found['last_jump_at'])}"
    return f"{away}; was set {_count(jumps, 'time')} since the start{last}"


def _away(offset_us: int) -> str:
    if abs(offset_us) < 50:
        return "as the collector's, within 0.1 ms"
    return f"{abs(offset_us) / 1000:.1f} ms {'behind' if offset_us < 0 else 'ahead of'} the collector's"


def _quarantine(value: Value) -> str:
    kept = value.get("quarantine")
    return f"{_count(len(kept), 'batch file')} that the collector refused: {', '.join(kept)}" if kept else ""


_LINES: Mapping[str, Callable[[Value], str]] = {
    "agent": lambda value: f"{value['agent']}, epoch {value['epoch']}, {value['enrolment']}",
    "state": lambda value: str(value["state"]),
    "collector": lambda value: f"{value['collector']}, log {value['log']}",
    "running": _running,
    "contact": _contact,
    "plan": _plan,
    "looks": _looks,
    "batches": _batches,
    "spool": _spool,
    "log seen": _seen,
    "clock": _clock,
    "quarantine": _quarantine,
}
