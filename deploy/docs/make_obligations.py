"""Writes docs/packs/obligations.md: every obligation of the contracts, how it is proven, and its tests."""

import ast
import sys
from pathlib import Path

from collector.inspection.cadence_terms import Cadence, Every, Obligation
from collector.packs.loading import packaged

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/packs/obligations.md"
PACKS = ("luohe-2026", "pingdingshan-2024", "pingdingshan-2025", "huaian-2025")
TITLES = {
    "LH": "Luohe 漯河 (`luohe-2026`)",
    "PD": "Pingdingshan 平顶山 (`pingdingshan-2024`, `pingdingshan-2025`)",
    "HA": "Huai'an 淮安 (`huaian-2025`)",
}
DRIVEN = "tests/cadence/test_driven.py"
KEPT = f"{DRIVEN}::test_what_was_done_is_kept_by_entries_of_the_log"
BROKEN = f"{DRIVEN}::test_what_was_neglected_is_broken_by_entries_of_the_log"
SILENT = f"{DRIVEN}::test_what_nobody_saw_is_not_proven_and_never_kept"
PRICED = f"{DRIVEN}::test_what_has_a_price_moves_its_line_of_the_scorecard"
PEOPLE = f"{DRIVEN}::test_manual_ones_have_a_form_and_who_files_it_and_show_what_was_filed"
SHORT = {KEPT: "kept", BROKEN: "broken", SILENT: "silent", PRICED: "priced", PEOPLE: "people"}
# Kinds of events and breaches that a cadence waits for and that nothing makes yet: said, not hidden.
NOT_FED = {
    "availability_missed": "where the estate gives a system no `target`: a figure below it",
    "late_staff_change": "a change of staff announced too late",
}
HEAD = """# Obligations (义务台账)

Made from the packs by `python deploy/docs/make_obligations.py`; do not edit. Every obligation of contracts
2.1 to 2.3 stands here with its rhythm, what proves it, who must act, and the test that drives it from
signed results or statements to its line: of the scorecard where one prices it, of the obligation ledger in
any case. `roundseal-collector obligations DIR [ID] [--period P] [--as-of T] [--json]` prints the ledger of a
period (its name or number; the running one; `term`): *kept*, *broken* (something was missed or late), *not
proven* (nobody could tell, or only people know and nobody said), *open*, *nothing due*; with an ID that one
with all its rows and entries. Exit 0: nothing is broken; 1: something is; 2: it cannot be told.

Where nothing makes a breach or an event yet, the row is *not proven* (or nothing is due), never kept, and the
obligation says so. What must *always* hold and machines look at (`check:`, `backup_line:`) is kept only if no
more than 31 days lie between two looks that could tell, and between them and the period's edges, and no
backup that the line is about stayed unseen; unknown proves nothing.
A thing is *missed* only if its time is over and the collector was there to see it. Due
dates go on beyond the years whose holidays are published, and are marked *provisional*. Where the contract
gives no number ("定期"), the rhythm is ours and the limit says so: agree it in writing, or change the pack.

AUTO: results of agents alone prove it. SEMI: the machine proves times, counts or states; a person supplies
a cause, an approval, a signature, a document. MANUAL: only people know; the ledger keeps the deadline, the
form, the document's digest, who filed it and when.

A drift of a configuration, or a system that leaves the estate or its time in service, is a change; it is told
by `shutdown_reported`, `change_requested`, `in_service` or `in_scope` for that system (LH-40). A move to the
cloud is stated with `migration` (HA-03), what starts a limit with `limit_started`. That a fault was reported
at once is proven by what a channel took (docs/notify.md) or by `escalated`; LH-35 wants it of the buyer's
people (the centre) and of the user's: by `whose` of the recipient, or by `whom` of the statement.

A document counts by `document_filed` (`document:ITEM`); one that the collector makes of evidence also by
its own entry (`report:KIND`, `roundseal-collector report`), if it was made after the period that it names.
Where duty always holds (LH-01, PD-01 to PD-03, HA-18), each day or working day that is over wants a roster
that names as many people as the contract says; rosters of one day are not added up.
A roster counts for all the time that it covers, a restore drill whenever it was held. Where duty at an
occasion is wanted (HA-17, HA-29, PD-02), rosters count that cover each of its days, whenever they began; one
that ended before shows nothing of it.

The tests (collectors in `tests/cadence/driving.py`, fed with signed results and statements):

"""


def obligations():
    """Every obligation once, with the packs it stands in."""
    found: dict[str, tuple[Obligation, list[str]]] = {}
    for name in PACKS:
        for one in packaged(name).pack.obligations.obligations:
            found.setdefault(one.id, (one, []))[1].append(name)
    order = list(TITLES)
    return sorted(found.values(), key=lambda held: (order.index(held[0].id[:2]), held[0].id))


def tests_of(one):
    """The tests that drive it, as pytest names them: kept, broken, not proven."""
    if one.tag.value == "MANUAL":
        return PEOPLE, SILENT
    return (KEPT, BROKEN, SILENT, PRICED) if one.line else (KEPT, BROKEN, SILENT)


class NoTest(LookupError):
    """The page would name a test that is not there."""


def there(name):
    """The test of this name, if its file has it."""
    path, _, function = name.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    if function not in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}:
        raise NoTest(f"{path} has no test {function}")
    return name


def missing(one):
    """What its cadences wait for and nothing feeds yet: rows that need it are *not proven*."""
    waited = {kind for cadence in one.cadences for kind in cadence.breach}
    waited |= {cadence.deadline.start_event for cadence in one.cadences if cadence.deadline}
    return [NOT_FED[kind] for kind in sorted(waited & NOT_FED.keys())]


def rhythm(cadence: Cadence):
    """A cadence in words."""
    words = {Every.DAYS: f"every {cadence.step} days", Every.ALWAYS: "always", Every.CLOCK: "clock"}
    text = words.get(cadence.every, f"each {cadence.every.value.replace('_', ' ')}")
    if cadence.every is Every.EVENT and cadence.deadline:
        limit = cadence.deadline
        text = f"{limit.count} {limit.unit.value.replace('_', ' ')} from {limit.start_event}"
    elif cadence.every is Every.BEFORE:
        ahead = f", done {cadence.ahead_days} days ahead" if cadence.ahead_days else ""
        text = f"within {cadence.opens_days} days before {', '.join(cadence.occasions)}{ahead}"
        text += ", a roster that covers its days" if cadence.during else ""
    elif cadence.cover.value != "none":
        owed = "each day" if cadence.cover.value == "days" else "each working day"
        text += (
            ", rosters" + (f" of {cadence.people} people or more" if cadence.people else "") + f" on {owed}"
        )
    elif cadence.deadline:
        text += f", {cadence.deadline.count} {cadence.deadline.unit.value.replace('_', ' ')} after its end"
    if cadence.count > 1:
        text += f", {cadence.count}" + (" distinct weeks" if cadence.distinct.value == "week" else " times")
    if cadence.each.value != "contract":
        text += f", of each {cadence.each.value}"
    return text


def proof(cadence: Cadence):
    kinds = [f"`{kind}`" for kind in cadence.what]
    text = (" and " if cadence.all_of else " or ").join(kinds)
    if cadence.breach:
        text += (", " if text else "") + "never " + ", ".join(f"`{kind}`" for kind in cadence.breach)
    return text


def part(one, packs):
    gaps = missing(one)
    state = "built" + (f"; nothing feeds yet: {'; '.join(gaps)}" if gaps else "")
    tests = ", ".join(SHORT[name] for name in tests_of(one))
    people = f" Filed: {one.form}; shown with digest, filer and time." if one.form else ""
    lines = [
        f"### {one.id} {one.zh}",
        "",
        f"{one.en}. {one.clause}. **{one.tag.value}**, limit: {one.limit or '-'}; "
        + (f"priced by `{one.line}`" if one.line else "no price: obligation ledger")
        + f"; who acts: {one.who}; packs: {', '.join(packs)}.",
        "",
        f"State: {state}. Evidence: {one.evidence}.{people} Tests: {tests}.",
        "",
    ]
    lines += [f"- {rhythm(cadence)}: {proof(cadence)}" for cadence in one.cadences]
    return [*lines, ""]


def counts(found):
    tags = [one.tag.value for one, _ in found]
    said = ", ".join(f"{tag} {tags.count(tag)}" for tag in ("AUTO", "SEMI", "MANUAL"))
    short = sum(bool(missing(one)) for one, _ in found)
    return f"{len(found)} obligations: {said}; {short} wait for something that nothing feeds yet."


def text():
    """The page."""
    found = obligations()
    named = [f"- *{word}*: `{there(name)}`" for name, word in SHORT.items()]
    lines = [HEAD.rstrip("\n"), "", *named, "", counts(found), ""]
    for prefix, title in TITLES.items():
        lines += [f"## {title}", ""]
        for one, packs in found:
            if one.id.startswith(prefix):
                lines += part(one, packs)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
    sys.stdout.write(counts(obligations()) + "\n")
