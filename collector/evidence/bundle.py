"""What a bundle (存证包) holds and how its members are written; read by the verifier, made by the collector.

    manifest.json      what the bundle says it is, and the SHA-256 of every other member
    manifest.sig       u8 alg || 4 B key id || 64 B signature by the log key over PAE(`manifest`, the above)
    log/start.note     signed checkpoint at size `from_size` (absent when from_size is 0)
    log/end.note       signed checkpoint at size `to_size`
    log/frontier.bin   right edge of the tree at from_size (tree.Frontier.serialise)
    log/notes.json     the published notes that headers of this range name as `seen`: [[size, note text], …]
    log/entries/N.gz   EVERY entry of [from_size, to_size), 256 a member, as a C2SP entry bundle, gzip
    bodies/N.gz        the bodies of the same entries, in order, gzip (see `encode_bodies`)
    carry.json         older entries needed to read the range, each with its proof in end.note's tree
    calendars.json     the calendars the figures used
    claims/availability.json   what the collector says follows from the evidence
    photos/DIGEST      photographs that people's statements name, where they were asked for; by name

Nothing in a bundle is a root of trust: the buyer's own policy names the log key.
"""

import gzip
import io
import re
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from struct import pack

from checks.codec import FieldError, JsonValue, from_json, to_json
from checks.wire import strict_json
from checks.wire.numbers import SEED_SIZE

CHUNK = 256
MANIFEST, MANIFEST_SIG = "manifest.json", "manifest.sig"
START, END, FRONTIER, NOTES = "log/start.note", "log/end.note", "log/frontier.bin", "log/notes.json"
CARRY, CALENDARS = "carry.json", "calendars.json"
CLAIM_FIGURES = "claims/availability.json"
PHOTOS = "photos/"
_PHOTO = re.compile(r"photos/[0-9a-f]{64}\Z")
_MAX_MEMBER = 512 * 1024 * 1024  # a chunk of 256 bodies of at most 4 MiB each, compressed far smaller


class BundleError(Exception):
    """A member is not what this format makes it; `code` is stable, `detail` names the member."""

    code = "bad_member"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Period:
    """A named period [from_ms, to_ms)."""

    name: str
    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the bundle says it is. `files` maps each other member to its SHA-256 (hex), in order."""

    v: int
    kind: str
    log: str
    made_ms: int
    version: str
    period: Period
    from_size: int
    to_size: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Lines:
    """Body of a batch: the seed and the joined lines, uncompressed."""

    seed: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """Body of another entry: the bytes its header names by digest."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Absent:
    """No body: the entry never had one, or it was pruned."""

    pruned: bool = False


Body = Lines | Document | Absent


@dataclass(frozen=True, slots=True)
class Carried:
    """An entry from before the range: index, bytes, proof that it is in end.note's tree, body."""

    idx: int
    entry: bytes
    proof: tuple[bytes, ...]
    body: Body = field(default_factory=Absent)


def entries_name(chunk: int) -> str:
    """Member that holds entries from_size + 256·chunk onwards."""
    return f"log/entries/{chunk:06d}.gz"


def bodies_name(chunk: int) -> str:
    """Member that holds the bodies of those entries."""
    return f"bodies/{chunk:06d}.gz"


def photo_name(digest: str) -> str:
    """Member that holds the photograph of this SHA-256 (hex)."""
    return PHOTOS + digest


def is_photo(name: str) -> bool:
    """Whether a member is a photograph."""
    return _PHOTO.match(name) is not None


def squeeze(data: bytes) -> bytes:
    """gzip without a time stamp or a name, so that the same bytes give the same member."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=6, mtime=0) as packed:
        packed.write(data)
    return out.getvalue()


def expand(data: bytes, name: str, limit: int = _MAX_MEMBER) -> bytes:
    """The bytes inside a gzip member, at most `limit`; BundleError for anything else behind or inside."""
    reader = zlib.decompressobj(wbits=31)
    try:
        made = reader.decompress(data, limit)
    except zlib.error as error:
        raise BundleError(f"{name}: {error}") from None
    if not reader.eof or reader.unused_data or reader.unconsumed_tail:
        raise BundleError(f"{name}: cut off, too large, or more behind it")
    return made


def encode_bodies(bodies: Sequence[Body]) -> bytes:
    """Bodies in order. A record: u8 form, then by form 0 (absent) and 3 (pruned): nothing;
    1 (lines): seed16 || u32 len || bytes; 2 (document): u32 len || bytes.
    """
    out = []
    for body in bodies:
        if isinstance(body, Lines):
            out.append(pack(">B16sI", 1, body.seed, len(body.data)) + body.data)
        elif isinstance(body, Document):
            out.append(pack(">BI", 2, len(body.data)) + body.data)
        else:
            out.append(b"\x03" if body.pruned else b"\x00")
    return b"".join(out)


def parse_bodies(data: bytes, name: str) -> Iterator[Body]:
    """The bodies that `encode_bodies` wrote; BundleError for anything else."""
    at = 0

    def take(size: int) -> bytes:
        nonlocal at
        piece = data[at : at + size]
        if len(piece) != size:
            raise BundleError(f"{name}: cut off at byte {at}")
        at += size
        return piece

    while at < len(data):
        form = take(1)[0]
        if form == 1:
            seed = take(SEED_SIZE)
            yield Lines(seed, take(int.from_bytes(take(4), "big")))
        elif form == 2:
            yield Document(take(int.from_bytes(take(4), "big")))
        elif form in (0, 3):
            yield Absent(pruned=form == 3)
        else:
            raise BundleError(f"{name}: form {form} at byte {at - 1} is not known")


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest's bytes, as signed."""
    return strict_json.dumps(to_json(manifest))


def parse_manifest(data: bytes) -> Manifest:
    """WireError or FieldError (naming the field) for anything that is no manifest."""
    manifest = from_json(Manifest, strict_json.loads(data), "manifest")
    if (manifest.v, manifest.kind) != (1, "bundle"):
        raise FieldError("manifest.v", f"{manifest.kind} version {manifest.v} is not known here")
    if not 0 <= manifest.from_size <= manifest.to_size:
        raise FieldError("manifest.from_size", "beyond to_size")
    return manifest


def _b64(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _unb64(value: JsonValue, path: str) -> bytes:
    try:
        return b64decode(from_json(str, value, path), validate=True)
    except (Base64Error, ValueError) as error:
        raise FieldError(path, "not base64") from error


def encode_carry(carried: Sequence[Carried]) -> bytes:
    """carry.json."""
    return strict_json.dumps(
        [
            {
                "idx": one.idx,
                "entry": _b64(one.entry),
                "proof": [_b64(node) for node in one.proof],
                "body": _b64(encode_bodies([one.body])),
            }
            for one in carried
        ]
    )


def parse_carry(data: bytes) -> tuple[Carried, ...]:
    """WireError, FieldError or BundleError for anything that is no carry.json."""
    raw = strict_json.loads(data)
    if not isinstance(raw, list):
        raise FieldError("carry", "a list is wanted here")
    return tuple(_carried(one, f"carry.{i}") for i, one in enumerate(raw))


def _carried(raw: JsonValue, path: str) -> Carried:
    if not isinstance(raw, Mapping) or raw.keys() != {"idx", "entry", "proof", "body"}:
        raise FieldError(path, "idx, entry, proof and body are wanted here")
    if not isinstance(raw["proof"], list):
        raise FieldError(f"{path}.proof", "a list is wanted here")
    bodies = tuple(parse_bodies(_unb64(raw["body"], f"{path}.body"), f"{path}.body"))
    if len(bodies) != 1:
        raise FieldError(f"{path}.body", "one body is wanted here")
    return Carried(
        from_json(int, raw["idx"], f"{path}.idx"),
        _unb64(raw["entry"], f"{path}.entry"),
        tuple(_unb64(node, f"{path}.proof") for node in raw["proof"]),
        bodies[0],
    )
