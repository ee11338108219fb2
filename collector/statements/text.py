"""What a person says, as bytes, and his own signature over them. Pure.

    text        {"v":1,"log":origin,"kind":k,"by":account,"made":ms,"fields":{name: value, …},
                 "document":{"digest":hex,"bytes":n} | null,"corrects":entry | null,"amendment":bool}
    signature   Ed25519 over PAE("application/vnd.roundseal.person.v1+json", text)
    file        {"v":1,"text":text as a string,"signatures":[[1, key id hex, signature hex]]}

A text is made where the person is; the collector logs exactly these bytes, as a string of the entry's header
(`said`), beside `signatures`. A text without signatures was made by the collector in a session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from checks.wire import strict_json
from checks.wire.blob import Signature
from checks.wire.errors import WireError
from checks.wire.numbers import ALG_ED25519, MAX_INT, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer, key_id, verify
from collector.statements.model import Scalar

PERSON, PERSON_KEY = "person", "person_key"  # words of PAE types
MOST_TEXT = 16 * 1024
MOST_VALUE = 2000
MOST_FIELDS = 40
_KEYS = ("v", "log", "kind", "by", "made", "fields", "document", "corrects", "amendment")


class TextError(ValueError):
    """These bytes are no statement: stable `code`, detail for people."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Document:
    """A file that comes with a statement."""

    digest: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Text:
    """What was said. `made`: UTC ms by the clock of whoever made it; nothing is decided by it."""

    log: str
    kind: str
    by: str
    made: int
    fields: Mapping[str, Scalar] = field(default_factory=dict)
    document: Document | None = None
    corrects: int | None = None
    amendment: bool = False

    @property
    def content(self) -> str:
        """Digest of what it says, whenever it was made: saying it again says nothing new."""
        named = None if self.document is None else self.document.digest
        whole = [self.kind, self.by, sorted(self.fields.items()), named, self.corrects, self.amendment]
        return sha256(strict_json.dumps(whole)).hexdigest()


def encode(text: Text) -> bytes:
    """Its bytes, which are signed as they are."""
    named = None if text.document is None else {"digest": text.document.digest, "bytes": text.document.bytes}
    return strict_json.dumps(
        {
            "v": 1,
            "log": text.log,
            "kind": text.kind,
            "by": text.by,
            "made": text.made,
            "fields": dict(text.fields),
            "document": named,
            "corrects": text.corrects,
            "amendment": text.amendment,
        }
    )


def parse(data: bytes) -> Text:
    """The text that these bytes are; TextError for anything else."""
    if len(data) > MOST_TEXT:
        raise TextError("too_large", f"a statement has at most {MOST_TEXT} bytes")
    whole = _json(data)
    if set(whole) != set(_KEYS) or whole["v"] != 1:
        raise TextError("bad_text", f"exactly the keys {', '.join(_KEYS)} of version 1 are wanted")
    _check(all(type(whole[name]) is str and whole[name] for name in ("log", "kind", "by")), "log, kind, by")
    _check(type(whole["made"]) is int and 0 <= whole["made"] <= MAX_INT, "made")
    _check(whole["corrects"] is None or _index(whole["corrects"]), "corrects")
    _check(type(whole["amendment"]) is bool, "amendment")
    return Text(
        whole["log"],
        whole["kind"],
        whole["by"],
        whole["made"],
        _fields(whole["fields"]),
        _document(whole["document"]),
        whole["corrects"],
        whole["amendment"],
    )


def _json(data: bytes) -> dict[str, Any]:
    try:
        whole = strict_json.loads(data, 4)
    except WireError as error:
        raise TextError(error.code, error.detail) from None
    if type(whole) is not dict:
        raise TextError("bad_text", "an object is wanted")
    return whole


def _check(good: bool, what: str) -> None:
    if not good:
        raise TextError("bad_text", f"{what}: not what it has to be")


def _index(value: Any) -> bool:
    return type(value) is int and value >= 0


def _fields(value: Any) -> Mapping[str, Scalar]:
    _check(type(value) is dict and len(value) <= MOST_FIELDS, "fields")
    for name, one in value.items():
        _check(one is None or type(one) in (str, int, bool), f"fields.{name}")
        _check(type(one) is not str or len(one) <= MOST_VALUE, f"fields.{name}")
    made: dict[str, Scalar] = value
    return made


def _document(value: Any) -> Document | None:
    if value is None:
        return None
    _check(type(value) is dict and set(value) == {"digest", "bytes"}, "document")
    _check(is_digest(value["digest"]) and _index(value["bytes"]), "document")
    return Document(value["digest"], value["bytes"])


def is_digest(value: Any) -> bool:
    """Whether it is a SHA-256 in lower-case hex."""
    return type(value) is str and len(value) == 64 and not set(value) - set("0123456789abcdef")


def sign(data: bytes, signer: Signer, word: str = PERSON) -> Signature:
    """A person's signature over these bytes."""
    return Signature(ALG_ED25519, signer.key_id, signer.sign(pae(pae_type(word), data)))


def signed_by(data: bytes, signatures: Sequence[Signature], public: bytes, word: str = PERSON) -> bool:
    """Whether one of the signatures is this key's, over these bytes."""
    wanted = [one for one in signatures if one.alg == ALG_ED25519 and one.key_id == key_id(public)]
    return any(_good(public, word, data, one.sig) for one in wanted)


@lru_cache(maxsize=16384)  # what was signed is read again with every scorecard, and never changes
def _good(public: bytes, word: str, data: bytes, signature: bytes) -> bool:
    return verify(public, pae(pae_type(word), data), signature)


def listed(signatures: Sequence[Signature]) -> list[list[Any]]:
    """Signatures as JSON has them: [algorithm, key id, signature]."""
    return [[one.alg, one.key_id.hex(), one.sig.hex()] for one in signatures]


def signatures_of(value: Any) -> tuple[Signature, ...]:
    """Signatures from JSON; TextError for anything else, also for none."""
    try:
        made = tuple(Signature(alg, bytes.fromhex(key), bytes.fromhex(sig)) for alg, key, sig in value)
    except (TypeError, ValueError):
        raise TextError("bad_text", "signatures: [algorithm, key id, signature] each are wanted") from None
    if not 1 <= len(made) <= 8 or any(type(one.alg) is not int for one in made):
        raise TextError("bad_text", "signatures: one to eight are wanted")
    return made


def pack(data: bytes, signatures: Sequence[Signature]) -> bytes:
    """A signed statement as a file."""
    return strict_json.dumps({"v": 1, "text": data.decode(), "signatures": listed(signatures)})


def unpack(file: bytes) -> tuple[bytes, tuple[Signature, ...]]:
    """Bytes and signatures of such a file; TextError for anything else."""
    whole = _json(file) if len(file) <= 2 * MOST_TEXT else {}
    if set(whole) != {"v", "text", "signatures"} or whole["v"] != 1 or type(whole["text"]) is not str:
        raise TextError("bad_text", "no signed statement of version 1: v, text and signatures are wanted")
    return whole["text"].encode(), signatures_of(whole["signatures"])
