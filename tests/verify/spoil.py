"""Takes bundles apart and puts them together again, honestly or not."""

import gzip
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from checks.wire import checkpoint as checkpoints
from checks.wire import entry as entries
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire import lines as bodies
from checks.wire import strict_json, tree
from checks.wire.chain import chain_hash
from checks.wire.checkpoint import Checkpoint
from checks.wire.entry import Entry
from checks.wire.numbers import ALG_ED25519, EntryKind, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer
from checks.wire.tiles import bundle as entry_bundle
from checks.wire.tiles import parse_bundle
from collector.evidence import bundle, container
from collector.evidence.bundle import Absent, Body, Carried, Document, Lines, Manifest

STRANGER = Signer(sha256(b"stranger").digest())


def read_members(path: Path) -> dict[str, bytes]:
    """Members by name, in order."""
    with path.open("rb") as source:
        return {m.name: container.read(source, m) for m in container.members(source)}


def write_members(path: Path, members: dict[str, bytes]) -> Path:
    """A container of these members."""
    with path.open("wb") as out:
        writer = container.Writer(out)
        for name, data in members.items():
            writer.add(name, data)
        writer.close()
    return path


@dataclass
class Parts:
    """A bundle in pieces. `frontier` is the tree before the range."""

    manifest: Manifest
    frontier: tree.Frontier
    start: bytes | None
    end: bytes
    notes: list[list[Any]]
    entries: list[bytes]
    bodies: list[Body]
    carry: list[Carried]
    calendars: bytes
    figures: list[dict[str, Any]]
    drop: set[str] = field(default_factory=set)
    extra: dict[str, bytes] = field(default_factory=dict)

    def parsed(self, at: int) -> Entry:
        """The entry at this place of the range."""
        return entries.parse(self.entries[at])

    def batches(self, agent: str) -> list[int]:
        """Places of an agent's batches with lines."""
        found = []
        for at in range(len(self.entries)):
            one = self.parsed(at)
            if one.kind is EntryKind.BATCH:
                header = headers.parse(one.header)
                if header.agent == agent and header.n:
                    found.append(at)
        return found

    def kinds(self, kind: EntryKind) -> list[int]:
        """Places of entries of a kind."""
        return [at for at in range(len(self.entries)) if self.parsed(at).kind is kind]

    def replace_entry(self, at: int, **changes: Any) -> None:
        """Another entry in its place, as it is (unsigned)."""
        self.entries[at] = entries.encode(replace(self.parsed(at), **changes))

    def resign(self, at: int, header: bytes, *signers: Signer) -> None:
        """Another header in its place, signed by these keys."""
        kind = self.parsed(at).kind
        signed = (
            frames.sign_header(header, *signers)
            if kind is EntryKind.BATCH
            else entries.sign_statement(kind, header, *signers)
        )
        self.replace_entry(at, header=header, signatures=signed)

    def change_header(self, at: int, signer: Signer, **changes: Any) -> None:
        """A batch whose header says something else, signed again."""
        header = replace(headers.parse(self.parsed(at).header), **changes)
        self.resign(at, headers.encode(header), signer)

    def relink(self, at: int, signer: Signer) -> None:
        """Every later batch of this agent chained and signed again (one key)."""
        first = headers.parse(self.parsed(at).header)
        prev = chain_hash(self.parsed(at).header).hex()
        for place in range(at + 1, len(self.entries)):
            one = self.parsed(place)
            if one.kind is not EntryKind.BATCH:
                continue
            header = headers.parse(one.header)
            if (header.agent, header.epoch) == (first.agent, first.epoch):
                self.change_header(place, signer, prev=prev)
                prev = chain_hash(self.parsed(place).header).hex()

    def change_lines(self, at: int, change: Any, signer: Signer) -> None:
        """Other lines in a batch, header, root and later chain made to fit and signed by the agent."""
        body = self.bodies[at]
        assert isinstance(body, Lines)
        made = change(bodies.split(body.data))
        joined = bodies.join(made)
        self.bodies[at] = Lines(body.seed, joined)
        root = bodies.body_root(body.seed, made).hex()
        self.change_header(at, signer, n=len(made), bytes=len(joined), root=root)
        self.relink(at, signer)

    def seal(self, signer: Signer, origin: str | None = None) -> None:
        """A new end checkpoint over what is here now; notes inside the range are given up."""
        grown = self.frontier.copy()
        grown.extend([tree.leaf_hash(one) for one in self.entries])
        head = Checkpoint(origin or self.manifest.log, grown.size, grown.root())
        self.end = checkpoints.sign_checkpoint(head, signer)
        self.manifest = replace(self.manifest, to_size=grown.size)

    def write(self, path: Path, signer: Signer) -> Path:
        """The bundle, its manifest made to fit and signed."""
        files: dict[str, bytes] = {}
        if self.start is not None:
            files[bundle.START] = self.start
        files[bundle.END] = self.end
        files[bundle.FRONTIER] = self.frontier.serialise()
        files[bundle.NOTES] = strict_json.dumps(self.notes)
        for number, at in enumerate(range(0, len(self.entries), bundle.CHUNK)):
            files[bundle.entries_name(number)] = bundle.squeeze(
                entry_bundle(self.entries[at : at + bundle.CHUNK])
            )
            packed = bundle.encode_bodies(self.bodies[at : at + bundle.CHUNK])
            files[bundle.bodies_name(number)] = bundle.squeeze(packed)
        files[bundle.CARRY] = bundle.encode_carry(self.carry)
        files[bundle.CALENDARS] = self.calendars
        files[bundle.CLAIM_FIGURES] = strict_json.dumps(self.figures)
        files = {name: data for name, data in files.items() if name not in self.drop} | self.extra
        return pack(path, replace(self.manifest, files=digests(files)), files, signer)


def digests(files: dict[str, bytes]) -> dict[str, str]:
    """SHA-256 of each."""
    return {name: sha256(data).hexdigest() for name, data in files.items()}


def pack(path: Path, manifest: Manifest, files: dict[str, bytes], signer: Signer) -> Path:
    """A container with this manifest, signed."""
    data = bundle.encode_manifest(manifest)
    signature = bytes([ALG_ED25519]) + signer.key_id + signer.sign(pae(pae_type("manifest"), data))
    return write_members(path, {bundle.MANIFEST: data, bundle.MANIFEST_SIG: signature, **files})


def take_apart(path: Path) -> Parts:
    """The pieces of a good bundle."""
    members = read_members(path)
    manifest = bundle.parse_manifest(members[bundle.MANIFEST])
    whole: list[bytes] = []
    all_bodies: list[Body] = []
    for number in range(-(-(manifest.to_size - manifest.from_size) // bundle.CHUNK)):
        names = bundle.entries_name(number), bundle.bodies_name(number)
        whole += parse_bundle(gzip.decompress(members[names[0]]))
        all_bodies += bundle.parse_bodies(gzip.decompress(members[names[1]]), names[1])
    return Parts(
        manifest=manifest,
        frontier=tree.Frontier.parse(members[bundle.FRONTIER]),
        start=members.get(bundle.START),
        end=members[bundle.END],
        notes=strict_json.loads(members[bundle.NOTES]),
        entries=whole,
        bodies=all_bodies,
        carry=list(bundle.parse_carry(members[bundle.CARRY])),
        calendars=members[bundle.CALENDARS],
        figures=strict_json.loads(members[bundle.CLAIM_FIGURES]),
    )


__all__ = ["STRANGER", "Absent", "Document", "Parts", "take_apart"]
