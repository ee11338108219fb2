"""`availability DIR SERVICE --from T --to T` and `availability case FILE`."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from checks.recurrence import zone
from collector.cli_cases import run_file
from collector.cli_parts import DIRECTORY, FILE, Group, fail
from collector.context import ConfigError, open_context

_BUCKETS = (
    "up",
    "degraded",
    "down",
    "unknown",
    "maintenance",
    "other_excluded",
    "off_hours",
    "not_in_service",
)


class _Default(Group):
    """`availability DIR SERVICE …` makes a figure; `availability case FILE` runs worked examples."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["figure", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Default)
def availability() -> None:
    """Availability of a service: `availability DIR SERVICE --from T --to T`."""


@availability.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("service")
@click.option("--from", "start", required=True, help="ISO 8601; the estate's zone if it names none.")
@click.option("--to", "end", required=True)
@click.option("--json", "as_json", is_flag=True)
def figure(directory: Path, service: str, start: str, end: str, as_json: bool) -> None:
    """Figure of SERVICE (system, part of one, or probe) with coverage and bounds."""
    from collector.availability.errors import AvailabilityError
    from collector.jobs import derived, figures

    try:
        with open_context(directory) as context:
            timezone = figures.timezone_of(context)
            derived.catch_up(context)
            period = _edges(start, end, timezone)
            made = figures.service_figure(context, service, *period)
            said = figures.as_json(made)
    except (ConfigError, OSError, figures.NoFigure, AvailabilityError, ValueError) as error:
        fail(error)
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    for line in _lines(said):
        click.echo(line)


def _edges(start: str, end: str, timezone: str) -> tuple[int, int]:
    """UTC ms of both ends; ValueError names the option, and the form that it has."""
    from collector.jobs import figures

    made = []
    for option, text in (("--from", start), ("--to", end)):
        try:
            made.append(figures.instant_of(text, timezone))
        except ValueError:
            form = "no day or instant such as 2026-07-03 or 2026-07-03T10:00 (ISO 8601)"
            raise ValueError(f"{option}: {text!r} is {form}") from None
    if made[1] <= made[0]:
        raise ValueError(f"--to {end} is not after --from {start}; it is not part of the period itself")
    return made[0], made[1]


def _lines(said: dict[str, Any]) -> list[str]:
    percent, period = said["percent"], said["period"]
    timezone = said["provenance"]["zone"]
    edges = f"{_when(period['from'], timezone)} to {_when(period['to'], timezone)}"
    lines = [f"{said['service']} {said['name']}", edges]
    if period["evaluated_to"] < period["to"]:
        lines.append(f"evaluated to {_when(period['evaluated_to'], timezone)}: the period is still running")
    for name in _BUCKETS:
        if said["buckets"][name]:
            lines.append(f"  {name:<16}{said['buckets'][name] / 1000:>14.3f} s")
    for name in ("known", "low", "high", "coverage", "score"):
        value = percent[name]
        lines.append(f"  {name:<16}{'no figure' if value is None else value + ' %':>16}")
    lines.append(f"  down between {said['down_min'] / 1000:.3f} and {said['down_max'] / 1000:.3f} s")
    if said["target_promised"]:
        lines.append(f"  target: {said['verdict']}")
    for flag in said["flags"]:
        since = "" if flag["at_ms"] is None else f" {_when(flag['at_ms'], timezone)}"
        lines.append(f"  {flag['subject']}: {flag['code']}{since}")
    lines.append(f"  estate entry {said['estate']['entry']}, formula {said['formula']}")
    return lines


def _when(ms: int, timezone: str) -> str:
    return datetime.fromtimestamp(ms / 1000, zone(timezone)).isoformat(timespec="seconds")


@availability.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True)
def case(file: Path, as_json: bool) -> None:
    """Figures of the worked examples in FILE; exit 1 if one differs from what it expects."""
    from collector.availability.cases import run_cases

    run_file(file, run_cases, as_json)
