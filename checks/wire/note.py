"""C2SP signed notes: text that ends in a newline, a blank line, signature lines.

    — <name> base64( u32be key id || signature )\\n

Types known here: 0x01 Ed25519 over the text; 0x04 timestamped cosignature of a witness, over
"cosignature/v1\\ntime <seconds>\\n" || text, with u64be seconds before its 64-byte signature.
Signatures by keys nobody asked for are ignored; a bad one by a known key refuses the note.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from checks.wire import signing
from checks.wire.errors import Code, WireError
from checks.wire.numbers import KEY_ID_SIZE

TYPE_ED25519 = 0x01
TYPE_COSIGNATURE = 0x04
MAX_NOTE = 1_000_000
MAX_NOTE_SIGNATURES = 100

_DASH = "— "


@dataclass(frozen=True, slots=True)
class Vkey:
    """A verifier key: whose, of which type, and the public key."""

    name: str
    key_id: bytes
    kind: int
    public: bytes

    def __str__(self) -> str:
        return format_vkey(self)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key's text form: what an enrolment token pins."""
        return sha256(format_vkey(self).encode("utf-8")).digest()


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, not yet believed."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart: its text with the final newline, its signature lines in order."""

    text: str
    signatures: tuple[NoteSignature, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A known key that signed; `seconds` is the witness's time, None for a plain signature."""

    key: Vkey
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """A note whose every known signature is good, and at least one is known."""

    text: str
    by: tuple[Verified, ...]

    def signed_by(self, key: Vkey) -> bool:
        """Whether this key is among those that signed."""
        return any(verified.key == key for verified in self.by)


def note_key_id(name: str, public: bytes, kind: int = TYPE_ED25519) -> bytes:
    """First four bytes of SHA-256( name || 0x0a || type || public key )."""
    return sha256(name.encode("utf-8") + b"\n" + bytes((kind,)) + public).digest()[:KEY_ID_SIZE]


def check_name(name: str) -> None:
    """Refuse, as `bad_key`, a name that cannot stand in a signature line."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise WireError(Code.BAD_KEY, f"{name[:64]!r} cannot be a key name")
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        raise WireError(Code.BAD_KEY, "a key name holds a lone surrogate") from None


def make_vkey(name: str, public: bytes, kind: int = TYPE_ED25519) -> Vkey:
    """Verifier key of a public key under this name."""
    check_name(name)
    signing.check_public(public)
    return Vkey(name, note_key_id(name, public, kind), kind, public)


def format_vkey(key: Vkey) -> str:
    """`name+hex id+base64( type || public key )`."""
    return f"{key.name}+{key.key_id.hex()}+{b64encode(bytes((key.kind,)) + key.public).decode()}"


def parse_vkey(text: str) -> Vkey:
    """The key in this text; WireError `bad_key` unless every part fits the others."""
    name, _, rest = text.partition("+")
    identity, _, encoded = rest.partition("+")
    blob = unbase64(encoded, Code.BAD_KEY)
    if len(blob) != 33 or blob[0] not in (TYPE_ED25519, TYPE_COSIGNATURE):
        raise WireError(Code.BAD_KEY, "a verifier key of a type not known here")
    key = make_vkey(name, blob[1:], blob[0])
    if key.key_id.hex() != identity:
        raise WireError(Code.BAD_KEY, f"the key id of {name!r} is {key.key_id.hex()}")
    return key


def unbase64(text: str, code: Code) -> bytes:
    """Bytes of canonical base64, or WireError `code`."""
    try:
        blob = b64decode(text.encode("ascii"), validate=True)
    except (Base64Error, ValueError):
        raise WireError(code, "not base64") from None
    if b64encode(blob).decode() != text:  # one spelling only: no loose bits, no missing padding
        raise WireError(code, "not canonical base64")
    return blob


def _check_text(text: str) -> None:
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise WireError(Code.BAD_NOTE, "a note is text that ends in a newline, no control characters")


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """One signature line with its newline."""
    return f"{_DASH}{name} {b64encode(key_id + signature).decode()}\n"


def sign(text: str, name: str, signer: signing.Signer) -> bytes:
    """Signed note with one Ed25519 signature."""
    return assemble(text, [sign_line(text, name, signer)])


def sign_line(text: str, name: str, signer: signing.Signer) -> str:
    """Ed25519 signature line over this text."""
    _check_text(text)
    key = make_vkey(name, signer.public)
    return signature_line(name, key.key_id, signer.sign(text.encode("utf-8")))


def cosign_line(text: str, name: str, signer: signing.Signer, seconds: int) -> str:
    """Timestamped cosignature line (type 0x04) of a witness over this text."""
    _check_text(text)
    key = make_vkey(name, signer.public, TYPE_COSIGNATURE)
    signature = signer.sign(_cosigned(text, seconds))
    return signature_line(name, key.key_id, seconds.to_bytes(8, "big") + signature)


def assemble(text: str, lines: Sequence[str]) -> bytes:
    """Note of a text and its signature lines."""
    return (text + "\n" + "".join(lines)).encode("utf-8")


def add_line(note: bytes, line: str) -> bytes:
    """The note with one more signature line."""
    return note + line.encode("utf-8")


def _cosigned(text: str, seconds: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % seconds + text.encode("utf-8")


def parse(data: bytes) -> Note:
    """Take a note apart without believing it."""
    if len(data) > MAX_NOTE:
        raise WireError(Code.TOO_LARGE, f"a note of {len(data)} bytes, at most {MAX_NOTE}")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise WireError(Code.BAD_NOTE, f"not UTF-8 at byte {error.start}") from None
    _check_text(whole)
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail:
        raise WireError(Code.BAD_NOTE, "no signatures after a blank line")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_NOTE_SIGNATURES:
        raise WireError(Code.TOO_LARGE, f"more than {MAX_NOTE_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature(line) for line in lines))


def _signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space:
        raise WireError(Code.BAD_NOTE, f"{line[:40]!r} is no signature line")
    try:
        check_name(name)
    except WireError as error:
        raise WireError(Code.BAD_NOTE, error.detail) from None
    blob = unbase64(encoded, Code.BAD_NOTE)
    if len(blob) <= KEY_ID_SIZE:
        raise WireError(Code.BAD_NOTE, "a signature line without a signature")
    return NoteSignature(name, blob[:KEY_ID_SIZE], blob[KEY_ID_SIZE:])


def _verify(key: Vkey, text: str, signature: bytes) -> Verified:
    message, seconds = text.encode("utf-8"), None
    if key.kind == TYPE_COSIGNATURE:
        seconds, signature = int.from_bytes(signature[:8], "big"), signature[8:]
        message = _cosigned(text, seconds)
        if seconds >= 1 << 63:
            raise WireError(Code.BAD_SIGNATURE, f"the time of {key.name} cannot be")
    if not signing.verify(key.public, message, signature):
        raise WireError(Code.BAD_SIGNATURE, f"the signature of {key.name} is bad")
    return Verified(key, seconds)


def open_note(data: bytes, keys: Sequence[Vkey]) -> Opened:
    """Text of a note and who of `keys` signed it; nobody, or a bad signature by one: refused."""
    note = parse(data)
    known = {(key.name, key.key_id): key for key in keys}
    by = tuple(
        _verify(known[line.name, line.key_id], note.text, line.signature)
        for line in note.signatures
        if (line.name, line.key_id) in known
    )
    if not by:
        raise WireError(Code.BAD_SIGNATURE, "no signature by a known key")
    return Opened(note.text, by)
