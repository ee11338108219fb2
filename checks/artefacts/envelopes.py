"""How an artefact is sealed, from its own bytes: the envelope, who may open it, how even its body is.

The body's z = (chi2 - 255) / sqrt(510) over 256 blocks of 4 KiB at places nobody could know beforehand. Good
ciphers and xz lie within +-6; zstd, gzip, dumps and text lie hundreds to thousands above. So a large z is no
ciphertext for certain, and a small one proves nothing by itself.
"""

import base64
import binascii
import hashlib
import json
import math
import random
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from checks.artefacts import sevenzip, zips
from checks.artefacts.artefact import Seal
from checks.artefacts.formats import HEAD, named
from checks.artefacts.packets import message

BLOCK, BLOCKS = 4096, 256
_MOST_ENTRIES = 100_000  # of an archive without its directory
_LEAST = 4096  # bytes below which an even spread says nothing
Range = tuple[int, int]  # offset, length
_ARMOURS = (b"-----BEGIN AGE", b"-----BEGIN PGP MESSAGE", b"U2FsdGVkX1")


def z_thousandths(counts: Sequence[int]) -> int | None:
    """1000 z of how often each of the 256 bytes was seen; None where too few were."""
    total = sum(counts)
    if total < _LEAST:
        return None
    # 256 * sum(n^2) / total - total, in whole numbers until the root.
    chi = (256 * sum(one * one for one in counts) * 1000) // total - total * 1000
    return round((chi - 255_000) / math.sqrt(510))


def spread(file: BinaryIO, ranges: Sequence[Range]) -> int | None:
    """1000 z of blocks drawn from these ranges of a file; all of it where it is no larger than the sample."""
    counts: Counter[int] = Counter()
    for at, length in _drawn(ranges):
        file.seek(at)
        counts.update(file.read(length))
    return z_thousandths([counts[value] for value in range(256)])


def _drawn(ranges: Sequence[Range]) -> Iterator[Range]:
    counts = [-(-length // BLOCK) for _, length in ranges]
    total = sum(counts)
    # No block twice: what is counted twice is not independent, and z would rise by itself.
    places = random.SystemRandom().sample(range(total), BLOCKS) if total > BLOCKS else range(total)
    for place in places:
        for (at, length), count in zip(ranges, counts, strict=True):
            if place < count:
                yield at + place * BLOCK, min(BLOCK, length - place * BLOCK)
                break
            place -= count


def seal_seen(file: BinaryIO, size: int) -> Seal:
    """Envelope and body of a file that seeks; what could not be opened is left for `opening`. OSError as the
    file's own."""
    file.seek(0)
    head = file.read(HEAD)
    kind = named(head)
    seal, ranges = _LOOKS.get(kind, _plain)(file, head, size)
    z = _armoured_z(file) if head.startswith(_ARMOURS) else spread(file, ranges)
    return Seal(seal.scheme, seal.strength, seal.recipients, z, inner="" if seal.scheme else kind)


def _plain(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    return Seal(), [(0, size)]


def _armoured_z(file: BinaryIO) -> int | None:
    file.seek(0)
    text = file.read(2 << 20)
    if text.startswith(b"-----"):
        text = text.partition(b"\n")[2]
        text = text.partition(b"\n\n")[2] or text
    whole = b"".join(line for line in text.split(b"\n") if not line.startswith((b"-----", b"=")))
    try:
        raw = base64.b64decode(whole.replace(b"\r", b"")[: len(whole) // 4 * 4])
    except binascii.Error:
        return None
    body = raw[512:]
    return z_thousandths([body.count(value) for value in range(256)])


def _age(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    text = head
    if head.startswith(b"-----"):
        whole = b"".join(head.replace(b"\r", b"").split(b"\n")[1:])
        try:
            text = base64.b64decode(whole.partition(b"-")[0][: 4 * (len(whole.partition(b"-")[0]) // 4)])
        except binascii.Error:
            text = b""
    header, mark, _ = text.partition(b"\n---")
    stanzas = [line[3:].decode("ascii", "replace") for line in header.split(b"\n") if line.startswith(b"-> ")]
    begins = len(header) + len(mark) + 45
    return Seal("age", "chacha20-poly1305", tuple(_age_names(stanzas))), [(begins, max(size - begins, 0))]


def _age_names(stanzas: Iterable[str]) -> Iterable[str]:
    for stanza in stanzas:
        kind, *more = stanza.split(" ")
        if kind.endswith("-grease"):  # nobody's: made so that readers stay tolerant
            continue
        # An SSH key's stanza begins with a mark of the key; X25519's hides its recipient.
        yield f"{kind} {more[0]}" if kind.startswith("ssh-") and more else kind


def age_ssh_name(public_key: str) -> str:
    """How age names an SSH public key (`ssh-ed25519 AAAA…`) in a stanza: kind and mark; "" for none."""
    parts = public_key.split()
    if len(parts) < 2 or not parts[0].startswith("ssh-"):
        return ""
    try:
        digest = hashlib.sha256(base64.b64decode(parts[1], validate=True)).digest()
    except binascii.Error:
        return ""
    return f"{parts[0]} {base64.b64encode(digest[:4]).decode().rstrip('=')}"


def _gpg(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    found = message(head)
    if found is None:
        return Seal("gpg"), [(0, size)]
    strength = " ".join(filter(None, (found.cipher, found.protection)))
    return Seal("gpg", strength, found.recipients), [(min(2048, size), max(size - 2048, 0))]


def _openssl(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    return Seal("openssl", "", ("passphrase",)), [(16, max(size - 16, 0))]


def _aescrypt(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    return Seal("aescrypt", "aes-256", ("passphrase",)), [(min(512, size), max(size - 512, 0))]


def _luks(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    version = int.from_bytes(head[6:8], "big")
    if version == 1:
        words = struct.unpack("32s32s", head[8:72])
        cipher = "-".join(word.partition(b"\0")[0].decode("ascii", "replace") for word in words)
        begins = int.from_bytes(head[104:108], "big") * 512
        slots = [str(i) for i in range(8) if head[208 + 48 * i : 212 + 48 * i] == b"\x00\xac\x71\xf3"]
        return Seal("luks", cipher, tuple(slots)), [(begins, max(size - begins, 0))]
    try:
        settings = json.loads(head[4096:].partition(b"\0")[0])
        segment = next(iter(settings["segments"].values()))
        begins, cipher = int(segment["offset"]), str(segment["encryption"])
        slots = sorted(settings["keyslots"])
    except (ValueError, KeyError, AttributeError, StopIteration, TypeError, RecursionError):
        return Seal("luks"), [(0, 0)]
    return Seal("luks", cipher, tuple(slots)), [(begins, max(size - begins, 0))]


def _zip(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    try:
        found = zips.directory(file, size)
    except zips.ZipError:
        return _zip_cut(head), list(_zip_bodies(file, size))
    kinds = {one.encrypted for one in found.entries if one.size}
    # One plain file among sealed ones is enough to be no seal; the weakest of several counts.
    order = ("", "zipcrypto", "unknown", "strong", "aes-128", "aes-192", "aes-256")
    weakest = min(kinds, key=order.index, default="")
    if not weakest:
        return Seal(), [(0, size)]
    largest = sorted(found.entries, key=lambda one: -one.packed)[:16]
    ranges = [(zips.local(file, one)[1], one.packed) for one in largest]
    return Seal("zip", weakest, ("passphrase",)), ranges


def _zip_cut(head: bytes) -> Seal:
    # Its directory is gone: an entry's own header still says whether it is sealed; a directory never is.
    if len(head) < 30 or not head[6] & 1:
        return Seal("zip", "unknown")
    return Seal("zip", "unknown" if head[8:10] == b"\x63\0" else "zipcrypto", ("passphrase",))


def _zip_bodies(file: BinaryIO, size: int) -> Iterator[Range]:
    """What its entries hold, told by their own headers from the first on: names and sizes between them are
    no part of what a cipher made."""
    at = 0
    for _ in range(_MOST_ENTRIES):
        file.seek(at)
        head = file.read(30)
        if len(head) < 30 or head[:4] != b"PK\3\4":
            return
        flags, packed = head[6], int.from_bytes(head[18:22], "little")
        at += 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        if flags & 8 or packed == 0xFFFFFFFF:
            return  # its length stands behind it, or where the directory was
        if min(packed, size - at) > 0:
            yield at, min(packed, size - at)
        at += packed


def _7z(file: BinaryIO, head: bytes, size: int) -> tuple[Seal, list[Range]]:
    found = sevenzip.look(file, size)
    if found.damage:  # its headers stand at its end: without them nobody knows
        return Seal("7z", "unknown"), [found.body]
    if not found.encrypted:
        return Seal(), [found.body]
    return Seal("7z", "aes-256", ("passphrase",)), [found.body]


_LOOKS = {
    **{"age": _age, "gpg": _gpg, "openssl": _openssl, "luks": _luks, "zip": _zip, "7z": _7z},
    "aescrypt": _aescrypt,
}
# What a name claims.
_ENDINGS = {
    **{".age": "age", ".gpg": "gpg", ".pgp": "gpg", ".asc": "gpg", ".enc": "openssl", ".luks": "luks"},
    ".aes": "aescrypt",
}


def claimed(name: str) -> str:
    """The scheme that a file's name claims, "" none."""
    return next((scheme for ending, scheme in _ENDINGS.items() if name.lower().endswith(ending)), "")
