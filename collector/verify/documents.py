"""Documents of judging in the log, made anew: their figures, and every cell that a bundle can fill.

The report counts the cells and says of which tables some were not. Of documents that an older program worded
numbers, times, states and entries of most tables are made anew (document_tables.py), not their words.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from checks.codec import from_json
from checks.wire import strict_json
from checks.wire.numbers import EntryKind
from collector.documents.draft import WORDED
from collector.documents.matter import Matter, Span
from collector.documents.scorecard_tables import judged_by, tables
from collector.documents.tables import plain
from collector.judging import printed, sealed
from collector.judging.sealed import Sealed
from collector.judging.version import FRESH, UNNAMED, program
from collector.packs.model import read_back
from collector.verify import document_tables, document_words, judged
from collector.verify.document_facts import About, Facts
from collector.verify.document_matter import Bundled, Told
from collector.verify.findings import Findings
from collector.verify.history import History, Said
from collector.verify.judged import Verdict
from collector.verify.scorecards import Evidence, remade

_HEADER = ("document", "subject", "as_of")
_SPAN = (("period", "name"), ("from", "from"), ("to", "to"))
_WORDS = "its words and tables were not made anew, only their digest was checked"
_SAME = "numbers, times, states and entries made anew of: {0}; not its words, nor these tables: {1}"
_BEHIND_MS = 60_000
_TABLES = "its form and tables are those that they give"
_OTHERS = "its form and tables were worded by program {0}, this is {1}: they were not compared"
_OVERVIEW = "its overview is worded in another way: it was not compared"


def check_documents(evidence: Evidence, findings: Findings) -> list[Verdict]:
    """A verdict for each document logged from the bundle's begin on; after the scorecards'."""
    verdicts = []
    above = judged.rising(evidence.history.said)
    known: Known = {}
    for said in evidence.history.said:
        if said.kind is not EntryKind.RECORD or "document" not in said.header or said.idx < evidence.begin:
            continue
        name = f"document {said.header['document']} {said.header.get('period', '')} (entry {said.idx})"
        try:
            verdicts.append((name, *(judged.outdated(said, above) or _check(said, evidence, known))))
        except judged.PROBLEMS as error:
            why = f"it cannot be read: {error}"
            verdicts.append((name, *judged.differing(judged.made_by(said.header), why, "made")))
        findings.count("documents of judging")
        if verdicts[-1][1] == "not proven":
            findings.count("documents of judging that are not proven")
        if verdicts[-1][1] == "contradicted":
            findings.add("claim_differs", *verdicts[-1][::2])
    return verdicts


Known = dict[About, Facts]
"""What tables are made of: documents of one instant are made of the same."""


def _check(said: Said, evidence: Evidence, known: Known) -> tuple[str, str]:
    if said.document is None:
        return "contradicted", "its document is not here"
    body = strict_json.loads(said.document)
    span = body["period"]
    differs = [name for name in _HEADER if said.header.get(name) != body.get(name)]
    differs += [name for name, own in _SPAN if said.header.get(name) != span.get(own)]
    if differs:
        return "contradicted", f"its entry says another {', '.join(differs)}"
    if body["as_of"] > said.received_ms:
        return "contradicted", "it speaks of a later instant than its own"
    figures = body.get("figures")
    if odd := _misplaced(said, body, evidence.history):
        return odd
    if figures is None:
        return "not proven", _WORDS
    word, detail, made = (
        _sealed(said, figures, evidence) if figures["seal"] is not None else _now(said, figures, evidence)
    )
    if made is None:
        return word, detail
    if body["document"] != "scorecard":
        return _with_tables(said, body, made, evidence, known, (word, detail))
    return _with_form(said, body, made, evidence, (word, detail))


def _misplaced(said: Said, body: Mapping[str, Any], history: History) -> judged.Word | None:
    """What is wrong with the version, or the log, that it says it was made by and of."""
    named, size = judged.made_by(said.header), body.get("size")
    figures = body.get("figures") or {}
    if named >= FRESH and isinstance(figures, dict) and figures.get("judging", named) != named:
        return "contradicted", "its entry says another judging"
    if size is None:
        # The first version told it of the figures alone.
        return ("contradicted", "it does not say what it was made of") if named >= FRESH else None
    if not 0 < from_json(int, size, "size") <= said.idx:
        return "contradicted", "it says that it was made of more than was there"
    return judged.stale(size, said, history, named)


def _with_tables(
    said: Said,
    body: Mapping[str, Any],
    made: Sealed,
    evidence: Evidence,
    known: Known,
    so_far: tuple[str, str],
) -> tuple[str, str]:
    """The verdict on a document with its tables; `so_far`: on its figures."""
    word, detail = so_far
    if evidence.begin:
        return word, f"{detail}; {_WORDS}"
    size = body.get("size", said.idx)
    if word == "proven if" and (late := evidence.history.received(size, said.idx, body["as_of"])):
        word, detail = "not proven", f"its tables leave out {len(late)} entries that had come"
    every: list[_Compared] = []
    for size, until in _sizes(said, body, evidence.history):
        about = About(said.header["period"], body["as_of"], size, until)
        facts = known.setdefault(about, Facts(evidence, about))
        every.append(_tables(body, facts, made))
        if not every[-1][0]:
            break
    odd, told, whole = every[-1] if not every[-1][0] else every[0]
    if not odd:
        return word if whole else _no_better(word), f"{detail}; {told}"
    if set(odd) <= document_words.STANDING and _came(said, body, evidence.history):
        why = f"{', '.join(odd)} may rest on what came while it was made: make it again"
        return "not proven", f"{detail}; {why}"
    why = f"the evidence gives another {', '.join(odd)}"
    if (by := body.get("program")) != program():
        return judged.OTHER, f"made by program {by or 'that named none'}, this is {program()}: {why}"
    return judged.differing(judged.made_by(said.header), why, "made")


def _came(said: Said, body: Mapping[str, Any], history: History) -> bool:
    """Whether results or statements came between a document's instant and its own entry."""
    kinds = (history.kinds[idx - history.begin] for idx in range(body["size"], said.idx))
    return any(kind != EntryKind.RECORD for kind in kinds)


def _no_better(word: str) -> str:
    """The verdict on a document of which words were not compared: whatever names another program, or an older
    version of documents, is never proven by its figures alone."""
    return "not proven" if word == "proven if" else word


_Compared = tuple[list[str], str, bool]
"""Names of tables that are not what the evidence gives, what to say of the others, whether every word was
compared."""


def _tables(body: Mapping[str, Any], facts: Facts, made: Sealed) -> _Compared:
    """A document's tables beside the evidence; of a fault that is none nothing else is asked."""
    fault = facts.fault(body["subject"]) if body["subject"] else None
    if body["subject"] and fault is None:
        return ["subject"], "", True
    prints = document_tables.About(fault, (made.scorecard, made.facts))
    found = _words(body, facts, made, prints)
    if found is not None:
        return found.odd, found.told, True
    odd, same, left = document_tables.differing(body, facts, prints)
    return odd, _SAME.format(", ".join(same) or "no table", ", ".join(left) or "none"), False


def _words(
    body: Mapping[str, Any], facts: Facts, made: Sealed, prints: document_tables.About
) -> document_words.Compared | None:
    """A document word by word; None where it differs, and was worded by another program than this."""
    mine = _is_worded(body)
    try:
        found = document_words.compared(body, _matter(body, facts, made), (facts, prints))
    except judged.PROBLEMS:
        if mine:
            raise
        return None
    return found if mine or not found.odd else None


def _is_worded(body: Mapping[str, Any]) -> bool:
    """Whether this program words documents as the one did that made it."""
    return from_json(int, body["v"], "v") >= WORDED and body.get("program") == program()


def _matter(body: Mapping[str, Any], facts: Facts, made: Sealed) -> Matter:
    """What the document was filled from."""
    of, entry = body["period"], body["figures"]["seal"]
    span = Span(of["name"], of["from"], of["to"], body["as_of"], facts.about.size)
    seal = None if entry is None else (entry, made.number)
    key = span, body["subject"], seal
    return facts.matters.setdefault(key, Bundled(facts, span, Told(facts, made, seal), body["subject"]))


def _sizes(said: Said, body: Mapping[str, Any], history: History) -> Iterator[tuple[int, int]]:
    """Of how much of the log it was made, and up to when records were read: as it says. Those of the first
    version say it of their figures at most: of that; of all that had come at its instant; where the
    collector was a little behind, of what had come a minute before; where it took its time, with records of
    the minute after."""
    as_of = body["as_of"]
    if "size" in body:
        yield body["size"], as_of
        return
    tried: set[int] = set()
    of_figures = [(body["figures"]["size"], as_of)] if body["figures"]["seal"] is None else []
    near = ((as_of, as_of), (as_of - _BEHIND_MS, as_of), (as_of + _BEHIND_MS,) * 2)
    for size, until in (*of_figures, *((history.size_at(end, said.idx), until) for end, until in near)):
        if size not in tried:
            tried.add(size)
            yield size, until


def _with_form(
    said: Said, body: Mapping[str, Any], made: Sealed, evidence: Evidence, so_far: tuple[str, str]
) -> tuple[str, str]:
    """The verdict on a scorecard's own document with its form and tables; `so_far`: on its figures."""
    reworded, told = _worded(body, made, evidence.history, said.idx)
    if reworded and from_json(int, body["v"], "v") < WORDED:
        return judged.OTHER, f"{told}: documents were worded in another way then (version {body['v']})"
    if reworded:
        return judged.differing(judged.made_by(said.header), told, "made")
    if told != _TABLES or evidence.begin:
        return _no_better(so_far[0]), f"{so_far[1]}; {told}"
    size = body.get("size", said.idx)
    facts = Facts(evidence, About(said.header["period"], body["as_of"], size, body["as_of"]))
    found = _words(body, facts, made, document_tables.About(None, (made.scorecard, made.facts)))
    if found is None:
        return _no_better(so_far[0]), f"{so_far[1]}; {told}; {_OVERVIEW}"
    if found.odd:
        why = f"the evidence gives another {', '.join(found.odd)}"
        return judged.differing(judged.made_by(said.header), why, "made")
    return so_far[0], f"{so_far[1]}; {told}; {found.told}"


def _worded(body: Mapping[str, Any], made: Sealed, history: History, before: int) -> tuple[bool, str]:
    """Whether a document's tables are not those of the scorecard that it prints, and what to say of them."""
    digest = made.scorecard.pack_digest
    held = [one.terms.contract for one in history.estates if one.idx < before]
    packs = (read_back(one.compiled.encode()) for one in reversed(held) if one and one.compiled)
    pack = next((one.pack for one in packs if one.digest == digest), None)
    judgement = judged_by(pack, made.scorecard, made.facts)
    for lang in ("zh", "en"):
        wanted = [plain(one) for one in tables(judgement, lang)]
        if strict_json.loads(strict_json.dumps(wanted)) == body["tables"]:
            return False, _TABLES
    by = body.get("program")
    if by != program():
        return False, _OTHERS.format(by or "that named none", program() or "unknown")
    return True, "its form and tables are not those of its scorecard"


_Found = tuple[str, str, Sealed | None]
"""Verdict and detail; the scorecard where the figures are its."""


def _sealed(said: Said, figures: Mapping[str, Any], evidence: Evidence) -> _Found:
    """A document that prints a sealed scorecard."""
    entry = from_json(int, figures["seal"], "figures.seal")
    found = next((one for one in evidence.history.said if one.idx == entry), None)
    if entry >= said.idx or (found is not None and "scorecard" not in found.header):
        return "contradicted", f"entry {entry} is no scorecard that was there", None
    if found is None or found.document is None:
        return "not proven", f"the scorecard of entry {entry} is not in this bundle; {_WORDS}", None
    made = sealed.parse(found.document)
    if (found.header["scorecard"], figures) != (
        said.header["period"],
        printed.figures(made.scorecard, entry, made.size),
    ):
        return "contradicted", f"its figures are not those of the scorecard of entry {entry}", None
    word = evidence.words.get(entry, "not proven")
    return word, f"its figures are those of the scorecard of entry {entry}", made


def _now(said: Said, figures: Mapping[str, Any], evidence: Evidence) -> _Found:
    """A document that prints a scorecard as it stood."""
    size = from_json(int, figures["size"], "figures.size")
    as_of = from_json(int, figures["as_of"], "figures.as_of")
    if not 0 < size <= said.idx or as_of > said.received_ms:
        return "contradicted", "it says that it was made of more than was there", None
    if evidence.begin:
        return "not proven", f"it stands on entries from before this bundle; {_WORDS}", None
    judging = from_json(int, figures.get("judging", UNNAMED), "figures.judging")
    if old := judged.stale(size, said, evidence.history, judging):
        return *old, None
    made = remade(str(said.header["period"]), as_of, size, evidence)
    if printed.figures(made.scorecard, None, size, judging) != figures:
        return *judged.differing(judging, "the evidence gives other figures"), None
    if left := evidence.history.received(size, said.idx, as_of):
        return "not proven", f"its figures leave out {len(left)} entries that had come", made
    return "proven if", "its figures, as they stood then", made
