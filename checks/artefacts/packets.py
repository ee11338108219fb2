"""OpenPGP packets at the head of a message (RFC 4880, RFC 9580): who may open it, and how it is protected."""

import base64
import binascii
from dataclasses import dataclass

_CIPHERS = {
    **{1: "idea", 2: "3des", 3: "cast5", 4: "blowfish", 7: "aes-128", 8: "aes-192", 9: "aes-256"},
    **{10: "twofish", 11: "camellia-128", 12: "camellia-192", 13: "camellia-256"},
}
# Session key by public key, by passphrase; encrypted data without and with an integrity mark; AEAD; marker.
_PUBLIC, _PHRASE, _OLD, _MARKED, _AEAD, _MARKER = 1, 3, 9, 18, 20, 10
_VERSIONS = {
    **{_PUBLIC: (b"\2", b"\3", b"\6"), _PHRASE: (b"\4", b"\5", b"\6")},
    **{_MARKED: (b"\1", b"\2"), _AEAD: (b"\1",)},
}


@dataclass(frozen=True, slots=True)
class Message:
    """What stands before the ciphertext. `recipients`: key ids (16 hex digits, capitals; all zero where it
    hides them), `passphrase` for each passphrase. `protection`: mdc, aead, none, "" where no encrypted data
    follows. `cipher`: known for a passphrase only."""

    recipients: tuple[str, ...]
    protection: str
    cipher: str = ""


def message(head: bytes) -> Message | None:
    """The message that begins so; None where it is no encrypted OpenPGP message. 64 KiB are enough."""
    raw = _dearmoured(head) if head.startswith(b"-----BEGIN PGP MESSAGE-----") else head
    recipients: list[str] = []
    cipher = ""
    at = 0
    while (found := _packet(raw, at)) is not None:
        tag, body, at = found
        # Without its version it is no packet of OpenPGP, but bytes that begin like one.
        if tag in _VERSIONS and raw[body : body + 1] not in _VERSIONS[tag]:
            break
        if tag in (_OLD, _MARKED, _AEAD):
            return Message(tuple(recipients), _protection(tag, raw[body : body + 1]), cipher)
        if tag == _PUBLIC and len(raw) >= body + 9:
            recipients.append(_key_id(raw[body : body + 24]))
        elif tag == _PHRASE and len(raw) >= body + 2:
            recipients.append("passphrase")
            cipher = _CIPHERS.get(raw[body + 1], "")
        elif tag != _MARKER:
            break
    return Message(tuple(recipients), "", cipher) if recipients else None


def _key_id(body: bytes) -> str:
    # Version 3: the key id. Version 6: length, version of the key, fingerprint; its id is how that begins.
    return body[1:9].hex().upper() if body[0] == 3 else body[3:11].hex().upper()


def _protection(tag: int, first: bytes) -> str:
    if tag == _MARKED:
        return "aead" if first == b"\x02" else "mdc"
    return "aead" if tag == _AEAD else "none"


def _packet(raw: bytes, at: int) -> tuple[int, int, int] | None:
    """Tag, where its body begins, where the next one does (partial lengths only ever end our reading)."""
    if at + 2 > len(raw) or not raw[at] & 0x80:
        return None
    if not raw[at] & 0x40:  # the old form
        width = (1, 2, 4, 0)[raw[at] & 3]
        size = int.from_bytes(raw[at + 1 : at + 1 + width], "big")
        return raw[at] >> 2 & 15, at + 1 + width, at + 1 + width + (size if width else len(raw))
    first = raw[at + 1]
    if first < 192:
        return raw[at] & 63, at + 2, at + 2 + first
    if first < 224 and at + 3 <= len(raw):
        return raw[at] & 63, at + 3, at + 3 + ((first - 192) << 8) + raw[at + 2] + 192
    if first == 255:
        return raw[at] & 63, at + 6, at + 6 + int.from_bytes(raw[at + 2 : at + 6], "big")
    return raw[at] & 63, at + 2, at + 2 + (1 << (first & 31))


def _dearmoured(head: bytes) -> bytes:
    text = head.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    lines = []
    for line in text.split(b"\n"):
        if line.startswith((b"=", b"-----")):
            break
        lines.append(line.strip())
    whole = b"".join(lines)
    try:
        return base64.b64decode(whole[: len(whole) // 4 * 4])
    except binascii.Error:
        return b""
