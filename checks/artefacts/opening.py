"""Taking the seal off a backup and looking inside: age, gpg, openssl, zip with AES, 7z, and compression.

   with opened(backups, place, path, sealed) as whole:
       for block in iter(lambda: whole.stream.read(1 << 20), b""): ...
   whole.layers, whole.accounts

Keys and passphrases go to the tools on file descriptors, never on a command line. What the stream gives is
proven only when it was read to its end: until then a cut or a wrong key may not have shown.
"""

import base64
import binascii
import contextlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from checks.api import ErrorKind, ObservationError
from checks.artefacts import keyring, sevenzip, zips
from checks.artefacts.formats import COMPRESSIONS, HEAD, named
from checks.artefacts.layers import (
    CHUNK,
    Account,
    Budget,
    End,
    Judge,
    LayerError,
    Limits,
    looked_at,
    piped,
    unpacked,
)
from checks.places import Backups, Place, Tools

SCHEMES = ("age", "gpg", "openssl", "zip", "7z", "luks")
KDFS = ("pbkdf2", "evp")
_CIPHER = re.compile(r"[a-z0-9-]{3,32}")
_MOST_LAYERS = 6
_MOST_TYPED = 250  # characters on a terminal's line


@dataclass(frozen=True, slots=True)
class Sealed:
    """How artefacts must be sealed. `scheme`: age, gpg, openssl, zip, 7z, luks, `any`, or "" need not be.

    `recipients`: who must be able to open it: gpg key ids (8 to 40 hex digits), age: an SSH public key, or
    any other name (X25519 hides whose a stanza is, so there they are counted). `secret`: name in secrets.yaml
    of the key that this agent opens it with ("": it holds none, so only the envelope is looked at). The
    secret's fields: `identity` (of age; `passphrase` of a file sealed by one), `key` (gpg, armoured) and
    `passphrase`, `password`. `cipher`, `kdf` (pbkdf2, evp), `iterations`, `digest`: of openssl, whose header
    tells none. `refused`: a wrong key is tried as well.
    """

    scheme: str = ""
    recipients: tuple[str, ...] = ()
    secret: str = ""
    cipher: str = "aes-256-cbc"
    kdf: str = "pbkdf2"
    iterations: int = 10_000
    digest: str = "sha256"
    refused: bool = True

    def __post_init__(self) -> None:
        if self.scheme not in ("", "any", *SCHEMES):
            raise ValueError(f"scheme must be one of {', '.join(SCHEMES)}, any")
        if self.kdf not in KDFS or not 1 <= self.iterations <= 100_000_000:
            raise ValueError("kdf must be pbkdf2 or evp, iterations 1 to 100000000")
        if not _CIPHER.fullmatch(self.cipher) or not _CIPHER.fullmatch(self.digest):
            raise ValueError("cipher and digest are names as openssl knows them")


@dataclass
class Opened:
    """What is inside. `layers` as they were taken off, `content` names the format of what is left ("" none
    known), `head` its first bytes; `accounts` of compressions are complete at the end of the stream."""

    stream: BinaryIO
    layers: list[str] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    content: str = ""
    head: bytes = b""


Keys = Mapping[str, str]


@contextlib.contextmanager
def opened(
    backups: Backups, place: Place, path: str, sealed: Sealed, limits: Limits | None = None
) -> Iterator[Opened]:
    """The content of an artefact below all compression and encryption. LayerError, here or out of `read`,
    for what cannot be opened; OSError and ObservationError as the place's own."""
    keys = key_of(backups, sealed)
    with opened_with(backups.tools, place, path, sealed, keys, limits) as whole:
        yield whole


def key_of(backups: Backups, sealed: Sealed) -> Keys | None:
    """The key this agent opens with, None where it holds none."""
    if not sealed.secret:
        return None
    try:
        return backups.secret(sealed.secret)
    except ObservationError as problem:
        if problem.kind is ErrorKind.DENIED:
            return None
        raise


@contextlib.contextmanager
def opened_with(
    tools: Tools,
    place: Place,
    path: str,
    sealed: Sealed,
    keys: Keys | None,
    limits: Limits | None = None,
    *,
    archives: bool = True,
) -> Iterator[Opened]:
    """The same with this key. Without `archives` sealed zip and 7z archives are left as they are."""
    size = place.stat(path).size
    budget = Budget(limits or Limits(), size)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(contextlib.closing(place.open(path)))
        head, stream = looked_at(file, HEAD)
        whole = Opened(stream, head=head, content=named(head))
        try:
            with_archive = archives and whole.content in ("zip", "7z")
            if with_archive and _sealed_archive(place, path, whole.content, size):
                _below(whole, stack.enter_context(_archive(tools, place, path, whole.content, keys)))
            for _ in range(_MOST_LAYERS):
                if not (stream_below := _layer(tools, whole, sealed, keys, budget)):
                    break
                _below(whole, stack.enter_context(stream_below))
        except LayerError as problem:
            problem.layers = tuple(whole.layers)
            raise
        yield whole


def _below(whole: Opened, stream: BinaryIO) -> None:
    whole.layers.append(whole.content)
    whole.head, whole.stream = looked_at(stream, HEAD)
    whole.content = named(whole.head)


def _layer(
    tools: Tools, whole: Opened, sealed: Sealed, keys: Keys | None, budget: Budget
) -> "contextlib.AbstractContextManager[BinaryIO] | None":
    if whole.content in COMPRESSIONS:
        account = Account(whole.content)
        whole.accounts.append(account)
        return unpacked(tools, whole.content, whole.stream, account, budget)
    if whole.content in ("age", "gpg", "openssl"):
        if keys is None:
            raise LayerError("no_key", whole.content)
        return _unsealed(tools, whole, sealed, keys)
    if whole.content in ("luks", "aescrypt"):
        raise LayerError("unsupported", whole.content)
    return None


@contextlib.contextmanager
def _unsealed(tools: Tools, whole: Opened, sealed: Sealed, keys: Keys) -> Iterator[BinaryIO]:
    scheme = whole.content
    with contextlib.ExitStack() as stack:
        secrets: dict[int, bytes] | None = None
        typed = None
        if scheme == "age" and by_passphrase(whole.head):
            typed, argv, judge = _typed(keys), ["age", "-d"], _no_age(whole.head)
        elif scheme == "age":
            argv, secrets = ["age", "-d", "-i", "/dev/fd/3"], _secret(keys, "identity", scheme)
            judge = _no_age(whole.head)
        elif scheme == "openssl":
            argv = _openssl(sealed, whole.head)
            secrets, judge = _secret(keys, "password", scheme), _no_openssl
        else:
            home = stack.enter_context(keyring.home(tools, keys.get("key", "")))
            argv = [*keyring.argv(home), "--passphrase-fd", "3", "--decrypt"]
            secrets, judge = {3: (keys.get("passphrase") or keys.get("password") or "").encode()}, _no_gpg
        child = stack.enter_context(
            piped(tools, scheme, argv, whole.stream, judge, secrets=secrets, typed=typed)
        )
        yield io.BufferedReader(child, CHUNK)


def by_passphrase(head: bytes) -> bool:
    """Whether a file of age is sealed by a passphrase, by its first bytes; such a one has no other key."""
    if head.startswith(b"-----"):
        with contextlib.suppress(binascii.Error):
            head = base64.b64decode(head.replace(b"\r", b"").partition(b"\n")[2][:64])
    return head.startswith(b"age-encryption.org/v1\n-> scrypt ")


def _typed(keys: Keys) -> bytes:
    """age reads a passphrase from its terminal alone."""
    word = keys.get("passphrase", keys.get("password"))
    if word is None:
        raise LayerError("no_key", "age", "the secret has no passphrase")
    if len(word) > _MOST_TYPED or not word.isprintable():
        raise LayerError("unsupported", "age", "a terminal does not take such a passphrase")
    return word.encode()


def _secret(keys: Keys, field_name: str, scheme: str) -> dict[int, bytes]:
    if field_name not in keys:
        raise LayerError("no_key", scheme, f"the secret has no {field_name}")
    return {3: keys[field_name].encode() + b"\n"}


def _openssl(sealed: Sealed, head: bytes) -> list[str]:
    kdf = ["-pbkdf2", "-iter", str(sealed.iterations)] if sealed.kdf == "pbkdf2" else []
    armour = []
    if head.startswith(b"U2FsdGVkX1"):
        armour = ["-a"] if b"\n" in head[:100] else ["-a", "-A"]
    return ["openssl", "enc", "-d", f"-{sealed.cipher}", *kdf, "-md", sealed.digest, *armour, "-pass", "fd:3"]


def _no_age(head: bytes) -> Judge:
    begins = head.find(b"\n", head.find(b"\n---") + 1) + 1 + 16  # the header's last line, a nonce

    def judge(end: End) -> str:
        if not end.status:
            return ""
        # A key that fits and a body that does not: the header was opened by then.
        if not any(word in end.complaint for word in _AGE_INSIDE):
            return "does_not_open"
        chunks = -(-(end.taken - begins) // _AGE_CHUNK)
        return "truncated" if end.made // 65536 >= chunks - 1 else "inner_damaged"

    return judge


_AGE_INSIDE = (b"failed to decrypt and authenticate", b"unexpected EOF", b"last chunk", b"trailing data")
_AGE_CHUNK = 65536 + 16


def _no_gpg(end: End) -> str:
    if not end.status:
        return ""
    said = end.complaint
    if b"not integrity protected" in said:
        return "no_integrity"
    if b"No secret key" in said or b"Bad session key" in said:
        return "does_not_open"
    if any(word in said for word in _GPG_CUT):
        return "truncated"
    # What a passphrase opened is announced by its name alone.
    if not any(word in said for word in _GPG_OPENED):
        return "does_not_open"
    unknown = b"Can't check signature: No public key" in said  # sealed all the same, and read to its end
    return "" if unknown and not any(word in said for word in _GPG_DAMAGED) else "inner_damaged"


_GPG_CUT = (b"block_filter", b"problem reading source", b"premature")
_GPG_DAMAGED = (b"manipulated", b"decryption failed", b"BAD signature", b"CRC error", b"nvalid packet")
_GPG_OPENED = (b"encrypted data", b"original file name", b"manipulated")


def _no_openssl(end: End) -> str:
    if b"bad decrypt" in end.complaint or b"BAD_DECRYPT" in end.complaint:
        return "does_not_open"
    if b"wrong final block length" in end.complaint:
        return "truncated"
    said = end.complaint.lower()
    if b"unknown cipher" in said or b"unknown option" in said:
        return "unsupported"
    return "does_not_open" if end.status else ""


def _sealed_archive(place: Place, path: str, kind: str, size: int) -> bool:
    with contextlib.closing(place.open(path)) as file:
        if kind == "7z":
            found = sevenzip.look(file, size)
            if found.damage:
                raise LayerError(found.damage, kind)
            return found.encrypted
        try:
            return any(one.encrypted for one in zips.directory(file, size).entries)
        except zips.ZipError as problem:
            raise LayerError(problem.reason, kind) from None


@contextlib.contextmanager
def _archive(tools: Tools, place: Place, path: str, kind: str, keys: Keys | None) -> Iterator[BinaryIO]:
    """The content of a sealed archive, its files one behind the other."""
    if not keys or not keys.get("password"):
        raise LayerError("no_key", kind)
    with unarchived(tools, place, path, kind, ["x", "-so"], keys["password"]) as stream:
        yield stream


@contextlib.contextmanager
def unarchived(
    tools: Tools, place: Place, path: str, kind: str, asked: Sequence[str], password: str
) -> Iterator[BinaryIO]:
    """Output of 7z about an archive; without a terminal it asks for the password on its standard input."""
    local = place.local(path)
    if local is None:
        raise LayerError("unsupported", kind, "7z reads this machine's files only")
    words = io.BytesIO(password.encode() + b"\n")
    argv = ["7z", *asked, "-bd", "--", local]
    with piped(tools, kind, argv, words, _no_7z) as child:
        yield io.BufferedReader(child, CHUNK)


def _no_7z(end: End) -> str:
    if not end.status:
        return ""
    if b"Wrong password" in end.complaint:
        return "does_not_open"
    return "truncated" if b"Unexpected end" in end.complaint else "inner_damaged"
