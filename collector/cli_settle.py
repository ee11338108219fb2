"""`scorecard settle DIR`: what is paid, payment by payment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from collector.cli_by import COMMAND_LINE, must_be
from collector.cli_card import yuan
from collector.cli_parts import DIRECTORY
from collector.cli_scorecards_dir import caught_up, instant

if TYPE_CHECKING:
    from collector.judging.settling import Settled


@click.command("settle")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--seal", "sealing", is_flag=True, help="Log it, where every period of a payment is sealed.")
@click.option("--payment", metavar="NAME", help="With --seal: this one only.")
@click.option("--by", default=COMMAND_LINE, show_default=True, help="The account that seals it.")
@click.option("--json", "as_json", is_flag=True)
def settle(
    directory: Path, as_of: str | None, sealing: bool, payment: str | None, by: str, as_json: bool
) -> None:
    """The settlement of every payment period (or of the term): sealed scorecards, else those of now.

    Amounts that rest on something not proven show their bounds; exit 2 if nothing can be told.
    """
    from collector.jobs import judging_json
    from collector.jobs import settlements as jobs

    if sealing and as_of is not None:
        raise click.UsageError("--seal is of now: --as-of cannot stand beside it")
    if sealing:
        _seal(directory, payment, by, as_json=as_json)
        return
    with caught_up(directory) as context:
        made = jobs.settlements(context, instant(as_of))
    if as_json:
        click.echo(json.dumps([judging_json.settlement(one) for one in made], ensure_ascii=False))
        return
    for one in made:
        click.echo("\n".join(_lines(one)))


def _seal(directory: Path, payment: str | None, by: str, *, as_json: bool) -> None:
    from collector.jobs import settlements as jobs

    with caught_up(directory) as context:
        must_be(context, by, "manager", "admin")
        done = jobs.seal(context, by=by, name=payment)
    if as_json:
        click.echo(json.dumps([{"entry": idx, "name": one.name, "number": one.number} for idx, one in done]))
        return
    for idx, one in done:
        word = "sealed" if one.number == 0 else f"amendment {one.number}"
        click.echo(f"{one.name}: {word}, entry {idx}")
        for step in one.settlement.money:
            click.echo(f"  {step.id}: {yuan(step)} [{step.clause}]")
    if not done:
        click.echo("nothing to seal: every payment whose periods are sealed is in the log as it is")


def _lines(one: "Settled") -> Iterator[str]:
    word = "final" if one.final else "provisional"
    awaited = f"; not begun: {', '.join(one.awaited)}" if one.awaited else ""
    yield f"{one.settlement.pack} {one.name} ({', '.join(one.settlement.periods)}), {word}{awaited}"
    for step in one.settlement.money:
        yield f"  {step.id}: {yuan(step)} [{step.clause}]"
