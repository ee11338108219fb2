"""`scan import`, `scan list`, `scan show`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from checks.recurrence import zone
from collector.cli_by import must_exist
from collector.cli_parts import DIRECTORY, FILE, Group, fail, of_place, opened
from collector.context import Context

if TYPE_CHECKING:
    from collector.scans.model import Scan

_MOST_DOUBTS = 50


@click.group(cls=Group)
def scan() -> None:
    """Reports of vulnerability scanners as signed evidence."""


@scan.command("import")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("file", type=FILE)
@click.option("--tool", help="Which tool made it (found out otherwise); a CSV of another tool: its name.")
@click.option("--asset", "assets", multiple=True, metavar="ID", help="Asset that it is about.")
@click.option("--scope", default="", help="Name under which its successors are compared with it.")
@click.option("--map", "given", multiple=True, metavar="COLUMN=FIELD", help="Column of a CSV; remembered.")
@click.option("--timezone", default="Asia/Shanghai", show_default=True, help="Of times without a zone.")
@click.option("--by", default="cli", show_default=True, help="Account that brings it.")
@click.option("--dry-run", is_flag=True, help="Read it and say what would be taken; log nothing.")
@click.option("--json", "as_json", is_flag=True)
def import_(
    directory: Path,
    file: Path,
    tool: str | None,
    assets: tuple[str, ...],
    scope: str,
    given: tuple[str, ...],
    timezone: str,
    by: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Log what the report FILE says.

    OpenVAS, Nessus, nmap, Trivy, Qualys, Nexpose, Lynis, ZAP, OpenSCAP; of other tools a CSV.
    """
    from collector.jobs import scans as jobs
    from collector.scans import reading, tables
    from collector.scans.model import ScanError

    with opened(directory) as context:
        must_exist(context, by)
        _known_assets(context, assets)
        try:
            kept = _mapping(directory, tool or "csv", given, tables.FIELDS)
            data = file.read_bytes()
            found = reading.read(data, zone(timezone), tool=tool, mapping=kept)
            idx = None
            if not dry_run:
                idx = jobs.add(context, found, jobs.Source(data, file.name, by, assets, scope))
                _keep(directory, tool or "csv", kept)
        except (ScanError, OSError, ValueError) as error:
            fail(of_place(file, error))
    counts = found.counts()
    if as_json:
        said: dict[str, Any] = {
            "entry": idx,
            "tool": found.tool,
            "examined": len(found.examined),
            "counts": counts,
        }
        said |= {"complete": found.complete, "proves_nothing": found.proves_nothing}
        said |= {"unused": list(found.unused), "doubts": list(found.doubts)}
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    _doubts(found)
    click.echo(
        f"{' '.join(filter(None, (found.tool, found.version)))}: "
        f"{'nothing was logged' if dry_run else f'entry {idx}'}; "
        f"{len(found.examined)} targets examined; {_in_words(counts)}"
    )
    if found.proves_nothing:
        click.echo("it examined nothing and proves nothing")
    elif not found.complete:
        click.echo("the tool did not come to its end: what it does not show is not proven fixed")


def _doubts(found: "Scan") -> None:
    """What of a CSV was not taken."""
    for line in found.doubts[:_MOST_DOUBTS]:
        click.echo(line)
    if len(found.doubts) > _MOST_DOUBTS:
        click.echo(f"and {len(found.doubts) - _MOST_DOUBTS} more rows like these (--json names all)")
    if found.unused:
        click.echo(f"columns not taken over: {', '.join(found.unused)}")


def _in_words(counts: dict[str, int]) -> str:
    words = [f"{n} {'could not tell' if word == 'unknown' else word}" for word, n in counts.items() if n]
    return ", ".join(words) or "no finding"


def _known_assets(context: Context, assets: tuple[str, ...]) -> None:
    """A signed statement names assets of the estate only."""
    from collector.store import estates

    if not assets:
        return
    with context.read() as conn:
        applied = estates.newest(conn)
        known = {one.id for one in estates.loaded(conn, applied.idx).estate.assets} if applied else set()
    if odd := [one for one in assets if one not in known]:
        fail(f"--asset {odd[0]}: the estate has no such asset")


def _place(directory: Path, name: str) -> Path:
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 40:
        fail(f"--tool {name}: letters, digits, - and _ are wanted")
    return directory / "mappings" / f"scan-{name}.json"


def _mapping(directory: Path, name: str, given: tuple[str, ...], fields: tuple[str, ...]) -> dict[str, str]:
    """Field -> column: the remembered ones, and those given now."""
    place = _place(directory, name)
    kept: dict[str, str] = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
    for one in given:
        column, mark, field = one.rpartition("=")
        if not mark or field not in fields:
            fail(f"--map {one}: COLUMN=FIELD is wanted, FIELD one of {', '.join(fields)}")
        kept[field] = column
    return kept


def _keep(directory: Path, name: str, mapping: dict[str, str]) -> None:
    if mapping:
        place = _place(directory, name)
        place.parent.mkdir(exist_ok=True)
        place.write_text(json.dumps(mapping, ensure_ascii=False, indent=1), encoding="utf-8")


@scan.command("list")
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.option("--json", "as_json", is_flag=True)
def list_(directory: Path, as_json: bool) -> None:
    """Imported scans, newest first."""
    from collector.jobs import scans as jobs

    with opened(directory) as context, context.read() as conn:
        found = jobs.logged(conn)[::-1]
    for one in found:
        if as_json:
            click.echo(
                json.dumps({"entry": one.idx, "verdict": one.verdict, **one.header}, ensure_ascii=False)
            )
            continue
        counts = _in_words(one.header["counts"])
        click.echo(
            f"{one.idx}\t{one.series}\t{_when(one.time)}\t{one.header['examined']} examined\t"
            f"{counts}\t{one.verdict}"
        )


def _when(ms: int | None) -> str:
    if ms is None:
        return "time not said"
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="minutes")


@scan.command()
@click.argument("directory", metavar="DIR", type=DIRECTORY)
@click.argument("idx", metavar="ENTRY", type=click.IntRange(min=0))
@click.option("--json", "as_json", is_flag=True)
def show(directory: Path, idx: int, as_json: bool) -> None:
    """One import, and the findings of its tool and scope as the imports up to it tell them."""
    from collector.jobs import scans as jobs

    with opened(directory) as context, context.read() as conn:
        one = next((each for each in jobs.logged(conn) if each.idx == idx), None)
        if one is None:
            fail(f"entry {idx} is no scan")
        found = jobs.history(conn, one.series, idx)
    if as_json:
        click.echo(
            json.dumps(
                {"entry": idx, **one.header, "findings": [_row(life) for life in found]}, ensure_ascii=False
            )
        )
        return
    click.echo(f"{one.series}: {one.verdict}; {one.header['examined']} examined; file {one.header['file']}")
    for life in found:
        f = life.finding
        words = "could not tell" if f.severity == "unknown" else f.severity
        click.echo(
            f"{life.state}\t{words}\t{f.host}\t{f.place}\t{f.id}\t{f.title}\tsince {_when(life.first)}"
        )


def _row(life: Any) -> dict[str, Any]:
    f = life.finding
    said = {"id": f.id, "host": f.host, "place": f.place, "title": f.title, "severity": f.severity}
    times = {"first": life.first, "last": life.last, "looked": life.looked}
    return {**said, "state": life.state, **times, "entries": list(life.entries)}
