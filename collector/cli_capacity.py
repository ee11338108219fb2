"""`capacity DIR [ASSET]`: days until it is full. `baseline DIR ASSET CHECK`: what there is, to approve."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from sqlalchemy.exc import SQLAlchemyError

from collector.cli_parts import DIRECTORY, counted, fail
from collector.context import ConfigError, open_context

if TYPE_CHECKING:
    from collector.inspection.capacity import Place


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("asset", required=False)
@click.option("--days", type=click.IntRange(1, 400), default=60, show_default=True, help="Days looked back.")
@click.option("--json", "as_json", is_flag=True)
def capacity(directory: Path, asset: str | None, days: int, as_json: bool) -> None:
    """Days until file systems, tablespaces, pools and datastores of ASSET, or of all, are full.

    An interval of 95 %; where the daily values carry no claim, none is made and the reason is said.
    """
    from collector.jobs import capacity as job
    from collector.jobs import derived

    try:
        with open_context(directory) as context:
            derived.catch_up(context)
            with context.read() as conn:
                found = job.outlooks(conn, context.now(), days, asset)
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    if asset is not None and not found:
        fail(f"{asset}: nothing that can be full was read in the last {counted(days, 'day')}")
    if as_json:
        click.echo(json.dumps([_json(one) for one in found], ensure_ascii=False))
        return
    if not found:
        click.echo(f"nothing that can be full was read in the last {counted(days, 'day')}")
    for one in found:
        click.echo("\t".join(_row(one)))


def _json(one: "Place") -> dict[str, Any]:
    newest = one.values[-1]
    return {
        "asset": one.asset,
        "check": one.check,
        "target": one.target,
        "vantage": one.vantage,
        "name": one.name,
        "used": newest.used,
        "total": newest.total,
        **asdict(one.outlook),
    }


def _row(one: "Place") -> tuple[str, ...]:
    newest, made = one.values[-1], one.outlook
    share = f"{100 * newest.used / newest.total:.1f} %" if newest.total > 0 else "no size"
    return one.asset, one.name, share, _said(one), counted(made.days_used, "day")


def _said(one: "Place") -> str:
    """The outlook in words."""
    from collector.inspection.capacity import Outlook

    made = one.outlook
    if made.outlook is Outlook.NO_CLAIM:
        return f"no claim: {made.reason}"
    if made.outlook is Outlook.FILLING:
        until = f"more than {made.horizon}" if made.latest is None else str(made.latest)
        return f"full in {counted(made.days or 0, 'day')} ({made.earliest} to {until})"
    if made.outlook is Outlook.FULL:
        return "full"
    rest = f"; not before {counted(made.earliest, 'day')}" if made.earliest is not None else ""
    words = {
        Outlook.FAR: f"fills, not within {counted(made.horizon, 'day')} by the trend",
        Outlook.STEADY: "no trend to be told from none",
        Outlook.SHRINKING: "shrinks",
    }
    return words[made.outlook] + rest


@click.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("asset")
@click.argument("check")
def baseline(directory: Path, asset: str, check: str) -> None:
    """Parameters for CHECK on ASSET that its newest signed look would meet, as a piece of the estate file.

    Nothing is approved by this: read it, put what is right into the estate, apply the estate.
    """
    from collector.jobs import baselines, derived

    try:
        with open_context(directory) as context:
            derived.catch_up(context)
            with context.read() as conn:
                found = baselines.propose(conn, asset, check)
    except (ConfigError, OSError, SQLAlchemyError, baselines.NoProposal) as error:
        fail(str(error))
    click.echo(f"# {check} on {asset}, as seen at {found.taken_at} ms (entry {found.idx}, line {found.line})")
    click.echo(
        json.dumps({"check": check, "assets": [asset], "params": found.params}, ensure_ascii=False, indent=1)
    )
