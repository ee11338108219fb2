"""Case files for commands: read, run, printed. Exit 1: one differs; 2: the file or an example is wrong."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from collector.availability.case_report import CaseReport, CaseResult
from collector.availability.errors import CaseError
from collector.cli_parts import complain, fail, of_place

_WORDS = {True: "good", False: "DIFFERS", None: "no expectation"}


def run_file(file: Path, run: Callable[[object], CaseReport], as_json: bool) -> None:
    """Run a case file and print what came out of every example; ends the program unless all is good."""
    import yaml

    try:
        report = run(_document(file.read_bytes()))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        begun = f"{error.context} (line {error.context_mark.line + 1}): " if error.context_mark else ""
        fail(f"{file}: line {line}: not YAML: {begun}{error.problem or error.context}")
    except (OSError, yaml.YAMLError, ValueError, CaseError, RecursionError) as error:
        fail(of_place(file, error))
    if as_json:
        click.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        for one in report.results:
            click.echo(_line(one))
    for name in report.differing:
        click.echo(name, err=True)
    for wrong in report.wrong:
        complain(f"{file}: {wrong}")
    sys.exit(2 if report.wrong else 1 if report.differing else 0)


def _line(one: CaseResult) -> str:
    if one.wrong is not None:
        return f"{one.id}\tWRONG\t{one.wrong.field}: {one.wrong.detail}"
    return f"{one.id}\t{_WORDS[one.agrees]}\t{json.dumps(one.got, ensure_ascii=False)}"


def _document(text: bytes) -> Any:
    """The file's plain values; a key that stands twice is an error, for one of its values would be lost."""
    import yaml

    class Loader(yaml.CSafeLoader):
        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode):
                    continue
                if key.value in seen and not key.tag.endswith(":merge"):
                    place = f"line {key.start_mark.line + 1}"
                    raise CaseError("file", place, f"the key {key.value!r} stands twice")
                seen.add(key.value)
            return super().construct_mapping(node, deep)

    loader = Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
