"""A second reader of our bytes, written from docs/evidence.md alone: no import of checks.wire.

Slow, short, and with other means wherever there is a choice (recursive tree, OpenSSL's Ed25519).
"""

import base64
import json
import struct
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def mth(leaves: list[bytes]) -> bytes:
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256(b"").digest()
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def pae(kind: str, body: bytes) -> bytes:
    name = f"application/vnd.roundseal.{kind}.v1+json".encode()
    return b" ".join([b"DSSEv1", str(len(name)).encode(), name, str(len(body)).encode(), body])


def signatures(data: bytes, at: int) -> tuple[list[tuple[int, bytes, bytes]], int]:
    count, at, found = data[at], at + 1, []
    for _ in range(count):
        alg, identity, size = struct.unpack_from(">B4sH", data, at)
        found.append((alg, identity, data[at + 7 : at + 7 + size]))
        at += 7 + size
    return found, at


def verify(public: bytes, kind: str, header: bytes, signature: tuple[int, bytes, bytes]) -> None:
    alg, identity, raw = signature
    assert alg == 1 and identity == sha256(b"\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(raw, pae(kind, header))


def read_frame(data: bytes, public: bytes) -> tuple[dict, list[bytes]]:
    """Header and lines of a raw frame that is right in every respect."""
    magic, total, size = struct.unpack_from(">4sIH", data)
    assert magic == b"EVB1" and total == len(data)
    header = data[10 : 10 + size]
    signed, at = signatures(data, 10 + size)
    seed, enc, length = struct.unpack_from(">16sBI", data, at)
    body = data[at + 21 :]
    assert enc == 0 and length == len(body)
    fields = json.loads(header)
    keys = [public]
    if fields["kind"] == "rotate":
        keys.append(bytes.fromhex(fields["rotate"]["public"]))
    assert len(keys) == len(signed)
    for key, one in zip(keys, signed, strict=True):
        verify(key, "batch", header, one)
    lines = body.split(b"\n")[:-1]
    leaves = []
    for i, line in enumerate(lines):
        salt = sha256(b"\x02" + seed + struct.pack(">I", i)).digest()[:16]
        leaves.append(sha256(b"\x00" + salt + line).digest())
    assert (fields["n"], fields["bytes"]) == (len(lines), len(body))
    assert fields["root"] == mth(leaves).hex()
    return fields, lines


def read_partial(data: bytes) -> tuple[bytes, list[bytes | None]]:
    """Root of a partial body, and its lines (None: hidden)."""
    leaves: list[bytes] = []
    lines: list[bytes | None] = []
    while data:
        if data[0] == 0:
            leaf, data = data[1:33], data[33:]
            lines.append(None)
        else:
            (size,) = struct.unpack_from(">I", data, 17)
            line = data[21 : 21 + size]
            leaf, data = sha256(b"\x00" + data[1:17] + line).digest(), data[21 + size :]
            lines.append(line)
        leaves.append(leaf)
    return mth(leaves), lines


def read_entry(data: bytes, kind: str, public: bytes) -> tuple[int, int, bytes]:
    """Kind, receipt time and header of an entry signed by this key."""
    version, number, received, size = struct.unpack_from(">BBQH", data)
    assert version == 1
    header = data[12 : 12 + size]
    signed, at = signatures(data, 12 + size)
    assert at == len(data)
    verify(public, kind, header, signed[0])
    return number, received, header


def read_person(header: str, word: str, keys: dict[str, bytes]) -> dict:
    """What a person signed himself, out of an entry's header; `keys` by key id, all of which must sign."""
    fields = json.loads(header)
    assert {bytes.fromhex(one[1]).hex() for one in fields["signatures"]} == keys.keys()
    for alg, identity, raw in fields["signatures"]:
        one = (alg, bytes.fromhex(identity), bytes.fromhex(raw))
        verify(keys[identity], word, fields["said"].encode(), one)
    said = json.loads(fields["said"])
    assert said["log"] == fields["log"] and said["kind"] == fields["kind"]
    return said


def read_checkpoint(text: str, public: bytes, witness: bytes) -> tuple[str, int, bytes, int]:
    """Origin, size, root and the witness's time of a cosigned checkpoint."""
    body, tail = text.rsplit("\n\n", 1)
    body += "\n"
    origin, size, root = body.splitlines()
    log_line, witness_line = (base64.b64decode(line.split(" ")[2]) for line in tail.splitlines())
    assert log_line[:4] == sha256(origin.encode() + b"\n\x01" + public).digest()[:4]
    Ed25519PublicKey.from_public_bytes(public).verify(log_line[4:], body.encode())
    seconds = int.from_bytes(witness_line[4:12], "big")
    message = f"cosignature/v1\ntime {seconds}\n{body}".encode()
    Ed25519PublicKey.from_public_bytes(witness).verify(witness_line[12:], message)
    return origin, int(size), base64.b64decode(root), seconds
