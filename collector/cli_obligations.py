"""`obligations DIR`: every obligation of the contract: kept, broken, not proven, open, and by what."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from collector.context import ConfigError, open_context

if TYPE_CHECKING:
    from collector.inspection.cadence_model import Row
    from collector.inspection.obligations import ObligationLine
    from collector.jobs.cadence import Told

DIRECTORY = click.Path(file_okay=False, path_type=Path)
CHINA = zone("Asia/Shanghai")


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--period", metavar="P", help="A period's name or number (the running one), or `term`.")
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--json", "as_json", is_flag=True)
def obligations(directory: Path, period: str | None, as_of: str | None, as_json: bool) -> None:
    """The obligation ledger: what was due, done, late, missed, excused or not proven, with its evidence.

    Exit 0: nothing is broken; 1: something is; 2: cannot be told.
    """
    from collector.availability.errors import AvailabilityError
    from collector.jobs import cadence, derive
    from collector.judging.judge import NoScorecard

    at = _instant(as_of)
    try:
        with open_context(directory) as context:
            derive.catch_up(context)
            now = context.now()
            if at is not None and at > now:
                _fail("--as-of lies in the future: nothing is known of it")
            with context.read() as conn:
                whole = period == "term"
                told = cadence.ledger(
                    conn, now if at is None else at, None if whole else period, whole_term=whole
                )
    except (ConfigError, OSError, SQLAlchemyError, AvailabilityError) as error:
        _fail(str(error))
    except (NoScorecard, cadence.NoLedger) as error:
        _fail(str(error))
    if as_json:
        click.echo(json.dumps(_json(told), ensure_ascii=False))
    else:
        for line in _text(told):
            click.echo(line)
    sys.exit(1 if any(line.standing.value == "broken" for line in told.lines) else 0)


def _text(told: "Told") -> list[str]:
    first = f"{told.pack} {told.period.name}, as of {_clock(told.as_of_ms)}, entries 0-{told.size - 1}"
    return [first, *(_line(line) for line in told.lines)]


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


def _json(told: "Told") -> dict[str, Any]:
    return {
        "pack": told.pack,
        "pack_digest": told.digest,
        "estate": told.estate,
        "period": {"name": told.period.name, "from": told.period.from_ms, "to": told.period.to_ms},
        "as_of": told.as_of_ms,
        "size": told.size,
        "obligations": [_line_json(line) for line in told.lines],
    }


def _line_json(line: "ObligationLine") -> dict[str, Any]:
    one = line.obligation
    return {
        "id": one.id,
        "clause": one.clause,
        "page": one.page,
        "zh": one.zh,
        "en": one.en,
        "tag": one.tag.value,
        "limit": one.limit,
        "line": one.line or None,
        "who": one.who,
        "form": one.form,
        "standing": line.standing.value,
        "counts": dict(line.counts),
        "act_by": line.act_by_ms,
        "out_of_reach": line.lost,
        "provisional": line.provisional,
        "entries": list(line.entries),
        "filed": [
            {
                "entry": filed.entry,
                "kind": filed.kind,
                "digest": filed.digest,
                "by": filed.by,
                "received": filed.received_ms,
                "late": filed.late,
            }
            for filed in line.filed
        ],
        "rows": [_row_json(row) for row in line.rows],
    }


def _row_json(row: "Row") -> dict[str, Any]:
    turn = row.turn
    return {
        "id": row.id,
        "what": list(row.what),
        "unit": turn.unit,
        "system": turn.system,
        "from": turn.from_ms,
        "due": turn.due_ms,
        "last_day": turn.last.isoformat(),
        "needed": turn.needed,
        "counted": row.counted,
        "state": row.state.value,
        "reason": row.reason,
        "days_late": row.days_late,
        "arrived_late": row.arrived_late,
        "provisional": turn.provisional,
        "waiver": row.waiver,
        "late_waivers": list(row.late_waivers),
        "partial": [{"entry": entry, "reason": reason} for entry, reason in row.partial],
        "act_by": row.act_by_ms,
        "who": row.who,
        "entries": list(row.entries),
    }


def _instant(text: str | None) -> int | None:
    if text is None:
        return None
    from collector.evidence.periods import parse_instant

    try:
        return parse_instant(text, CHINA)
    except (ValueError, OverflowError):
        _fail(f"--as-of {text}: no instant; write it as in 2026-07-10 or 2026-07-10T08:00")


def _clock(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, CHINA).isoformat(timespec="minutes")


def _fail(text: str) -> NoReturn:
    click.echo(f"error: {text}", err=True)
    sys.exit(2)
