"""`obligations DIR [ID]`: every obligation of the contract, or one with its rows: kept or not, by what."""

import json
import sys
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from collector.cli_parts import DIRECTORY, fail
from collector.context import ConfigError, open_context

if TYPE_CHECKING:
    from collector.inspection.cadence_model import Row
    from collector.inspection.obligations import ObligationLine
    from collector.jobs.cadence import Told

CHINA = zone("Asia/Shanghai")


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("ident", metavar="[ID]", required=False)
@click.option("--period", metavar="P", help="A period's name or number (the running one), or `term`.")
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--json", "as_json", is_flag=True)
def obligations(
    directory: Path, ident: str | None, period: str | None, as_of: str | None, as_json: bool
) -> None:
    """The obligation ledger: what was due, done, late, missed, excused or not proven, with its evidence.

    With an ID one obligation, with all its rows. Exit 0: nothing is broken; 1: something is; 2: cannot be
    told.
    """
    from collector.availability.errors import AvailabilityError
    from collector.jobs import cadence, derived
    from collector.judging.judge import NoScorecard

    at = _instant(as_of)
    try:
        with open_context(directory) as context:
            derived.catch_up(context)
            now = context.now()
            if at is not None and at > now:
                fail("--as-of lies in the future: nothing is known of it")
            with context.read() as conn:
                whole = period == "term"
                told = cadence.ledger(
                    conn, now if at is None else at, None if whole else period, whole_term=whole
                )
    except (ConfigError, OSError, SQLAlchemyError, AvailabilityError) as error:
        fail(str(error))
    except (NoScorecard, cadence.NoLedger) as error:
        fail(str(error))
    if ident is not None:
        told = _only(told, ident)
    if as_json:
        from collector.jobs import judging_json

        click.echo(json.dumps(judging_json.obligations(told), ensure_ascii=False))
    else:
        for line in _text(told, rows=ident is not None):
            click.echo(line)
    sys.exit(1 if any(line.standing.value == "broken" for line in told.lines) else 0)


def _only(told: "Told", ident: str) -> "Told":
    """The one obligation of this id."""
    found = tuple(line for line in told.lines if line.obligation.id == ident)
    if not found:
        ids = [line.obligation.id for line in told.lines]
        near = get_close_matches(ident, ids, n=1)
        guess = f"; did you mean {near[0]}?" if near else f"; there are {ids[0]} to {ids[-1]}"
        fail(f"{told.pack} has no obligation {ident}{guess}")
    return replace(told, lines=found)


def _text(told: "Told", *, rows: bool) -> list[str]:
    first = f"{told.pack} {told.period.name}, as of {_clock(told.as_of_ms)}, entries 0-{told.size - 1}"
    made = [first]
    for line in told.lines:
        made.append(_line(line))
        if rows:
            made += [f"  {line.obligation.clause}", *(_row(row) for row in line.rows)]
            made += [
                f"  filed {one.kind}, entry {one.entry}, by {one.by}, {_clock(one.received_ms)}"
                + (", late" if one.late else "")
                + (f", SHA-256 {one.digest}" if one.digest else "")
                for one in line.filed
            ]
    return made


def _row(row: "Row") -> str:
    """One row: when, of whom, what would do it, what became of it, by which entries."""
    turn = row.turn
    whose = turn.system or turn.unit or "-"
    words = [row.state.value] + ([row.reason] if row.reason else [])
    if turn.needed > 1:
        words.append(f"{row.counted} of {turn.needed}")
    if row.days_late:
        words.append(f"{row.days_late} days late")
    if row.waiver is not None:
        words.append(f"excused by entry {row.waiver}")
    if row.act_by_ms is not None:
        words.append(f"{row.who} by {_clock(row.act_by_ms)}")
    entries = f"entries {','.join(map(str, row.entries))}" if row.entries else "no entries"
    span = f"{_clock(turn.from_ms)} .. {_clock(turn.due_ms)}"
    return "\t".join((f"  {span}", whose, " or ".join(row.what), ", ".join(words), entries))


def _line(line: "ObligationLine") -> str:
    one = line.obligation
    counts = ", ".join(f"{word} {count}" for word, count in line.counts.items() if count)
    shown = ",".join(str(entry) for entry in line.entries[:6]) + ("…" if len(line.entries) > 6 else "")
    parts = [one.id, line.standing.value, one.tag.value, counts or "-"]
    if line.act_by_ms is not None:
        parts.append(f"{one.who} by {_clock(line.act_by_ms)}")
    if line.lost:
        parts.append(f"out of reach: {line.lost}")
    if line.provisional:
        parts.append("provisional: holidays not published")
    if shown:
        parts.append(f"entries {shown}")
    parts.append(f"priced by {one.line}" if one.line else "no price")
    return "\t".join((*parts, one.zh))


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    from collector.evidence.periods import parse_instant

    try:
        return parse_instant(text, CHINA)
    except (ValueError, OverflowError):
        fail(f"--as-of {text}: no instant; write it as in 2026-07-10 or 2026-07-10T08:00")


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, CHINA).isoformat(timespec="minutes")
