"""`rounds`, `round show`, `round run`."""

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checks.codec import to_json
from checks.recurrence import zone
from collector.cli_by import must_exist
from collector.cli_parts import DIRECTORY, Group, fail, opened
from collector.context import Context

if TYPE_CHECKING:
    from collector.jobs.rounds import Occasion

_DAY_MS = 86_400_000


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option(
    "--days", default=30, show_default=True, type=click.IntRange(1, 400), help="How far back and ahead."
)
@click.option("--json", "as_json", is_flag=True)
def rounds(directory: Path, days: int, as_json: bool) -> None:
    """Rounds: due, done, late, missed, not inspected."""
    from collector.jobs import derive
    from collector.jobs import rounds as jobs

    with opened(directory) as context:
        derive.catch_up(context)
        now = context.now()
        with context.read() as conn:
            found = jobs.ledger(conn, now, now - days * _DAY_MS, now + days * _DAY_MS)
        timezone = _timezone(context)
    if as_json:
        click.echo(json.dumps([to_json(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        w = one.window
        click.echo(
            f"{w.id}\t{one.state}\t{_when(w.from_ms, timezone)} to {_when(w.to_ms, timezone)}\t" + counts(one)
        )


def counts(one: "Occasion") -> str:
    """How a window stands, in items: what an open or planned one has not got yet is not missing."""
    over = one.record is not None or one.state in ("missed", "incomplete")
    rest = "missing" if over else "outstanding"
    return f"due {one.due}, done {one.done}, errors {one.errors}, {rest} {one.missed}"


def _timezone(context: Context) -> str:
    from collector.jobs import figures

    try:
        return figures.timezone_of(context)
    except figures.NoFigure:
        return "UTC"


def _when(ms: int, timezone: str) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(timezone)).isoformat(timespec="minutes")


@click.group("round", cls=Group)
def round_() -> None:
    """One round: show, run."""


@round_.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("id_", metavar="ID")
@click.option("--json", "as_json", is_flag=True)
def show(directory: Path, id_: str, as_json: bool) -> None:
    """The record of window ID (or of the newest window of round ID), as it stands if it is still open."""
    from collector.inspection.record import EmptyRecord
    from collector.jobs import derive
    from collector.jobs import rounds as jobs
    from collector.judging.judge import NoScorecard

    with opened(directory) as context:
        derive.catch_up(context)
        try:
            jobs.close_due(context)
            with context.read() as conn:
                one = jobs.find(conn, id_, context.now())
                record = (
                    jobs.read_record(conn, one.record)
                    if one.record
                    else jobs.draft(context, conn, one.round, one.window)
                )
        except (jobs.NoRound, EmptyRecord, NoScorecard) as error:
            fail(str(error))
    entry = one.record.idx if one.record else None
    if as_json:
        closed = one.record is not None
        said = {"state": one.state, "closed": closed, "entry": entry, "record": to_json(record)}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for line in _lines(record, one.state, entry):
        click.echo(line)


def _lines(record: Any, state: str, entry: int | None) -> list[str]:
    o, timezone = record.overview, record.timezone
    end = f"record is entry {entry}" if entry is not None else "still open: no record yet"
    word = "outstanding" if entry is None else "missed"
    span = f"{_when(record.window.from_ms, timezone)} to {_when(record.window.to_ms, timezone)}"
    lines = [
        f"{record.window.id} {record.name}: {state}; {end}",
        f"window {span}",
        f"due {o.due}, done {o.done} ({o.late} late), {word} {o.missed}, errors {o.errors}",
        f"items by their worst reading: ok {o.ok}, warn {o.warn}, unknown {o.unknown}, crit {o.crit}",
        f"readings that are not ok: warn {_of(record, 'warn')}, unknown {_of(record, 'unknown')}, "
        f"crit {_of(record, 'crit')}",
    ]
    for title, problems in (("problem", record.problems), ("unclear", record.unclear)):
        for p in problems:
            r = p.reading
            value = "no value" if r.value is None else f"{float(r.value):g} {r.unit}"
            lines.append(
                f"{title}: {p.check} {p.target} {r.name} {r.state} {value} {r.reason}".rstrip()
                + f" (entry {p.evidence.entry} line {p.evidence.line}, since {p.since})"
            )
    lines += [f"carried over: {c.check} {c.target} {c.name} {c.state}: {c.now}" for c in record.carried_over]
    lines += [
        f"not inspected: {m.check} {m.target} by {m.agent or 'people'}: {m.reason} {m.error or ''}".rstrip()
        for m in record.not_inspected
    ]
    lines += [f"finding: {f.check} {f.target} {f.kind}: {f.detail}" for f in record.findings]
    return [*lines, f"human items: {record.human.note}", *map(_human_line, record.human.items)]


def _of(record: Any, state: str) -> int:
    return sum(one.reading.state == state for one in (*record.problems, *record.unclear))


def _human_line(look: Any) -> str:
    said = (
        f" by {look.by}{' late' if look.late else ''} (entry {look.entry})" if look.entry is not None else ""
    )
    signed = "" if look.signed or look.entry is None else ", not signed off"
    return f"human: {look.item} {look.target} {look.state}{said}{signed}"


@round_.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("id_", metavar="ID")
@click.option("--by", default="cli", show_default=True, help="Account that asks for it.")
@click.option("--json", "as_json", is_flag=True)
def run(directory: Path, id_: str, by: str, as_json: bool) -> None:
    """Have round ID run now: due within an hour, in the plans of all agents with a part in it."""
    from collector.jobs import estates

    with opened(directory) as context:
        must_exist(context, by)
        try:
            window, agents, absent = estates.run_round(context, id_, by=by)
        except estates.RoundError as error:
            fail(str(error))
    if as_json:
        said = {"window": to_json(window), "agents": list(agents), "not_enrolled": list(absent)}
        click.echo(json.dumps(said))
        return
    click.echo(f"{window.id}: asked of {', '.join(agents)}; due within an hour")
    if absent:
        click.echo(f"not enrolled, so due and not inspected: {', '.join(absent)}")
