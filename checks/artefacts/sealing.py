"""Level L5: how an artefact is sealed, whether it opens with our key and with nobody else's, what is inside.

`seal_of` looks, `judge_seal` decides. Only the first bytes of what opens are compared for the negative
proof; that all of it opens is for whoever reads the content (`Inside.trouble`).
"""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace

from checks.artefacts.artefact import Seal
from checks.artefacts.envelopes import age_ssh_name, claimed, seal_seen
from checks.artefacts.layers import LayerError
from checks.artefacts.levels import REASONS, UNTOLD, Level, Verdict, bad, good, untold
from checks.artefacts.opening import Keys, Sealed, key_of, opened_with
from checks.places import Backups, Place, Tools

EVEN = 6000  # thousandths: beyond it no cipher made these bytes
# Nothing in these formats tells a flipped byte from a right one.
_NO_INTEGRITY = frozenset({"openssl", "luks"})
_HIDDEN = frozenset({"no_key", "no_tool", "unsupported"})


def seal_of(backups: Backups, place: Place, path: str, sealed: Sealed) -> Seal:
    """Envelope and body, and what a wrong key and ours make of it. OSError as the place's own."""
    with contextlib.closing(place.open(path)) as file:
        seen = seal_seen(file, place.stat(path).size)
    keys = key_of(backups, sealed)
    if not seen.scheme or keys is None:
        return seen
    head, opens = _begins(backups.tools, place, path, sealed, keys)
    refused = _refused(backups.tools, place, path, sealed, head) if sealed.refused and head else ""
    return replace(seen, opened=opens, refused=refused)


def _begins(tools: Tools, place: Place, path: str, sealed: Sealed, keys: Keys) -> tuple[bytes, str]:
    """How it begins when opened with this key, and `yes`, or the reason why not."""
    try:
        with opened_with(tools, place, path, sealed, keys) as whole:
            return whole.head, "yes"
    except LayerError as problem:
        return b"", problem.reason


def _refused(tools: Tools, place: Place, path: str, sealed: Sealed, head: bytes) -> str:
    # No key at all, or rather an empty one, and one that cannot be right.
    for keys in _wrong(tools):
        found, said = _begins(tools, place, path, sealed, keys)
        if said == "yes" and found == head:
            return "no"
        if said in UNTOLD - {"no_key"}:
            return ""
    return "yes"


def _wrong(tools: Tools) -> Iterator[Keys]:
    yield {"passphrase": "", "password": ""}
    made = {"passphrase": os.urandom(16).hex(), "password": os.urandom(16).hex()}
    if tools.find("age-keygen") is not None:
        with tools.stream(["age-keygen"]) as stream:
            made["identity"] = stream.out.read(4096).decode("ascii", "replace")
            stream.finish()
    yield made


@dataclass(frozen=True, slots=True)
class Inside:
    """What reading all of the content gave. `trouble`: word for what was wrong, at `layer`; `bytes` is how
    much came out. `recorded`: a digest of the sealed bytes was recorded, so that a flip shows."""

    bytes: int = 0
    trouble: str = ""
    layer: str = ""
    read: bool = True
    recorded: bool = False


def inside(size: int, trouble: str, layer: str, *, recorded: bool) -> Inside:
    """What reading gave: `size` bytes, and `trouble` at `layer` ("" none). Where nothing came out because
    nobody here can open it, nothing was read."""
    hidden = trouble in _HIDDEN and not size
    return Inside(size, "" if hidden else trouble, layer, not hidden, recorded)


def with_inside(seal: Seal, inner: str, trouble: str) -> Seal:
    """The seal after all behind it was read: what stood there, and what was wrong with the seal itself."""
    broken = seal.opened == "yes" and REASONS.get(trouble) is Level.SEALED
    return replace(seal, inner=inner if seal.scheme else "", opened=trouble if broken else seal.opened)


def judge_seal(name: str, seal: Seal | None, sealed: Sealed, inside: Inside) -> Iterator[Verdict]:
    """Verdicts at L5; nothing where it need not be sealed and is not. `name` is the artefact's own."""
    wanted = sealed.scheme or claimed(name)
    if seal is None:
        if wanted:
            yield untold(Level.SEALED, "not_read")
        return
    if not wanted and not seal.scheme:
        return
    if wanted in ("zip", "7z") and not seal.scheme and inside.read and not (inside.trouble or inside.bytes):
        yield bad("inner_empty")  # what holds no byte cannot be sealed
        return
    verdicts = list(_envelope(seal, sealed, wanted))
    verdicts += _recipients(seal, sealed) if seal.scheme else ()
    # Whether an envelope that is not there opens is no question.
    verdicts += _opens(seal, inside) if seal.scheme else ()
    yield from verdicts or [good(Level.SEALED)]


def _envelope(seal: Seal, sealed: Sealed, wanted: str) -> Iterator[Verdict]:
    if not seal.scheme or (wanted and wanted not in ("any", seal.scheme)):
        yield bad("not_sealed", seal.scheme)
        return
    if seal.strength == "unknown" and not wanted and abs(seal.body_z or 0) > EVEN:
        return  # what is broken may be anything; no cipher made these bytes, and nobody asked for one
    if seal.body_z is not None and abs(seal.body_z) > EVEN and seal.strength != "zipcrypto":
        yield bad("not_sealed", "body")
    if seal.scheme == "zip" and seal.strength == "zipcrypto":
        yield bad("weak_seal", seal.strength)
    elif seal.strength in ("unknown", "strong"):
        yield untold(Level.SEALED, "unsupported", seal.strength)
    elif seal.strength.endswith("none"):
        yield bad("no_integrity", seal.scheme)


def _recipients(seal: Seal, sealed: Sealed) -> Iterator[Verdict]:
    if seal.scheme == "age":
        yield from _age_recipients(seal.recipients, sealed.recipients)
    elif seal.scheme == "gpg":
        hidden = "0" * 16 in seal.recipients
        for one in sealed.recipients:
            want = one.upper().removeprefix("0X").replace(" ", "")
            if not any(found.endswith(want[-16:]) for found in seal.recipients):
                yield untold(Level.SEALED, "unsupported", one) if hidden else bad("recipient_missing", one)


def _age_recipients(found: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[Verdict]:
    if found == ("scrypt",) and wanted:
        yield bad("recipient_missing", wanted[0])
        return
    for one in wanted:
        if (mark := age_ssh_name(one)) and mark not in found:
            yield bad("recipient_missing", " ".join(one.split()[:1]))
    # Whose an X25519 stanza is nobody can tell; fewer than there should be is still too few.
    if len(found) < len(wanted):
        yield bad("recipient_missing", f"{len(found)}/{len(wanted)}")


def _opens(seal: Seal, inside: Inside) -> Iterator[Verdict]:
    if seal.refused == "no":
        yield bad("opens_for_anybody")
    if not inside.read:
        yield untold(Level.SEALED, "no_key" if not seal.opened else _tellable(seal.opened))
    elif inside.trouble in UNTOLD:
        yield untold(Level.SEALED, inside.trouble, inside.layer)
    elif inside.trouble:
        yield from _trouble(seal, inside)
    elif inside.bytes == 0:
        yield bad("inner_empty")
    if seal.scheme in _NO_INTEGRITY and not inside.recorded:
        yield bad("no_integrity", seal.scheme)


def _tellable(word: str) -> str:
    return word if word in UNTOLD or word in REASONS else "not_read"


def _trouble(seal: Seal, inside: Inside) -> Iterator[Verdict]:
    if REASONS.get(inside.trouble) is Level.SEALED:
        yield bad(inside.trouble, inside.layer)
    elif inside.layer != seal.scheme:
        # What came out is cut or damaged, although the envelope is content: the other level tells how.
        yield bad("inner_damaged", inside.trouble)
