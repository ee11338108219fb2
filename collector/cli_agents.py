"""`token`, `agents`, `import`: who may send evidence, and evidence that comes as a file."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from collector.cli_parts import DIRECTORY, Group, fail, of_place, opened
from collector.context import Context


def _do(directory: Path, act: Any) -> Any:
    """Run `act(context)`; a refusal is printed and exits with 2."""
    from collector.jobs.lifecycle import LifecycleError
    from collector.jobs.writer import NotDurable

    with opened(directory) as context:
        try:
            return act(context)
        except (LifecycleError, NotDurable) as error:
            fail(f"{error.code}: {error}")


@click.group(cls=Group)
def token() -> None:
    """One-time enrolment tokens."""


@token.command("create")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--asset", required=True, help="Asset the agent is for.")
@click.option("--agent", help="Agent id [default: the estate's agent of the asset, else the asset id].")
@click.option("--minutes", default=60, show_default=True, type=click.IntRange(1, 24 * 60))
@click.option("--by", default="cli", show_default=True, help="Account that makes it.")
def token_create(directory: Path, asset: str, agent: str | None, minutes: int, by: str) -> None:
    """Print a one-time token; it is shown once and kept nowhere."""
    from collector.jobs import lifecycle

    def act(context: Context) -> str:
        if not lifecycle.in_estate(context, asset):
            click.echo(f"note: the estate in force has no asset {asset}; check its spelling", err=True)
        name = agent or lifecycle.agent_of(context, asset)
        return lifecycle.create_token(context, asset, name, by=by, seconds=60 * minutes)

    click.echo(_do(directory, act))


class _Default(Group):
    """`agents DIR` lists; `agents approve DIR …` and the others are commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Default)
def agents() -> None:
    """Agents: list, approve, revoke, release.  `agents DIR` lists."""


@agents.command("list")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True)
def agents_list(directory: Path, as_json: bool) -> None:
    """Every life of every agent: state, head, quarantine."""
    from collector.jobs.sequencer import load_standing
    from collector.store import agents as store

    with opened(directory) as context, context.read() as conn:
        rows = [_row(one, load_standing(conn, one.agent, one.epoch)) for one in store.every(conn)]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        mark = " QUARANTINE" if row["quarantine"] else ""
        click.echo(
            f"{row['agent']}\tepoch {row['epoch']}\t{row['state']}{mark}\t{row['asset']}\t"
            f"next seq {row['next_seq']}\t{row['code']}\t{row['hostname']}"
        )


def _row(one: Any, standing: Any) -> dict[str, Any]:
    return {
        "agent": one.agent,
        "epoch": one.epoch,
        "state": str(one.state),
        "asset": one.asset,
        "code": one.code,
        "hostname": one.hostname,
        "enrolled": one.enrolled,
        "next_seq": standing.next_seq if standing else 0,
        "quarantine": one.fork_idx is not None,
    }


@agents.command("approve")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("code")
@click.option("--by", default="cli", show_default=True, help="Account that approves.")
def agents_approve(directory: Path, code: str, by: str) -> None:
    """Let the agent that shows this CODE in."""
    from collector.jobs import lifecycle

    done = _do(directory, lambda context: lifecycle.approve(context, code, by=by))
    click.echo(f"approved {done.agent} epoch {done.epoch} (entry {done.approve_idx})")


@agents.command("revoke")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("agent")
@click.option("--reason", required=True)
@click.option("--suspect-from", type=click.IntRange(0), help="Entry from which on its evidence is doubtful.")
@click.option("--by", default="cli", show_default=True)
def agents_revoke(directory: Path, agent: str, reason: str, suspect_from: int | None, by: str) -> None:
    """Take nothing more from AGENT; what is in the log stands."""
    from collector.jobs import lifecycle

    done = _do(
        directory,
        lambda context: lifecycle.revoke(context, agent, reason=reason, by=by, suspect_from=suspect_from),
    )
    click.echo(f"revoked {done.agent} epoch {done.epoch} (entry {done.revoke_idx})")


@agents.command("release")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("agent")
@click.option("--reason", required=True)
@click.option("--by", default="cli", show_default=True)
def agents_release(directory: Path, agent: str, reason: str, by: str) -> None:
    """End the quarantine of AGENT after a fork."""
    from collector.jobs import lifecycle

    done = _do(directory, lambda context: lifecycle.release(context, agent, reason=reason, by=by))
    click.echo(f"released {done.agent} epoch {done.epoch}")


@click.command("import")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def import_(directory: Path, file: Path, as_json: bool) -> None:
    """Take in a sealed FILE (frames, xz or plain) that an agent wrote without a server."""
    from collector.jobs.importing import ImportFailed, import_file

    with opened(directory) as context:
        try:
            counts = import_file(context, file)
        except (ImportFailed, OSError) as error:
            fail(of_place(file, error))
    click.echo(json.dumps(counts) if as_json else ", ".join(f"{n} {word}" for word, n in counts.items()))
    sys.exit(0 if set(counts) <= {"ok", "known", "accepted"} else 1)
