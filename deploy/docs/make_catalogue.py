"""Writes docs/catalogue.md: a line for each row of the inspection catalogue, its checks and their proof."""

import sys
from pathlib import Path

import yaml

from checks import registry

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "deploy/docs/catalogue.yaml"
PAGE = ROOT / "docs/catalogue.md"
# From the strongest to the weakest.
KINDS = {"part": "real part", "recording": "real recording", "own": "own recording", "none": "none"}
HEAD = """# Inspection catalogue (巡检目录)

Made from `deploy/docs/catalogue.yaml` and the installed checks by `python deploy/docs/make_catalogue.py`;
do not edit. What the checks are stands in [checks.md](checks.md). The proof of a row is that of its weakest
check: *real part*: tried on the program or machine itself, or on a simulator that others wrote; *real
recording*: on answers of real devices that others recorded; *own recording*: on recordings of our own only;
*none*: nothing looks, or on nothing yet.
"""


def load():
    return yaml.safe_load(SOURCE.read_text(encoding="utf-8"))


def proof_of(data, check_id):
    """Kind of proof of an installed check, and the file that is the proof."""
    for kind in ("part", "recording"):
        for path, ids in data["proofs"][kind].items():
            if check_id in ids and (ROOT / path).exists():
                return kind, path
    place = f"tests/checks/recordings/{check_id}"
    return ("own", place) if any((ROOT / place).glob("*.json")) else ("none", "")


def row_proof(data, row, ids):
    """The weakest proof among the row's checks, none for one that is missing; or that a person looks."""
    if row.get("human"):
        return "a person looks"
    kinds = [proof_of(data, check_id)[0] if check_id in ids else "none" for check_id in row["checks"]]
    return KINDS[max(kinds, key=list(KINDS).index)] if kinds else KINDS["none"]


def row_line(data, row, ids):
    there = [check_id for check_id in row["checks"] if check_id in ids]
    missing = [check_id for check_id in row["checks"] if check_id not in ids]
    names = ", ".join(f"`{one}`" for one in there) or "–"
    notes = [f"missing: {', '.join(missing)}"] if missing else []
    notes += [row["note"]] if "note" in row else []
    return f"| {row['row']} | {names} | {row_proof(data, row, ids)} | {'; '.join(notes)} |"


def counts(data, ids):
    rows = [row for section in data["sections"] for row in section["rows"]]
    found = [row_proof(data, row, ids) for row in rows]
    said = ", ".join(f"{kind} {found.count(kind)}" for kind in (*KINDS.values(), "a person looks"))
    return f"{len(rows)} rows: {said}."


def text(ids=None):
    """The page for these installed checks (all by default)."""
    data = load()
    ids = set(registry.ids() if ids is None else ids)
    parts = [HEAD, counts(data, ids), ""]
    for section in data["sections"]:
        parts += [f"## {section['id']} {section['title']}", "", "| row | checks | proof | note |"]
        parts += ["| --- | --- | --- | --- |", *(row_line(data, row, ids) for row in section["rows"]), ""]
    parts += ["## Checks and what they were tried on", "", "| check | proof | by |", "| --- | --- | --- |"]
    for check_id in sorted(ids):
        kind, path = proof_of(data, check_id)
        parts.append(f"| {check_id} | {KINDS[kind]} | {f'`{path}`' if path else ''} |")
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    sys.stdout.write(counts(load(), set(registry.ids())) + "\n")
