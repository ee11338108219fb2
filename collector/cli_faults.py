"""`faults DIR [ID]`, `findings DIR [ID]`: what went wrong, how it stands, which clocks run, what is asked."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from collector.cli_parts import DIRECTORY, fail
from collector.context import ConfigError, open_context

if TYPE_CHECKING:
    from collector.faults.model import Clock, Event, Fault, Finding, ReportDue, Vulnerability
    from collector.jobs.faults import Told

_BAD = ("late", "unknown")


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--period", metavar="P", help="Of this period only: its name or number.")
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--json", "as_json", is_flag=True)
def faults(directory: Path, id_: str | None, period: str | None, as_of: str | None, as_json: bool) -> None:
    """Faults with their levels, clocks and reports; with an ID one of them with its timeline and draft.

    Exit 0: every clock was kept, nothing is asked; 1: something is late, unknown or open; 2: cannot be told.
    """
    told = _told(directory, period, as_of)
    shown = [one for one in told.account.faults if id_ in (None, one.id)]
    _must_be_there(id_, shown, (one.id for one in told.account.faults))
    if as_json:
        from collector.jobs import judging_json

        click.echo(json.dumps(judging_json.faults(told, shown), ensure_ascii=False))
    else:
        clock = _Clock(told.timezone)
        for one in shown:
            click.echo("\n".join(_fault_lines(one, clock, whole=id_ is not None)))
        if id_ is None:
            click.echo(f"{len(shown)} faults, {told.account.blips} blips, {len(told.account.stray)} stray")
    sys.exit(1 if any(_open(one) for one in shown) else 0)


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Also those that are closed.")
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--json", "as_json", is_flag=True)
def findings(directory: Path, id_: str | None, every: bool, as_of: str | None, as_json: bool) -> None:
    """Findings and vulnerabilities with owner, due date and what closed them.

    Exit 0: none is open; 1: some are; 2: cannot be told.
    """
    told = _told(directory, None, as_of)
    account = told.account
    every = every or id_ is not None
    kept = [one for one in account.findings if id_ in (None, one.id) and (every or one.closed_ms is None)]
    flaws = [
        one for one in account.vulnerabilities if id_ in (None, one.id) and (every or one.ended_ms is None)
    ]
    known = [*(one.id for one in account.findings), *(one.id for one in account.vulnerabilities)]
    _must_be_there(id_, [*kept, *flaws], known)
    if as_json:
        from collector.jobs import judging_json

        click.echo(json.dumps(judging_json.findings(told, kept, flaws), ensure_ascii=False))
    else:
        clock = _Clock(told.timezone)
        for finding in kept:
            click.echo("\n".join(_finding_lines(finding, clock)))
        for flaw in flaws:
            click.echo("\n".join(_flaw_lines(flaw, clock)))
    sys.exit(1 if any(f.closed_ms is None for f in kept) or any(v.ended_ms is None for v in flaws) else 0)


def _told(directory: Path, period: str | None, as_of: str | None) -> "Told":
    from collector.availability.errors import AvailabilityError
    from collector.jobs import derived, figures
    from collector.jobs import faults as jobs
    from collector.judging.judge import NoScorecard

    try:
        with open_context(directory) as context:
            derived.catch_up(context)
            at = context.now() if as_of is None else figures.instant_of(as_of, "Asia/Shanghai")
            with context.read() as conn:
                return jobs.told(conn, at, period)
    except NoScorecard as error:
        fail(f"{error.code}: {error}")
    except (ConfigError, OSError, SQLAlchemyError, AvailabilityError) as error:
        fail(str(error))
    except ValueError as error:
        fail(f"--as-of: {error}")


def _must_be_there(id_: str | None, shown: list[Any], known: Iterable[str]) -> None:
    if id_ is not None and not shown:
        fail(f"not_found: {id_}; there are: {', '.join(known) or 'none'}")


def _open(fault: "Fault") -> bool:
    unsure = any(str(clock.state) in _BAD for clock in fault.clocks)
    return unsure or bool(fault.judged.asked) or fault.to_ms is None


class _Clock:
    def __init__(self, timezone: str) -> None:
        self._zone = zone(timezone)

    def __call__(self, ms: int | None) -> str:
        if ms is None:
            return "-"
        return datetime.fromtimestamp(ms / 1000, self._zone).isoformat(timespec="seconds")


def _sides(fault: "Fault") -> Iterator[str]:
    """What only the vendor's side said, and what it says against the buyer's word."""
    judged = fault.judged
    if judged.unconfirmed:
        yield f"  not confirmed by the buyer: {', '.join(judged.unconfirmed)}"
    if judged.disputed:
        against = ", ".join(f"{kind} (entry {entry})" for kind, entry in judged.disputed)
        yield f"  disputed, the buyer's word counts: {against}"


def _fault_lines(fault: "Fault", when: _Clock, *, whole: bool) -> Iterator[str]:
    judged, moments = fault.judged, fault.moments
    stated = "stated" if judged.level_by is not None else "proposed"
    levels = "/".join(str(one) for one in judged.levels) or "-"
    yield f"{fault.id}\t{fault.origin}\tlevel {levels} {stated}\t{fault.title}".rstrip()
    yield f"  {when(moments.onset_ms)} to {when(fault.to_ms)}, recovered {when(moments.recovered_ms)}"
    for clock in fault.clocks:
        if whole or str(clock.state) not in ("kept", "void"):
            yield _clock_line(clock, when)
    yield from (_report_line(one, when) for one in fault.reports if whole or one.late_days)
    if fault.repeated is not None:
        yield f"  same as {fault.repeated.of}: {_DECIDED[fault.repeated.decided]}"
    if judged.asked:
        yield f"  asked: {', '.join(judged.asked)}"
    yield from _sides(fault)
    if fault.flags:
        yield f"  flags: {', '.join(fault.flags)}"
    yield from (_event_line(one, when) for one in (fault.timeline if whole else ()))


def _report_line(one: "ReportDue", when: _Clock) -> str:
    times = f"due {when(one.due_ms)}, filed {when(one.filed_ms)}"
    return f"  report {one.id}: {one.state}, {times}, {one.late_days} d late [{one.clause}]"


def _event_line(one: "Event", when: _Clock) -> str:
    entry = "" if one.entry is None else f" (entry {one.entry}, {one.by})"
    late = ", written down late" if one.late else ""
    return f"  {when(one.at_ms)} {one.what} {one.detail}{entry}{late}".rstrip()


_DECIDED = {None: "proposed, nobody has decided", True: "confirmed", False: "another fault"}


def _clock_line(clock: "Clock", when: _Clock) -> str:
    why = f" ({clock.reason})" if clock.reason else ""
    unsure = ", provisional" if clock.provisional else ""
    return (
        f"  {clock.id}: {clock.state}{why}, {clock.limit}, due {when(clock.due_ms)}{unsure} [{clock.clause}]"
    )


def _finding_lines(one: "Finding", when: _Clock) -> Iterator[str]:
    yield f"{one.id}\t{one.state}\t{one.stage}\t{one.check} {one.target} {one.name}\t{one.owner or 'nobody'}"
    yield f"  opened {when(one.opened_ms)} in {one.since}, in {len(one.records)} records"
    if one.clock is not None:
        yield _clock_line(one.clock, when)
    if one.closed_ms is not None:
        yield f"  closed {when(one.closed_ms)} by {one.closed_by}"


def _flaw_lines(one: "Vulnerability", when: _Clock) -> Iterator[str]:
    yield f"{one.id}\t{one.severity}\t{one.stage}\t{one.finding} {one.host} {one.place} {one.title}"
    yield f"  found {when(one.found_ms)} by {one.found_by}, looked at {when(one.looked_ms)}"
    for clock in one.clocks:
        yield _clock_line(clock, when)
    if one.ended_ms is not None:
        yield f"  ended {when(one.ended_ms)} by {one.ended_by}"
