"""Keys of people, from the log's own entries: who enrolled whom, who vouched, until when. Pure.

    text       {"v":1,"log":origin,"kind":"key","account":a,"role":r,"alg":1,"public":hex,"made":ms}
    entry      STATEMENT {"kind":"key","subject":a,"by":enroller,"role":his,"said":text,"signatures":[…]}
               and "through":"command" where it came from the collector's command line, without a login

Signatures over PAE(`person_key`, text): always the new key's own (whoever enrols it holds it), then those who
vouch: another account's key, the account's own former key. Order in the log decides, never a clock.

Whoever has root on the collector holds the log key and can write such an entry himself. So a key counts as
vouched for only where somebody's enrolled key signed for it: of the same side (the buyer's, or the vendor's).
Only the first key of a side can come without; it is called that, and its code is to be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from checks.wire import strict_json
from checks.wire.blob import Signature
from checks.wire.errors import WireError
from checks.wire.numbers import ALG_ED25519
from checks.wire.signing import check_public
from checks.wire.token import approval_code
from collector.statements.model import Through
from collector.statements.text import PERSON_KEY, TextError, signatures_of, signed_by

KEY = "key"
REVOKED = "key_revoked"
ROLES = ("viewer", "operator", "manager", "buyer", "admin")
_KEYS = {"v", "log", "kind", "account", "role", "alg", "public", "made"}


class Vouch(StrEnum):
    """Who stands behind a key."""

    OWN = "own"  # the account's former key signed for it
    PERSON = "person"  # keys of others did
    FIRST = "first"  # nobody could: the first of its side
    NONE = "none"  # nobody who could have did: it proves nothing


@dataclass(slots=True)
class PersonKey:
    """One key of an account: from its entry on, until another one replaces it or it is revoked."""

    account: str
    role: str
    public: bytes
    idx: int
    by: str
    vouch: Vouch
    vouchers: tuple[str, ...] = ()
    problem: str = ""
    until: int | None = None
    former: "PersonKey | None" = None
    through: Through = Through.SESSION
    """How its enrolment came: COMMAND without a login; SESSION where the entry does not say (older ones)."""

    @property
    def code(self) -> str:
        """What two people compare: 24 digits in groups of four."""
        return approval_code(self.public)

    def live(self, idx: int) -> bool:
        """Whether it may sign at this place of the log."""
        return self.idx < idx and (self.until is None or idx < self.until)


@dataclass(frozen=True, slots=True)
class Request:
    """A wish for a key to be enrolled."""

    log: str
    account: str
    role: str
    public: bytes
    made: int


def encode_request(request: Request) -> bytes:
    """Its bytes, which the new key and those who vouch sign."""
    return strict_json.dumps(
        {
            "v": 1,
            "log": request.log,
            "kind": KEY,
            "account": request.account,
            "role": request.role,
            "alg": ALG_ED25519,
            "public": request.public.hex(),
            "made": request.made,
        }
    )


def parse_request(data: bytes) -> Request:
    """The wish that these bytes are; TextError for anything else."""
    try:
        whole = strict_json.loads(data, 2)
        good = type(whole) is dict and set(whole) == _KEYS
        if not good or (whole["v"], whole["kind"], whole["alg"]) != (1, KEY, ALG_ED25519):
            raise ValueError("its keys, or its version")
        names = [whole[name] for name in ("log", "account", "role", "public")]
        if any(type(name) is not str or not name for name in names) or type(whole["made"]) is not int:
            raise ValueError("a value is of another type")
        if whole["role"] not in ROLES:
            raise ValueError(f"{whole['role']!r} is no role")
        public = bytes.fromhex(whole["public"])
        check_public(public)
    except (WireError, ValueError) as error:
        raise TextError("bad_key_request", f"no request for a key: {error}") from None
    return Request(whole["log"], whole["account"], whole["role"], public, whole["made"])


def side(role: str) -> str:
    """`buyer` or `vendor`: who can speak for whom."""
    return "buyer" if role == "buyer" else "vendor"


@dataclass(slots=True)
class Persons:
    """All keys of people so far, in log order. `log`: the origin that requests must name ("": any)."""

    log: str = ""
    keys: list[PersonKey] = field(default_factory=list)

    def at(self, account: str, idx: int) -> tuple[PersonKey, ...]:
        """The account's keys that may sign at this place of the log: one, and any nobody vouches for."""
        return tuple(key for key in self.keys if key.account == account and key.live(idx))

    def newest(self, account: str) -> PersonKey | None:
        """The account's last key, living or not."""
        return next((key for key in reversed(self.keys) if key.account == account), None)

    def examine(self, idx: int, header: Mapping[str, Any]) -> PersonKey:
        """The key that an entry at `idx` would enrol, and who vouches for it; TextError for no enrolment."""
        said, by = header.get("said"), header.get("by")
        if type(said) is not str or type(by) is not str:
            raise TextError("bad_key_request", "an enrolment says `said` and `by`")
        data = said.encode("utf-8", "surrogatepass")
        request = parse_request(data)
        given = signatures_of(header.get("signatures"))
        if self.log and request.log != self.log:
            raise TextError(
                "wrong_log", f"the request is for the log {request.log!r}, this one is {self.log!r}"
            )
        if header.get("subject") != request.account:
            raise TextError("bad_key_request", "the entry names another account than the request")
        if not signed_by(data, given, request.public, PERSON_KEY):
            raise TextError("bad_signature", "the request is not signed by the key it names")
        if any(key.public == request.public for key in self.keys):
            raise TextError("key_known", "this key is enrolled already")
        signers = self._signers(idx, data, given)
        key = PersonKey(request.account, request.role, request.public, idx, by, Vouch.NONE)
        if header.get("through") == Through.COMMAND:
            key.through = Through.COMMAND
        key.vouchers = tuple(sorted({one.account for one in signers} - {request.account}))
        key.former = next((one for one in signers if one.account == request.account), None)
        if by == request.account and key.former is None:
            raise TextError("own_enrolment", "another account enrols a key, or the account's own former key")
        key.vouch, key.problem = self._vouch(key, signers)
        return key

    def _signers(self, idx: int, data: bytes, given: tuple[Signature, ...]) -> list[PersonKey]:
        """Enrolled keys in good standing that signed the request."""
        good = [key for key in self.keys if key.vouch is not Vouch.NONE and key.live(idx)]
        return [key for key in good if signed_by(data, given, key.public, PERSON_KEY)]

    def _vouch(self, key: PersonKey, signers: list[PersonKey]) -> tuple[Vouch, str]:
        known = [one for one in self.keys if one.vouch is not Vouch.NONE]
        others = [one for one in signers if one.account != key.account]
        of_side = [one for one in others if side(one.role) == side(key.role)]
        if key.former is not None and (key.former.role == key.role or of_side):
            return Vouch.OWN, ""
        if any(one.account == key.account for one in known):
            if len(key.vouchers) >= 2 and of_side:
                return Vouch.PERSON, ""
            return Vouch.NONE, "it replaces a key without that key's signature, or those of two others"
        if of_side or (others and side(key.role) == "vendor"):
            return Vouch.PERSON, ""
        if not any(side(one.role) == side(key.role) for one in known):
            return Vouch.FIRST, ""
        return Vouch.NONE, f"nobody's key of the {side(key.role)}'s side vouched for it, and there was one"

    def enrol(self, idx: int, header: Mapping[str, Any]) -> PersonKey:
        """Take an enrolment. A key that nobody vouches for is kept, and ends no other."""
        key = self.examine(idx, header)
        if key.vouch is not Vouch.NONE:
            self._end(key.account, idx)
        self.keys.append(key)
        return key

    def revoke(self, idx: int, account: str) -> bool:
        """The account's keys end here; whether there was one."""
        return self._end(account, idx)

    def _end(self, account: str, idx: int) -> bool:
        ended = False
        for key in self.keys:
            if key.account == account and key.until is None:
                key.until, ended = idx, True
        return ended
