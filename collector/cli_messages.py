"""`notify DIR`: what was sent, what failed, what waits; `notify test DIR`: one message to each recipient."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from checks.recurrence import zone
from collector.cli_parts import DIRECTORY, Group, fail
from collector.context import ConfigError, Context, open_context

if TYPE_CHECKING:
    from collector.jobs.message_status import Recipient
    from collector.store.messages import Line


class _Notify(Group):
    """`notify DIR` shows how messages stand; `notify test DIR` sends one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.list_commands(ctx), *ctx.help_option_names}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


def _open(directory: Path) -> Context:
    try:
        return open_context(directory)
    except (ConfigError, OSError) as error:
        fail(str(error))


@click.group("notify", cls=_Notify)
def notify() -> None:
    """Messages to people: how they stand (`notify DIR`), whether they go out (`notify test DIR`)."""


@notify.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--most", default=20, show_default=True, help="So many of the newest lines.")
@click.option("--json", "as_json", is_flag=True)
def show(directory: Path, most: int, as_json: bool) -> None:
    """Recipients, and what was sent, failed or waits. Exit 1 where one cannot be reached, or told."""
    from collector.jobs import message_status
    from collector.store import estates, messages

    with _open(directory) as context, context.read() as conn:
        applied = estates.newest(conn)
        timezone = "UTC" if applied is None else estates.terms(conn, applied.idx).timezone
        found = message_status.recipients(context, conn)
        lines = messages.lines(conn, most)
    if as_json:
        said = {"recipients": [_as_json(one) for one in found], "lines": [_line_json(one) for one in lines]}
        click.echo(json.dumps(said, ensure_ascii=False))
    else:
        _print(found, lines, timezone)
    sys.exit(1 if any(one.good is False for one in found) else 0)


def _print(found: "list[Recipient]", lines: "list[Line]", timezone: str) -> None:
    from collector.jobs.message_status import shown

    def at(ms: int | None) -> str:
        return "-" if not ms else f"{datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone(timezone)):%F %T}"

    if not found:
        click.echo("the estate tells nobody anything (notify)")
    for one in found:
        state = one.trouble or ("good" if one.taken else "nothing sent yet: not known")
        whose = f" ({','.join(one.whose)})" if one.whose else ""
        click.echo(f"{one.name}  {one.shown}{whose}  {','.join(one.whens)}: {state}")
        counts = f"taken {one.taken}, waiting {one.waiting}, given up {one.failed}"
        click.echo(f"    {counts}, last {at(one.last_ms)}")
    for line in lines:
        what = f"{line.kind} {line.item} {line.stage} -> {shown(line.to)}"
        click.echo("  ".join(filter(None, (at(line.made_ms), line.state, line.code, what))))


def _as_json(one: "Recipient") -> dict[str, object]:
    names = ("name", "shown", "whens", "waiting", "taken", "failed", "last_ms", "code", "why", "good")
    made: dict[str, object] = {name: getattr(one, name) for name in (*names, "blind", "whose")}
    return made | {"held": one.held, "state": {True: "good", False: "bad", None: "nothing_sent"}[one.good]}


def _line_json(one: "Line") -> dict[str, object]:
    from collector.jobs.message_status import shown

    names = ("kind", "item", "stage", "made_ms", "state", "tries", "tried_ms", "code")
    return {"to": shown(one.to), **{name: getattr(one, name) for name in names}}


@notify.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--to", "named", metavar="NAME", help="Only this one: the id of its rule, or its number.")
def test(directory: Path, named: str | None) -> None:
    """Send a test, which is not logged, to every recipient of the estate. Exit 1: one did not take it."""
    from collector.jobs import message_status
    from collector.notify.means import Means
    from collector.notify.sending import send
    from collector.reports.messages import Place, test_text
    from collector.store import estates

    with _open(directory) as context:
        with context.read() as conn:
            applied = estates.newest(conn)
            found = message_status.recipients(context, conn)
            terms = None if applied is None else estates.terms(conn, applied.idx)
        wanted = [one for one in found if named in (None, one.name)]
        if terms is None or not wanted:
            known = ", ".join(one.name for one in found) or "none"
            fail(f"no such recipient in the estate in force; there are: {known}")
        langs = {rule.to: rule.lang for rule in reversed(terms.notify)}
        bad = 0
        for one in wanted:
            place = Place(context.settings.url, zone(terms.timezone), langs[one.to])
            code = one.why or send(Means(directory), one.to, test_text(context.now(), place))
            bad += code != "accepted"
            click.echo(f"{one.name}  {one.shown}: {code}")
    sys.exit(1 if bad else 0)
