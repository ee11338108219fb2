"""`bundle make`: a period's evidence in one file that verifies offline."""

import json
import sys
from pathlib import Path

import click

from collector.cli_parts import Group, fail, written
from collector.context import ConfigError, open_context
from collector.evidence.container import ContainerError
from collector.evidence.periods import FORMS, PeriodError
from collector.jobs import bundles, spans
from collector.store.evidence import Damaged


@click.group(cls=Group)
def bundle() -> None:
    """Evidence bundles (存证包)."""


@bundle.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--period", required=True, help=f"A period of the contract, else {FORMS}.")
@written("--out", required=True, help="The bundle to write.")
@click.option("--with-photos", is_flag=True, help="Photographs that people's statements name come along.")
@click.option("--json", "as_json", is_flag=True)
def make(directory: Path, period: str, out: Path, with_photos: bool, as_json: bool) -> None:
    """Write every log entry of a period with its bodies, keys, checkpoints and claimed figures."""
    if not out.parent.is_dir():
        fail(f"--out {out}: no folder {out.parent}")
    try:
        with open_context(directory) as context:
            asked = spans.span_of(context, period, "UTC")
            made = bundles.make_bundle(context, asked, out, with_photos=with_photos)
    except (
        ConfigError,
        PeriodError,
        ContainerError,
        bundles.BundleEmpty,
        bundles.NotSettled,
        Damaged,
        OSError,
    ) as error:
        fail(error)
    manifest = made.manifest
    told = {
        "file": str(made.path),
        "bytes": made.size,
        "from_size": manifest.from_size,
        "to_size": manifest.to_size,
        "root": made.root,
        "photos": len(made.pictures.here),
        "photos_gone": list(made.pictures.gone),
        "photos_changed": list(made.pictures.changed),
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        _say(made, directory, with_photos)
    if made.pictures.changed:
        sys.exit(1)


def _say(made: bundles.Made, directory: Path, with_photos: bool) -> None:
    """What was written, for people."""
    manifest = made.manifest
    click.echo(f"{made.path}: {made.size} bytes, entries {manifest.from_size} to {manifest.to_size}")
    if with_photos:
        click.echo(f"photographs: {len(made.pictures.here)}")
    for digest in made.pictures.gone:
        click.echo(f"photograph {digest} is named by a statement and is not in the directory", err=True)
    for digest in made.pictures.changed:
        click.echo(f"photograph {digest} was changed: its bytes are not what its statement names", err=True)
    click.echo(f"printed checkpoint for --paper: {manifest.to_size}:{made.root[:20]}")
    click.echo(
        f"verify with: roundseal-verify {made.path} --policy <your own copy of {directory / 'policy'}>"
    )
