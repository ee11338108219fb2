"""Inspection records against the lines they stand on."""

from collections.abc import Sequence

from checks.wire.numbers import EntryKind
from collector.verify.batches import Done
from collector.verify.findings import Findings
from collector.verify.history import History, Said

Verdict = tuple[str, str, str]


def check_records(history: History, done: Sequence[Done], findings: Findings) -> list[Verdict]:
    """A verdict for each logged inspection record."""
    return [
        _check(said, done, findings)
        for said in history.said
        if said.kind is EntryKind.RECORD and "window" in said.header
    ]


def _check(said: Said, done: Sequence[Done], findings: Findings) -> Verdict:
    """The record's counts of looks done, against the lines in this bundle."""
    window = str(said.header["window"])
    name = f"inspection record {window}"
    counts = said.header.get("counts")
    if said.document is None or not isinstance(counts, dict):
        return name, "not proven", "its document is not here"
    lines = {
        (one.check, one.target, one.vantage) for one in done if one.round == window and one.error is None
    }
    findings.count("inspection records")
    if len(lines) < int(counts.get("done", 0)):  # those that came late among them
        findings.add(
            "claim_differs", name, f"says {counts.get('done')} looks done, the lines show {len(lines)}"
        )
        return name, "contradicted", ""
    return name, "proven if", f"{len(lines)} looks of {counts.get('due')} due"
