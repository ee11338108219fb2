"""Section `statements:` of a pack: which kinds a contract uses, who may make them, when they are late."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from collector.statements.kind import Kind, Paper
from collector.statements.kinds import KINDS
from collector.statements.lateness import Late
from collector.statements.persons import ROLES


@dataclass(frozen=True, slots=True)
class KindTerms:
    """What a contract says of one kind. What is left out is as in collector/statements/kinds.py.

    `who`: roles; `two`: whether another account must join in; `paper`: whether a document must come with it;
    `late`: the limit, by the clause at `page`.
    """

    kind: str
    clause: str
    page: str
    who: tuple[str, ...] = ()
    two: bool | None = None
    paper: bool | None = None
    late: Late | None = None


@dataclass(frozen=True, slots=True)
class StatementsTerms:
    """Kinds that a contract asks for, in the order in which a page shows them."""

    kinds: tuple[KindTerms, ...] = ()

    def of(self, name: str) -> KindTerms | None:
        """What the contract says of this kind."""
        return next((one for one in self.kinds if one.kind == name), None)

    def mistakes(self, _pack: object) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """(path, reason) of what cannot be."""
        seen: set[str] = set()
        for number, one in enumerate(self.kinds):
            if one.kind in seen:
                yield ("kinds", number, "kind"), f"{one.kind} is there twice"
            seen.add(one.kind)
            yield from ((("kinds", number, *path), reason) for path, reason in _wrong(one))


def _wrong(one: KindTerms) -> Iterator[tuple[tuple[str | int, ...], str]]:
    kind = KINDS.get(one.kind)
    if kind is None:
        yield ("kind",), f"{one.kind} is no kind of statement"
        return
    for role in one.who:
        if role not in ROLES:
            yield ("who",), f"{role} is none of: {', '.join(ROLES)}"
    if one.late is not None and one.late.field and kind.field(one.late.field) is None:
        yield ("late", "field"), f"{one.kind} has no field {one.late.field}"
    if not one.clause or not one.page:
        yield ("clause",), "clause and page are wanted"


def effective(kind: Kind, terms: StatementsTerms | None) -> Kind:
    """The kind as a contract has it."""
    said = None if terms is None else terms.of(kind.name)
    if said is None:
        return kind
    return replace(
        kind,
        who=frozenset(said.who) or kind.who,
        two=kind.two if said.two is None else said.two,
        paper=kind.paper if said.paper is None else (Paper.MUST if said.paper else Paper.MAY),
        late=kind.late if said.late is None else said.late,
    )


def in_use(terms: StatementsTerms | None) -> Mapping[str, Kind]:
    """Kinds that a page offers: those of the contract, else all."""
    if terms is None or not terms.kinds:
        return {name: kind for name, kind in KINDS.items() if not kind.older}
    return {one.kind: effective(KINDS[one.kind], terms) for one in terms.kinds if one.kind in KINDS}
