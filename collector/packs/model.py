"""A contract pack as plain data, its canonical JSON and digest. Standard library only (the verifier)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from functools import lru_cache
from hashlib import sha256
from typing import Any

from checks import codec
from collector.faults.terms import FaultTerms, FindingTerms, VulnerabilityTerms
from collector.inspection.cadence_terms import ObligationTerms
from collector.packs.archive_terms import ArchiveTerms
from collector.packs.form_terms import FormTerms
from collector.scoring.terms import Option, Periods, Scoring
from collector.statements.terms import StatementsTerms


@dataclass(frozen=True, slots=True)
class Document:
    """A document that clauses are quoted from: `key` as in contracts.md 0; `gaps`: what is missing in it."""

    key: str
    title: str
    signed: str = ""
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything a contract says that decides what is due, points or money. One field a section.

    A section of another part is a frozen dataclass (or a tuple of them) that `checks.codec` can write and
    read; a method `mistakes(pack)` of a section or member, if there is one, yields (path, reason).
    """

    pack: str
    title: str
    documents: tuple[Document, ...]
    price: Fraction
    periods: Periods
    scoring: Scoring
    options: tuple[Option, ...] = ()
    title_en: str = ""
    county: str = ""
    archive: ArchiveTerms | None = None
    faults: FaultTerms | None = None
    vulnerabilities: VulnerabilityTerms | None = None
    findings: FindingTerms | None = None
    statements: StatementsTerms | None = None
    obligations: ObligationTerms | None = None
    form: FormTerms | None = None


@dataclass(frozen=True, slots=True)
class Compiled:
    """A pack, its canonical JSON bytes and their SHA-256 (hex), by which scorecards cite it."""

    pack: Pack
    body: bytes
    digest: str


class PackDataError(ValueError):
    """Bytes that are no compiled pack."""

    code = "bad_pack_data"


def compiled(pack: Pack) -> Compiled:
    """The pack with its canonical bytes."""
    document = codec.to_json(pack)
    _without_unused(pack, document)
    body = _canonical(document)
    return Compiled(pack, body, sha256(body).hexdigest())


def _without_unused(part: Any, written: Any) -> None:
    """Leave out keys that came later (`LATER`) and are at their default: who does not use one keeps the
    digest that his pack had before there was such a key, and so his seals, settlements and statements."""
    if is_dataclass(part):
        for spec in fields(part):
            value = getattr(part, spec.name)
            if spec.metadata.get("later") and value == spec.default:
                del written[spec.name]
            else:
                _without_unused(value, written[spec.name])
    elif isinstance(part, tuple):
        for one, item in zip(part, written, strict=True):
            _without_unused(one, item)
    elif isinstance(part, Mapping):
        for key, one in part.items():
            _without_unused(one, written[str(key)])


def _canonical(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


@lru_cache(maxsize=8)  # nobody changes one, and every page asks for the pack in force
def read_back(body: bytes) -> Compiled:
    """The pack from its canonical bytes; PackDataError if they are none, or not canonical."""
    try:
        document = json.loads(body)
        pack = codec.from_json(Pack, document, "pack")
        again = _canonical(document)
    except (ValueError, RecursionError) as error:
        raise PackDataError(str(error)) from None
    # Not compared with the pack written anew: one that was logged before a section existed keeps its digest.
    if again != body:
        raise PackDataError("not the canonical form of a pack")
    return Compiled(pack, body, sha256(body).hexdigest())
