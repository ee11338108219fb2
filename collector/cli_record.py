"""`record export`: a closed round's inspection record as a file."""

from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from collector.cli_parts import Group, fail, written
from collector.context import ConfigError, open_context

KINDS = ("docx", "xlsx", "pdf", "json")


@click.group(cls=Group)
def record() -> None:
    """Inspection records (巡检记录)."""


@record.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.argument("identity", metavar="ID")
@written("--to", "target", required=True, help="The record to write.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
@click.option(
    "--template", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Own form (docx)."
)
def export(directory: Path, identity: str, target: Path, lang: str, template: Path | None) -> None:
    """Write the record of window ID (or of round ID's newest closed window) to a file.

    The file's ending decides: .docx, .xlsx, .pdf or .json (the record's bytes as logged).
    """
    kind = target.suffix.lower().lstrip(".")
    if kind not in KINDS:
        fail(f"{target}: the file must end in one of .{', .'.join(KINDS)}")
    if template is not None and kind != "docx":
        fail("--template is for docx only")
    try:
        data = _make(directory, identity, kind, lang, template)
        target.write_bytes(data)
    except (ConfigError, OSError, SQLAlchemyError) as error:
        fail(str(error))
    click.echo(f"{target}: {len(data)} bytes")


def _make(directory: Path, identity: str, kind: str, lang: str, template: Path | None) -> bytes:
    """The bytes; what cannot be made is said on standard error."""
    from collector.reports import record as reports
    from collector.reports.record_docx import TemplateError
    from collector.reports.record_pdf import FontMissingError
    from collector.store.evidence import Damaged

    try:
        with open_context(directory) as context:
            return reports.export(reports.closed(context, identity), kind, lang, template)
    except (reports.NoRecordError, reports.EmptyRecordError, FontMissingError, TemplateError) as error:
        fail(f"{error.code}: {error}")
    except Damaged as error:
        fail(f"damaged: {error}")
