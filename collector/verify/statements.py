"""What people said, held against the keys that the log enrols and the rights of the contract in force.

Whoever has root on the collector holds the log key: he can write any entry, also one that names another
person. What he cannot make is that person's signature; so how each statement came is said with it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unicodedata import normalize

from checks.wire.numbers import EntryKind
from collector.availability.approvals import Approval
from collector.evidence.policy import Policy
from collector.judging import judge
from collector.judging.fits import misfits
from collector.judging.ground import Applied
from collector.packs.model import PackDataError, read_back
from collector.packs.options import OptionError
from collector.statements import fold, windows
from collector.statements.fold import Book, Logged, Seal
from collector.statements.kind import Kind
from collector.statements.kinds import KINDS
from collector.statements.lateness import NO_SPANS, Spans, instant_of, is_late
from collector.statements.model import Said, Through
from collector.statements.persons import PersonKey, Vouch
from collector.statements.terms import StatementsTerms, effective
from collector.verify.findings import Findings
from collector.verify.history import History
from collector.verify.history import Said as Told

Claim = tuple[str, str, str]
_PERSON = {
    "bad_signature",
    "revoked_key",
    "unvouched_key",
    "bad_role",
    "key_known",
    "own_enrolment",
    "bad_key_request",
    "wrong_log",
}
_MARKS = {"bad_late", "bad_two"}  # made by the collector: whoever said it is not to blame
_ROLE_EVENTS = ("account_added", "role_changed")
_SESSION = (
    "statements without their author's own signature came through a session and are signed by the collector: "
    "whoever runs it could have written them (grade D)"
)
_COMMAND = (
    "statements without their author's own signature were written on the collector's command line in the "
    "name of an account, without a login: whoever may run it names any account there (grade D)"
)
_NOT_SIGNED = {Through.SESSION: _SESSION, Through.COMMAND: _COMMAND}
_HOW = {
    Through.SESSION: "entered through {0}'s session",
    Through.COMMAND: "written on the collector's command line in the name of {0}, without a login",
}
_FIRST = (
    "keys of people that your policy does not name (`person ACCOUNT KEY`) are known from this log only: "
    "compare their codes with the people"
)


@dataclass(slots=True)
class People:
    """The book of a bundle, and what was found wrong, by entry."""

    policy: Policy
    book: Book
    terms: list[tuple[int, StatementsTerms | None]] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    estates: list[Applied] = field(default_factory=list)
    roles: list[tuple[int, str, str]] = field(default_factory=list)
    """(entry, account, role) of changes that the log tells."""
    wrong: dict[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """Codes and details of what is wrong with a statement, by entry."""
    refused: set[int] = field(default_factory=set)
    """Entries of statements that count nowhere."""
    by_entry: dict[int, Said] = field(default_factory=dict)
    """What `book` holds, by entry."""

    def known(self, key: PersonKey) -> bool:
        """Whether the policy names the key, or one that this one follows by its own signature."""
        named = self.policy.persons.get(key.account, frozenset())
        one: PersonKey | None = key
        while one is not None:
            if one.public in named:
                return True
            one = one.former if one.vouch is Vouch.OWN else None
        return False

    def role_of(self, account: str, entry: int) -> str | None:
        """The role that the log says an account had when this entry came, by its changes and by its keys;
        None where it says nothing."""
        keys = (one for one in self.book.persons.keys if one.vouch is not Vouch.NONE or self.known(one))
        told = [*self.roles, *((one.idx, one.account, one.role) for one in keys)]
        mine = [(idx, role) for idx, name, role in told if name == account and idx < entry]
        return max(mine)[1] if mine else None

    def in_force(self, entry: int) -> StatementsTerms | None:
        """What the contract said when this entry came."""
        return next((terms for idx, terms in reversed(self.terms) if idx < entry), None)

    def applied(self, entry: int) -> list[Applied]:
        """The estates that had been applied when this entry came."""
        return [one for one in self.estates if one.idx < entry]

    def periods(self, entry: int) -> Spans:
        """The periods of the contracts that were known when this entry came."""
        try:
            return judge.spans(self.applied(entry))
        except (PackDataError, OptionError):
            return NO_SPANS

    def unfit(self, one: Said, kind: Kind) -> list[str]:
        """In what a statement does not fit the pack that was in force when it came."""
        try:
            held = judge.frame(self.applied(one.entry), one.received_ms, about=one.fields.get("period"))
        except (PackDataError, OptionError):
            return []
        return [] if held is None else [f"{name}: {why}" for _, name, why in misfits(kind, one.fields, held)]


def read_people(history: History, policy: Policy) -> People:
    """Everything that people said, in log order."""
    people = People(policy, Book())
    people.book.trusted = people.known
    for applied in history.estates:
        contract = applied.terms.contract
        people.terms.append((applied.idx, _terms(contract.compiled) if contract else None))
        people.estates.append(Applied(applied.idx, applied.at_ms, applied.terms))
    for said in sorted(history.said, key=lambda one: one.idx):
        if said.kind is EntryKind.STATEMENT:
            people.book.take(Logged(said.idx, said.received_ms, said.header))
        elif said.kind is EntryKind.COLLECTOR:
            people.roles.extend(_role(said))
        elif said.kind is EntryKind.RECORD:
            people.seals.extend(_seal(said))
    _weigh(people, history)
    return people


def _role(said: Told) -> Iterator[tuple[int, str, str]]:
    """(entry, account, role) of an event that gave an account one."""
    name, role = said.header.get("subject"), said.header.get("role")
    if said.header.get("event") in _ROLE_EVENTS and type(name) is str and type(role) is str:
        # Accounts are stored so; events name what somebody typed.
        yield said.idx, normalize("NFC", name), role


def _seal(said: Told) -> Iterator[Seal]:
    """The first seal of a scorecard; amendments seal nothing that it has not."""
    begin, end = said.header.get("from"), said.header.get("to")
    if "scorecard" not in said.header or said.header.get("number") != 0:
        return
    if type(begin) is int and type(end) is int:
        yield Seal(said.idx, said.received_ms, begin, end, str(said.header["scorecard"]))


def _weigh(people: People, history: History) -> None:
    """Note what is wrong with each statement."""
    headers = {said.idx: said.header for said in history.said}
    told: dict[str, int] = {}
    people.by_entry = {one.entry: one for one in people.book.said}
    for place, one in enumerate(people.book.said):
        header = headers.get(one.entry, {})
        found = (*_wrong(one, people, told, header.get("digest")), *_made_later(one, header))
        if not found:
            continue
        people.wrong[one.entry] = found
        if {code for code, _ in found} <= _MARKS:
            people.book.said[place] = people.by_entry[one.entry] = _put_right(one, people)
        else:
            people.refused.add(one.entry)


def _put_right(one: Said, people: People) -> Said:
    """What somebody said, with the marks that the collector should have made."""
    kind = effective(KINDS[one.kind], people.in_force(one.entry))
    late = is_late(kind.late, one.fields, one.received_ms, people.periods(one.entry))
    return replace(one, late=late, two=one.two or kind.two)


def _terms(compiled: str) -> StatementsTerms | None:
    try:
        return read_back(compiled.encode()).pack.statements if compiled else None
    except PackDataError:
        return None  # whoever reads scorecards says so


def counting(people: People, size: int, as_of_ms: int | None = None) -> tuple[Said, ...]:
    """What was said in the first `size` entries, received up to an instant, and with which nothing is wrong:
    as `jobs.said.every_said` has them where the collector took nothing that it may not take."""
    return tuple(
        one
        for one in people.book.said
        if one.entry < size
        and (as_of_ms is None or one.received_ms <= as_of_ms)
        and one.entry not in people.refused
    )


def approvals(people: People, size: int, as_of_ms: int | None = None) -> tuple[Approval, ...]:
    """Approvals of windows among them, as `jobs.said.approvals` has them."""
    return windows.approvals(counting(people, size, as_of_ms), size)


def check_people(people: People, begin: int, findings: Findings) -> list[Claim]:
    """Findings for every statement from entry `begin` on, and for every key; a claim for each person."""
    wrong: Counter[str] = Counter()
    keys = {key.idx for key in people.book.persons.keys}
    for problem in people.book.problems:
        if problem.entry >= begin or problem.entry in keys:
            code = "bad_person" if problem.code in _PERSON else "bad_statement"
            findings.add(code, f"entry {problem.entry}", f"{problem.detail} ({problem.code})")
    for one in people.book.said:
        for code, detail in people.wrong.get(one.entry, ()) if one.entry >= begin else ():
            findings.add(_code(code), f"entry {one.entry}", f"{detail} ({code})")
            wrong[one.by] += 1
    recent = [one for one in people.book.said if one.entry >= begin]
    for one in recent:
        _notice_unfit(one, people, findings)
    if recent:
        findings.count("statements by people", len(recent))
    return [*_keys(people, findings), *_claims(recent, people, wrong, findings)]


def _notice_unfit(one: Said, people: People, findings: Findings) -> None:
    """What a collector refuses, and what counts no further than its clause goes where it stands."""
    kind = KINDS.get(one.kind)
    for why in () if kind is None or kind.older else people.unfit(one, kind):
        findings.notice(f"entry {one.entry} ({one.kind}) does not fit the contract's pack: {why}")


def _code(code: str) -> str:
    return "bad_person" if code in (*_PERSON, "other_key") else "bad_statement"


def _wrong(one: Said, people: People, told: dict[str, int], digest: object) -> Iterator[tuple[str, str]]:
    kind = KINDS.get(one.kind)
    key = people.book.signers.get(one.entry)
    if key is not None and people.policy.persons.get(one.by) and not people.known(key):
        yield "other_key", f"signed with a key that your policy does not name for {one.by}"
    if kind is None or kind.older:
        return
    kind = effective(kind, people.in_force(one.entry))
    yield from _rights(one, kind, people)
    if one.late is not is_late(kind.late, one.fields, one.received_ms, people.periods(one.entry)):
        yield "bad_late", f"came {'in time' if one.late else 'late'} and says otherwise"
    if kind.two and not one.two:
        yield "bad_two", f"{one.kind} wants a second person, and says that it does not"
    if one.document is not None and one.document != digest:
        yield "bad_document", "its document is not the one whose digest was said"
    yield from _doubled(one, people, told)
    if one.kind == fold.SECOND:
        yield from _joined(one, people)


def _made_later(one: Said, header: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if why := fold.made_later(Logged(one.entry, one.received_ms, header)):
        yield "made_later", why


def _rights(one: Said, kind: Kind, people: People) -> Iterator[tuple[str, str]]:
    if one.through is not Through.KEY and people.role_of(one.by, one.entry) not in (None, one.role):
        yield "bad_role", f"says that {one.by} is {one.role or 'no account'}; the log says otherwise"
    if one.role not in kind.who and not (one.role == "" and one.by == "cli" and "admin" in kind.who):
        yield "no_right", f"{one.by} ({one.role or 'no account'}) may not say {one.kind}"


def _doubled(one: Said, people: People, told: dict[str, int]) -> Iterator[tuple[str, str]]:
    kind = KINDS[one.kind]
    content = repr((one.kind, one.by, sorted(one.fields.items()), one.document, one.corrects, one.amendment))
    if content in told:
        yield "twice", f"says exactly what entry {told[content]} says"
    told.setdefault(content, one.entry)
    if one.corrects is not None and not fold.corrects_well(one, people.by_entry.get(one.corrects)):
        yield "bad_correction", f"corrects entry {one.corrects}, which it may not"
    at = instant_of(one.fields.get(kind.when)) if kind.when else None
    if kind.when in ("at", "day") and at is not None and at > one.received_ms + fold.CLOCK_MS:
        yield "in_future", "tells of what had not happened yet"
    about = fold.spoken_of(one.kind, one.fields, one.corrects, people.by_entry)
    seal = fold.sealed_by(one.at_ms, one.fields, people.seals, one.entry, about)
    if seal is not None and not one.amendment:
        yield "sealed", f"is about a period that entry {seal.entry} had sealed, and is no amendment"


def _joined(one: Said, people: People) -> Iterator[tuple[str, str]]:
    entry = one.fields.get("entry")
    first = people.by_entry.get(entry) if type(entry) is int else None
    if first is None or not fold.may_second(first, one.by, one.role):
        yield "same_person", "joins in what its author may not join in"


def _keys(people: People, findings: Findings) -> Iterator[Claim]:
    """Who enrolled whom: a claim for each key."""
    for key in people.book.persons.keys:
        findings.count("keys of people")
        name = f"key of {key.account} ({key.role})"
        how = f"code {key.code}, entry {key.idx}, enrolled by {key.by}; vouched for by "
        how += ", ".join(key.vouchers) or ("its own former key" if key.former else _nobody(key))
        how += "" if key.until is None else f"; signs nothing from entry {key.until} on"
        if people.known(key):
            yield name, "proven", f"your policy names it; {how}"
        elif key.vouch is Vouch.NONE or people.policy.persons.get(key.account):
            yield name, "contradicted", how
        else:
            findings.notice(_FIRST)
            yield name, "proven if", f"it is {key.account}'s; {how}"


def _nobody(key: PersonKey) -> str:
    if key.through is Through.COMMAND:
        return f"nobody: the collector's command line only, in the name of {key.by}, without a login"
    return "nobody: the collector's entry only, which does not say how it came"


def _claims(said: Sequence[Said], people: People, wrong: Counter[str], findings: Findings) -> Iterator[Claim]:
    """What each person said, by how it came."""
    groups: dict[tuple[str, str, Through, int], list[Said]] = {}
    for one in said:
        key = people.book.signers.get(one.entry)
        place = (one.by, one.role, one.through, -1 if key is None else key.idx)
        groups.setdefault(place, []).append(one)
    for (by, role, through, _), found in sorted(groups.items()):
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(s.kind for s in found).items()))
        name = f"statements of {by} ({role or 'no account'})"
        bad = f"; {wrong[by]} problems" if wrong[by] else ""
        if through is not Through.KEY:
            findings.notice(_NOT_SIGNED[through])
            own = " though that account has a key of its own" if _has_key(found, people) else ""
            how = _HOW[through].format(by)
            detail = f"{how}{own}, signed by the collector, not by {by}: {kinds}{bad}"
            yield name, "contradicted" if bad else "human", detail
            continue
        key = people.book.signers[found[0].entry]
        if people.known(key):
            word, held = "proven", "signed with the key that your policy names"
        else:
            word, held = "proven if", f"the key with the code {key.code} is {by}'s: signed with it"
        yield name, "contradicted" if bad else word, f"{held}: {kinds}{bad}"


def _has_key(said: Sequence[Said], people: People) -> bool:
    return any(
        key.vouch is not Vouch.NONE and key.live(one.entry)
        for one in said
        for key in people.book.persons.keys
        if key.account == one.by
    )
