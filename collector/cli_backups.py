"""`backups DIR [OBJECT]`: what is due, what is proven, what is missing; the record of a period as a file."""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from collector.cli_parts import DIRECTORY, fail, written
from collector.context import ConfigError, Context, open_context

if TYPE_CHECKING:
    from collector.backups.ledger import Ledger, ObjectLedger, Problem
    from collector.jobs.backups import Account

KINDS = ("docx", "xlsx", "pdf", "json")
_HOUR_MS = 3_600_000


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("object_", metavar="[OBJECT]", required=False)
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the estate's zone.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--period", metavar="P", help="With --to: 2026-11, 2026-Q4, 2026 or A/B.")
@written("--to", "target", help="Write the record of the period: FILE.docx, xlsx, pdf, json.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def backups(
    directory: Path,
    object_: str | None,
    as_of: str | None,
    as_json: bool,
    period: str | None,
    target: Path | None,
    lang: str,
) -> None:
    """Backups: slots, levels reached, copies, restorable days, drills, and what breaks the contract.

    Exit 0: everything asked is proven; 1: something is bad or not proven; 2: cannot be told.
    """
    if (period is None) != (target is None):
        fail("--period and --to belong together")
    try:
        with open_context(directory) as context:
            found = _account(context, as_of, object_)
            if target is not None and period is not None:
                _record(context, found, (object_, period), target, lang)
                return
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    names = [object_] if object_ else None
    if as_json:
        click.echo(json.dumps(_json(found.ledger, names), ensure_ascii=False))
    else:
        _print(found, object_)
    sys.exit(1 if _open(found.ledger, object_) else 0)


def _json(ledger: "Ledger", names: list[str] | None) -> dict[str, Any]:
    """The ledger; of all objects also what it comes to by clause."""
    from collector.backups.ledger import as_json
    from collector.backups.obligations import obligations

    made: dict[str, Any] = as_json(ledger, objects=names)
    return made if names else {**made, "obligations": obligations(ledger)}


def _account(context: Context, as_of: str | None, object_: str | None) -> "Account":
    from collector.jobs import backups as jobs
    from collector.jobs import derived, figures

    derived.catch_up(context)
    try:
        at = None if as_of is None else figures.instant_of(as_of, figures.timezone_of(context))
        with context.read() as conn:
            found = jobs.account(conn, context.now(), at)
    except ValueError as error:
        fail(f"--as-of: {error}")
    except (jobs.NoBackups, figures.NoFigure) as error:
        fail(f"{error.code}: {error}")
    if object_ is not None and all(one.name != object_ for one in found.ledger.objects):
        fail(f"no_such_object: {object_}; there are: {', '.join(o.name for o in found.ledger.objects)}")
    return found


def _open(ledger: "Ledger", object_: str | None) -> "list[Problem]":
    """What stands against it now: bad, or not proven."""
    from collector.backups.ledger import Outcome

    return [
        one
        for one in ledger.problems
        if one.until_ms is None and one.outcome is not Outcome.WARN and object_ in (None, one.object)
    ]


def _print(found: "Account", object_: str | None) -> None:
    when = _Clock(found.terms.timezone)
    for one in found.ledger.objects:
        if object_ in (None, one.name):
            click.echo("\n".join(_lines(one, when)))
    for rate in found.ledger.success if object_ is None else ():
        share = "-" if rate.rate is None else f"{float(rate.rate):.2%}"
        bound = "-" if rate.lower is None else f"{float(rate.lower):.2%}"
        click.echo(
            f"drills {when(rate.from_ms)} to {when(rate.to_ms)}: {rate.good} of {rate.begun} good, {share}"
            f" (95 % bound {bound}, promised {float(rate.at_least):.2%})"
        )


class _Clock:
    def __init__(self, timezone: str) -> None:
        self._zone = zone(timezone)

    def __call__(self, ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, self._zone).isoformat(timespec="minutes")


def _lines(one: "ObjectLedger", when: _Clock) -> list[str]:
    kept = one.retention
    counts = ", ".join(f"{k} {n}" for k, n in one.counts.items() if n and not k.startswith("day_"))
    rpo = "none restorable" if one.rpo.ms is None else f"newest restorable {one.rpo.ms / _HOUR_MS:.1f} h old"
    made = [
        f"{one.name}\t{one.kind}\ttested: {one.tested}\t{' '.join(one.clause)}",
        f"  slots: {counts or 'none due yet'}",
        f"  days: {kept.restorable_days} of {kept.promised_days} promised restorable; {rpo}",
    ]
    if one.copies:
        words = sorted({str(c.state) for c in one.copies})
        made.append("  copies: " + ", ".join(f"{w} {sum(c.state == w for c in one.copies)}" for w in words))
    made += [f"  {_problem(problem, when)}" for problem in one.problems]
    return made


def _problem(one: "Problem", when: _Clock) -> str:
    about = " ".join(part for part in (one.slot, one.artefact, one.place) if part)
    until = "" if one.until_ms is None else f", until {when(one.until_ms)}"
    clause = f" [{' '.join(one.clause)}]" if one.clause else ""
    since = when(one.first_provable_ms)
    return f"{one.outcome} L{one.level} {one.reason}: {about} (provable since {since}{until}){clause}"


def _record(
    context: Context, found: "Account", asked: tuple[str | None, str], target: Path, lang: str
) -> None:
    """Write the record; what cannot be made is said."""
    from collector.reports import backup_record

    kind = target.suffix.lower().lstrip(".")
    if kind not in KINDS:
        fail(f"{target}: the file must end in one of .{', .'.join(KINDS)}")
    try:
        data = backup_record.export(context, found, asked, kind, lang)
    except backup_record.PROBLEMS as error:
        fail(f"{getattr(error, 'code', 'bad_period')}: {error}")
    target.write_bytes(data)
    click.echo(f"{target}: {len(data)} bytes")
