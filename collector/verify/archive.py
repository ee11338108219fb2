"""Opens a bundle: container, manifest, its signature, the digest of every member."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from checks.codec import FieldError
from checks.wire.errors import WireError
from checks.wire.note import Vkey
from checks.wire.numbers import ALG_ED25519, KEY_ID_SIZE, SIGNATURE_SIZE, pae_type
from checks.wire.pae import pae
from checks.wire.signing import key_id, verify
from collector.evidence import bundle, container
from collector.evidence.policy import Policy
from collector.verify.findings import Findings


@dataclass(slots=True)
class Archive:
    """An opened bundle. Members whose bytes are not what the manifest signs are not in `members`."""

    path: Path
    manifest: bundle.Manifest
    key: Vkey
    members: dict[str, container.Member] = field(default_factory=dict)

    def get(self, name: str) -> bytes | None:
        """The member's bytes, or None where it is absent or damaged (reported when opened)."""
        member = self.members.get(name)
        if member is None:
            return None
        with self.path.open("rb") as source:
            return container.read(source, member)

    @property
    def chunks(self) -> int:
        """How many members hold the entries of the range."""
        size = self.manifest.to_size - self.manifest.from_size
        return -(-size // bundle.CHUNK)

    def expected(self) -> Iterator[str]:
        """Names of the members that every bundle of this range must have, the manifest's own apart."""
        if self.manifest.from_size:
            yield bundle.START
        yield from (bundle.END, bundle.FRONTIER, bundle.NOTES)
        for chunk in range(self.chunks):
            yield bundle.entries_name(chunk)
            yield bundle.bodies_name(chunk)
        yield from (bundle.CARRY, bundle.CALENDARS, bundle.CLAIM_FIGURES)
        # Photographs need not come along; those that do stand last, by name.
        yield from sorted(name for name in self.manifest.files if bundle.is_photo(name))

    @property
    def photos(self) -> dict[str, str]:
        """Photographs that are here: name (the digest a statement gives) to the digest of their bytes."""
        files = self.manifest.files
        return {
            name.removeprefix(bundle.PHOTOS): files[name] for name in self.members if bundle.is_photo(name)
        }


def open_archive(path: Path, policy: Policy, findings: Findings) -> Archive | None:
    """The bundle at `path`; None where not even its manifest can be trusted (each reason reported)."""
    with path.open("rb") as source:
        try:
            members = container.members(source)
        except container.ContainerError as error:
            findings.add("bad_container", path.name, error.detail)
            return None
        archive = _manifest(path, source, {m.name: m for m in members}, policy, findings)
        if archive is not None:
            _digests(archive, source, members, findings)
    return archive


def _member(source: BinaryIO, members: dict[str, container.Member], name: str, findings: Findings) -> bytes:
    try:
        return container.read(source, members[name])
    except KeyError:
        findings.add("bad_member", name, "missing")
    except container.ContainerError as error:
        findings.add("bad_member", name, _alone(error, name))
    return b""


def _alone(error: container.ContainerError, name: str) -> str:
    """What is wrong with a member that the report names in front of it."""
    return error.detail.removeprefix(f"{name}: ")


def _manifest(
    path: Path,
    source: BinaryIO,
    members: dict[str, container.Member],
    policy: Policy,
    findings: Findings,
) -> Archive | None:
    data = _member(source, members, bundle.MANIFEST, findings)
    signature = _member(source, members, bundle.MANIFEST_SIG, findings)
    try:
        manifest = bundle.parse_manifest(data)
    except (WireError, FieldError) as error:
        findings.add("bad_manifest", bundle.MANIFEST, str(error))
        return None
    key = policy.logs.get(manifest.log)
    if key is None:
        findings.add("bad_manifest", bundle.MANIFEST, f"the policy knows no log {manifest.log!r}")
        return None
    if not _signed(data, signature, key):
        findings.add("bad_manifest", bundle.MANIFEST_SIG, "not signed by the log key of the policy")
    return Archive(path, manifest, key)


def _signed(data: bytes, signature: bytes, key: Vkey) -> bool:
    head = bytes([ALG_ED25519]) + key_id(key.public)
    if len(signature) != 1 + KEY_ID_SIZE + SIGNATURE_SIZE or not signature.startswith(head):
        return False
    return verify(key.public, pae(pae_type("manifest"), data), signature[len(head) :])


def _digests(
    archive: Archive, source: BinaryIO, members: tuple[container.Member, ...], findings: Findings
) -> None:
    names = [bundle.MANIFEST, bundle.MANIFEST_SIG, *archive.manifest.files]
    if [m.name for m in members] != names:
        findings.add(
            "bad_member", bundle.MANIFEST, "the members are not those the manifest lists, in its order"
        )
    if list(archive.manifest.files) != list(archive.expected()):
        findings.add("bad_manifest", "manifest.files", "not the members that a bundle of this range has")
    for member in members[2:]:
        if problem := _differs(source, member, archive.manifest.files.get(member.name)):
            findings.add("bad_member", member.name, problem)
        else:
            archive.members[member.name] = member
    for name in archive.manifest.files:
        if name not in {m.name for m in members}:
            findings.add("bad_member", name, "missing")
    findings.count("members", len(members))


def _differs(source: BinaryIO, member: container.Member, wanted: str | None) -> str:
    """What is wrong with the member; "" for nothing."""
    if wanted is None:
        return "not in the manifest"
    try:
        data = container.read(source, member)
    except container.ContainerError as error:
        return _alone(error, member.name)
    return "" if sha256(data).hexdigest() == wanted else "its bytes do not fit the digest in the manifest"
