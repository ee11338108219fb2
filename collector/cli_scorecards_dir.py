"""`scorecard DIR --period P`, `scorecard seal DIR`, `scorecard periods DIR`: scorecards over the log."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import SQLAlchemyError

from checks.recurrence import zone
from collector.cli_by import COMMAND_LINE, must_be
from collector.cli_card import card_lines, clock_text, points_of
from collector.cli_parts import DIRECTORY, fail
from collector.context import ConfigError, Context, open_context

if TYPE_CHECKING:
    from collector.jobs.scorecards import Made
    from collector.judging.sealed import Change
    from collector.scoring.model import Scorecard
    from collector.scoring.terms import Value

CHINA = zone("Asia/Shanghai")


@click.command("show")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--period", metavar="P", required=True, help="A period's name or number; see `periods`.")
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--what-if", "ifs", multiple=True, metavar="KIND:k=v,…", help="As if this had been stated now.")
@click.option(
    "--option", "chosen", multiple=True, metavar="KEY=VALUE", help="Another reading of the contract."
)
@click.option("--json", "as_json", is_flag=True)
def show(
    directory: Path,
    period: str,
    as_of: str | None,
    ifs: tuple[str, ...],
    chosen: tuple[str, ...],
    as_json: bool,
) -> None:
    """The scorecard of a period: lines, points or not proven, total, grade, money.

    Exit 0: everything is proven; 1: something is not proven, or a veto; 2: cannot be told.
    """
    from collector.jobs import scorecards as jobs
    from collector.reports.judging_found import judged_of

    with caught_up(directory) as context:
        at = instant(as_of)
        made = jobs.scorecard(context, period, at, _options(chosen))
        with context.read() as conn:
            status, judged = jobs.status(conn, made), judged_of(conn, made)
        supposed = [(text, jobs.suppose(context, made, text, _options(chosen))) for text in ifs]
    if as_json:
        from collector.jobs import scorecard_json

        click.echo(json.dumps(scorecard_json.whole(made, status, supposed), ensure_ascii=False))
    else:
        click.echo("\n".join(card_lines(made, status, judged)))
        for text, other in supposed:
            click.echo("\n".join(_supposed(text, made, other)))
    sys.exit(1 if made.scorecard.total is None or made.scorecard.vetoes else 0)


@click.command("seal")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--period", metavar="P", required=True, help="A period's name or number; it must be over.")
@click.option("--by", default=COMMAND_LINE, show_default=True, help="The account that seals it.")
def seal(directory: Path, period: str, by: str) -> None:
    """Log the scorecard of a period that is over; again, once later evidence changes it: an amendment."""
    from collector.jobs import scorecards as jobs

    with caught_up(directory) as context:
        must_be(context, by, "manager", "admin")
        done = jobs.seal(context, period, by=by)
    if done is None:
        click.echo("nothing has changed since it was sealed")
        return
    idx, whole = done
    word = "sealed" if whole.number == 0 else f"amendment {whole.number}"
    click.echo(
        f"{whole.scorecard.period.name}: {word}, entry {idx}, total {points_of(whole.scorecard.total)}"
    )
    for one in whole.changes:
        click.echo(f"  {changed(one, None, whole.scorecard)}")


@click.command("periods")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True)
def periods(directory: Path, as_json: bool) -> None:
    """The periods of the contract (and those that a contract before it judges), and which are sealed."""
    from collector.jobs import scorecard_json
    from collector.jobs import scorecards as jobs

    with caught_up(directory) as context, context.read() as conn:
        known = jobs.every_period(conn, context.now())
        rows = [(one, jobs.history(conn, one.name)) for one in known]
    if as_json:
        found = [scorecard_json.period(one, held) for one, held in rows]
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one, held in rows:
        word = "-" if not held else "sealed" if len(held) == 1 else f"amendment {len(held) - 1}"
        click.echo(f"{one.number}\t{one.name}\t{one.first} .. {one.end} (not included)\t{word}")


@click.command("term")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True)
def term(directory: Path, as_json: bool) -> None:
    """The end-of-term sheet: days operated, unseen, out of service, out of scope, by system and asset, so
    far; with what says so, and the grade of the looks."""
    from checks.codec import to_json
    from collector.jobs.term import term_sheet
    from collector.judging.term import STATES

    with caught_up(directory) as context, context.read() as conn:
        lines = term_sheet(conn, context.now())
    if as_json:
        click.echo(json.dumps([to_json(one) for one in lines], ensure_ascii=False))
        return
    ends = max((part.end for one in lines for part in one.stretches), default=None)
    click.echo(f"so far: up to {ends} (not included)" if ends is not None else "no day of the term is over")
    for one in lines:
        days = ", ".join(f"{word} {one.days(word)} d" for word in STATES)
        click.echo(f"{one.kind}\t{one.id}\t{one.name}\t{one.owner or 'no owner'}\t{days}")
        for part in one.stretches:
            where = "nobody looked" if part.entry is None else f"entry {part.entry}, grade {part.grade}"
            click.echo(f"  {part.state} {part.first} .. {part.end} (not included), {where}")


@click.command("changes")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--period", metavar="P", required=True, help="A period's name or number; see `periods`.")
@click.option("--json", "as_json", is_flag=True)
def changes(directory: Path, period: str, as_json: bool) -> None:
    """Drifts from approved baselines first seen in a period, and which of them nobody had approved.

    Exit 0: none without approval; 1: some; 2: cannot be told.
    """
    from checks.codec import to_json
    from collector.documents.numbers import percent
    from collector.jobs import scorecards as jobs

    with caught_up(directory) as context, context.read() as conn:
        found = jobs.changes(conn, period, context.now())
    share = found.share
    if as_json:
        whole = {"unapproved": len(found.unapproved), "all": len(found.drifts), "share": to_json(share)}
        click.echo(json.dumps({**whole, "drifts": to_json(found.drifts)}, ensure_ascii=False))
    else:
        for one in found.drifts:
            word = "unapproved" if one.change is None else f"approved by entry {one.change}"
            click.echo(f"{clock_text(one.opened_ms)}\t{one.check}\t{one.target}\t{one.name}\t{word}")
        part = "" if share is None else f", {percent(share * 100)}"
        click.echo(f"{len(found.unapproved)} of {len(found.drifts)} changes unapproved{part}")
    sys.exit(1 if found.unapproved else 0)


@contextmanager
def caught_up(directory: Path) -> Iterator[Context]:
    """The collector with everything derived; mistakes end the program with 2."""
    from collector.availability.errors import AvailabilityError
    from collector.jobs import derived
    from collector.judging.judge import NoScorecard

    try:
        with open_context(directory) as context:
            derived.catch_up(context)
            yield context
    except NoScorecard as error:
        fail(f"{error.code}: {error}")
    except (ConfigError, AvailabilityError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    except ValueError as error:
        fail(str(error))


def instant(text: str | None) -> int | None:
    if text is None:
        return None
    from collector.jobs import figures

    return figures.instant_of(text, "Asia/Shanghai")


def _options(chosen: tuple[str, ...]) -> dict[str, "Value"]:
    """Readings as texts; whole numbers as numbers."""
    made: dict[str, Value] = {}
    for text in chosen:
        key, given, value = text.partition("=")
        if not given or not key:
            fail(f"--option {text}: KEY=VALUE is wanted")
        made[key] = int(value) if value.isdecimal() else value
    return made


def changed(one: "Change", before: "Scorecard | None", after: "Scorecard") -> str:
    """What changed. A line that a scorecard has not (a fine that is none after all) is no unproven one."""

    def value(text: str | None, card: "Scorecard | None") -> str:
        lines = set() if card is None else {(f"line.{line.id}", line.unit or "") for line in card.lines}
        there = card is None or not one.what.startswith("line.") or (one.what, one.unit) in lines
        return text or ("not proven" if there else "none")

    where = f" {one.unit}" if one.unit else ""
    return f"{one.what}{where}: {value(one.before, before)} -> {value(one.after, after)}"


def _supposed(text: str, made: "Made", other: "Made") -> Iterator[str]:
    from collector.judging.sealed import changes

    yield f"what if {text}:"
    found = changes(made.scorecard, other.scorecard)
    for one in found:
        yield f"  {changed(one, made.scorecard, other.scorecard)}"
    if not found:
        yield "  nothing would change"
