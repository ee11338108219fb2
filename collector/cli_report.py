"""`report`: a document of judging (考核评分表, 故障处理及分析报告, 月度巡检报告 …) as a file."""

from pathlib import Path

import click

from collector.cli_parts import fail, written
from collector.cli_scorecards_dir import caught_up

FORMS = ("docx", "xlsx", "pdf", "json")


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.argument("kind", metavar="KIND")
@click.option("--period", required=True, help="A period of the pack (2026-07), or any other (2026-Q3, A/B).")
@written("--to", "target", required=True, help="The document to write.")
@click.option("--fault", "subject", default="", help="The fault that the document is about.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True)
def report(directory: Path, kind: str, period: str, target: Path, subject: str, lang: str) -> None:
    """Write a document of judging, filled from evidence; it is logged first.

    KIND: scorecard, fault, major-fault, monthly-inspection, special-inspection, defects,
    quarterly-operation, performance, rectification, device-year, service-year, fault-statistics,
    tool-usage, self-assessment, satisfaction, term. The file's ending decides: .docx, .xlsx, .pdf or
    .json (as logged).
    """
    form = target.suffix.lower().lstrip(".")
    if form not in FORMS:
        fail(f"{target}: the file must end in one of .{', .'.join(FORMS)}")
    data = _made(directory, kind, (period, subject), form, lang)
    try:
        target.write_bytes(data)
    except OSError as error:
        fail(str(error))
    click.echo(f"{target}: {len(data)} bytes")


def _made(directory: Path, kind: str, about: tuple[str, str], form: str, lang: str) -> bytes:
    """The bytes; what cannot be made is said on standard error."""
    from collector.evidence.periods import PeriodError
    from collector.reports import documents
    from collector.reports.material import Material
    from collector.reports.material_found import found_in, span_of
    from collector.store.evidence import Damaged

    with caught_up(directory) as context:
        try:
            span = span_of(context, about[0])
            material = Material(context, span, found_in(context, span), about[1])
            return documents.export(kind, material, form, lang)
        except (*documents.PROBLEMS, PeriodError) as error:
            fail(f"{error.code}: {error}")
        except Damaged as error:
            fail(f"damaged: {error}")
