"""Writes docs/checks.md from the checks' own declarations; a test holds it current."""

import sys
from dataclasses import MISSING, fields
from pathlib import Path
from typing import get_type_hints

from checks import registry
from checks.codec import to_json
from checks.wire import strict_json

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Checks (巡检项)

Made from the checks' own declarations by `python deploy/docs/check_pages.py`; do not edit. A limit
`{"warn": a, "crit": b}` is in the unit of the readings it judges; `null` is no limit.
Try one here: `roundseal-agent check ID --param key=value`.
"""


def default_of(spec) -> str:
    if spec.default is not MISSING:
        value = spec.default
    elif spec.default_factory is not MISSING:
        value = spec.default_factory()
    else:
        return "required"
    return f"`{strict_json.dumps(to_json(value)).decode()}`"


def type_of(hint) -> str:
    return (
        getattr(hint, "__name__", str(hint))
        if not hasattr(hint, "__args__")
        else str(hint).replace("checks.api.", "")
    )


def page(check_id: str) -> str:
    check = registry.get(check_id)
    module = sys.modules[f"checks.{check_id}"]
    about = " ".join((module.__doc__ or "").strip().split("\n\n")[0].split())
    lines = [f"## {check.id}: {check.title} ({check.title_en})", "", about, ""]
    lines.append(f"Version {check.version}, looks through `{check.source.value}`.")
    if check.clauses:
        lines.append(f"Clauses it helps to prove: {', '.join(check.clauses)}.")
    if check.needs:
        lines.append(f"Needs: {'; '.join(check.needs)}.")
    kinds = getattr(check.params, "KINDS", None)
    if kinds is not None:
        where = f"on assets of kind {' or '.join(kinds)}, or " if kinds else ""
        named = "where the asset's `params` name it"
        lines.append(f"A pattern such as `network.*` means it only {where}{named}.")
    hints = get_type_hints(check.params)
    if fields(check.params):
        lines += ["", "| parameter | type | default |", "| --- | --- | --- |"]
        for spec in fields(check.params):
            kind = type_of(hints[spec.name]).replace("|", "\\|")
            lines.append(f"| `{spec.name}` | {kind} | {default_of(spec)} |")
    return "\n".join(lines)


def text() -> str:
    return HEAD + "\n" + "\n\n".join(page(check_id) for check_id in registry.ids()) + "\n"


if __name__ == "__main__":
    (ROOT / "docs/checks.md").write_text(text(), encoding="utf-8")
