"""`scorecard suspicious DIR --period P`: figures that look made up, for people to go and see."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli_card import clock_text
from collector.cli_parts import DIRECTORY
from collector.cli_scorecards_dir import caught_up

if TYPE_CHECKING:
    from collector.judging.suspicious import Suspicion


@click.command("suspicious")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--period", metavar="P", required=True, help="A period's name or number; see `periods`.")
@click.option("--json", "as_json", is_flag=True)
def suspicious(directory: Path, period: str, as_json: bool) -> None:
    """Readings that stood still to the last digit, and series that repeat another's, in finished rounds.

    It convicts nobody and costs no points: whether anything was faked is for the buyer to state.
    Exit 0: none; 1: some; 2: cannot be told.
    """
    from checks.codec import to_json
    from collector.jobs import suspicious as jobs

    with caught_up(directory) as context, context.read() as conn:
        found = jobs.suspicions(conn, period, context.now())
    if as_json:
        click.echo(json.dumps(to_json(found), ensure_ascii=False))
    else:
        for one in found:
            click.echo(line(one))
        click.echo(f"{len(found)} suspicious")
    sys.exit(1 if found else 0)


def line(one: "Suspicion") -> str:
    """One as text: what, where, since when, and the looks by entry and line."""
    of = f" of {one.of}" if one.of else ""
    span = f"{clock_text(one.from_ms)} .. {clock_text(one.to_ms)}"
    places = " ".join(f"{place.entry}:{place.line}" for place in one.looks)
    return (
        f"{one.word}{of}\t{one.check} {one.reading}\t{one.target}\t{span}\t{len(one.looks)} looks: {places}"
    )
