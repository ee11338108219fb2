"""`scorecard settle DIR`: what is paid, payment by payment."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.cli_scorecards_dir import DIRECTORY, _instant, _opened, _yuan

if TYPE_CHECKING:
    from collector.judging.settling import Settled


@click.command("settle")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--as-of", metavar="T", help="As the log stood then: ISO 8601, in the contract's zone.")
@click.option("--json", "as_json", is_flag=True)
def settle(directory: Path, as_of: str | None, as_json: bool) -> None:
    """The settlement of every payment period (or of the term): sealed scorecards, else those of now.

    Amounts that rest on something not proven show their bounds; exit 2 if nothing can be told.
    """
    from collector.jobs import settlements as jobs

    with _opened(directory) as context:
        made = jobs.settlements(context, _instant(as_of))
    if as_json:
        click.echo(json.dumps([said(one) for one in made], ensure_ascii=False))
        return
    for one in made:
        click.echo("\n".join(_lines(one)))


def said(one: "Settled") -> dict[str, Any]:
    """A settlement as plain JSON; yuan as texts, null where they are not proven."""
    return {
        "name": one.name,
        "pack": one.settlement.pack,
        "digest": one.settlement.pack_digest,
        "periods": list(one.settlement.periods),
        "awaited": list(one.awaited),
        "final": one.final,
        "money": [
            {
                "id": step.id,
                "clause": step.clause,
                "yuan": None if step.yuan is None else str(step.yuan),
                "low": str(step.low),
                "high": str(step.high),
            }
            for step in one.settlement.money
        ],
        "options": dict(one.settlement.options),
    }


def _lines(one: "Settled") -> Iterator[str]:
    word = "final" if one.final else "provisional"
    awaited = f"; not begun: {', '.join(one.awaited)}" if one.awaited else ""
    yield f"{one.settlement.pack} {one.name} ({', '.join(one.settlement.periods)}), {word}{awaited}"
    for step in one.settlement.money:
        yield f"  {step.id}: {_yuan(step)} [{step.clause}]"
