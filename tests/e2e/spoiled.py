"""A bundle of a real small site, and ways to spoil it."""

import io
from dataclasses import dataclass, replace
from hashlib import sha256

from checks.wire import strict_json
from checks.wire.numbers import ALG_ED25519, pae_type
from checks.wire.pae import pae
from checks.wire.signing import Signer
from checks.wire.tiles import bundle as entry_bundle
from checks.wire.tiles import parse_bundle
from collector.evidence import bundle, container
from collector.evidence.bundle import Absent, Document, Lines
from collector.evidence.policy import parse_policy
from collector.verify.findings import CODES
from collector.verify.verify import Options, verify_bundle


@dataclass
class Parts:
    """A bundle taken apart."""

    files: dict  # members but the manifest's, in order
    manifest: bundle.Manifest
    signature: bytes
    entries: list
    bodies: list

    @classmethod
    def of(cls, data):
        source = io.BytesIO(data)
        files = {member.name: container.read(source, member) for member in container.members(source)}
        manifest = bundle.parse_manifest(files.pop(bundle.MANIFEST))
        signature = files.pop(bundle.MANIFEST_SIG)
        assert manifest.to_size - manifest.from_size <= bundle.CHUNK, "a small bundle is wanted"
        name = bundle.bodies_name(0)
        entries = bundle.expand(files[bundle.entries_name(0)], "entries")
        return cls(
            files,
            manifest,
            signature,
            list(parse_bundle(entries, manifest.to_size - manifest.from_size)),
            list(bundle.parse_bodies(bundle.expand(files[name], name), name)),
        )

    def batch(self):
        """Number of the entry whose body has most lines: a single one can't be put in another order."""
        found = {i: body.data.count(b"\n") for i, body in enumerate(self.bodies) if isinstance(body, Lines)}
        most = max(found, key=found.__getitem__)
        assert found[most] >= 2, "a bundle with a batch of several lines is wanted"
        return most

    def document(self):
        """Number of an entry whose body is a document."""
        return next(i for i, body in enumerate(self.bodies) if isinstance(body, Document))

    def made(self, signer, key_id=None):
        """The bundle put together again, digests re-made, the manifest signed by `signer` (None: not)."""
        self.files[bundle.entries_name(0)] = bundle.squeeze(entry_bundle(self.entries))
        self.files[bundle.bodies_name(0)] = bundle.squeeze(bundle.encode_bodies(self.bodies))
        digests = {name: sha256(data).hexdigest() for name, data in self.files.items()}
        text = bundle.encode_manifest(replace(self.manifest, files=digests))
        signature = self.signature
        if signer is not None:
            signed = signer.sign(pae(pae_type("manifest"), text))
            signature = bytes([ALG_ED25519]) + (key_id or signer.key_id) + signed
        out = io.BytesIO()
        writer = container.Writer(out)
        for name, data in {bundle.MANIFEST: text, bundle.MANIFEST_SIG: signature, **self.files}.items():
            writer.add(name, data)
        writer.close()
        return out.getvalue()


class Bench:
    """Verifies spoiled bytes."""

    def __init__(self, place, data, policy):
        self.place, self.data, self.policy = place / "spoiled.zip", data, parse_policy(policy)

    def codes(self, data):
        """Codes of the problems found; every one is documented."""
        self.place.write_bytes(data)
        verdict = verify_bundle(self.place, self.policy, Options(processes=1))
        found = {problem.code for problem in verdict.findings.problems}
        assert found <= set(CODES)
        assert verdict.good == (not found)
        return found

    def flipped(self, positions, rng):
        """Positions whose flip was not noticed, or only as a fault of the verifier itself."""
        missed = []
        for at in positions:
            spoiled = bytearray(self.data)
            spoiled[at] ^= 1 << rng.randrange(8)
            if not self.codes(bytes(spoiled)) - {"internal"}:
                missed.append(at)
        return missed


def _drop(parts):
    del parts.entries[parts.batch()], parts.bodies[parts.batch()]
    _shrink(parts, -1)


def _drop_last(parts):
    parts.entries.pop()
    parts.bodies.pop()
    _shrink(parts, -1)


def _shrink(parts, by):
    parts.manifest = replace(parts.manifest, to_size=parts.manifest.to_size + by)


def _double(parts):
    at = parts.batch()
    parts.entries.insert(at, parts.entries[at])
    parts.bodies.insert(at, parts.bodies[at])
    _shrink(parts, 1)


def _swap(parts):
    batches = [i for i, body in enumerate(parts.bodies) if isinstance(body, Lines)]
    a, b = batches[0], batches[1]
    for these in (parts.entries, parts.bodies):
        these[a], these[b] = these[b], these[a]


def _swap_bodies(parts):
    a, b = [i for i, body in enumerate(parts.bodies) if isinstance(body, Lines)][:2]
    parts.bodies[a], parts.bodies[b] = parts.bodies[b], parts.bodies[a]


def _received(parts):
    """Another time of receipt: it is not signed by the agent, only the tree fixes it."""
    at = parts.batch()
    data = bytearray(parts.entries[at])
    data[9] ^= 1
    parts.entries[at] = bytes(data)


def _header(parts):
    at = parts.batch()
    parts.entries[at] = parts.entries[at].replace(b'"kind":"results"', b'"kind":"resultz"')


def _signature(parts):
    at = parts.batch()
    parts.entries[at] = parts.entries[at][:-1] + bytes([parts.entries[at][-1] ^ 1])


def _lines(change):
    def edit(parts):
        at = parts.batch()
        body = parts.bodies[at]
        lines = body.data.split(b"\n")[:-1]
        parts.bodies[at] = Lines(body.seed, b"".join(line + b"\n" for line in change(lines)))

    return edit


def _better(lines):
    return [
        line.replace(b'"state":"crit"', b'"state":"ok"').replace(b'"t0":1', b'"t0":2', 1) for line in lines
    ]


def _seed(parts):
    at = parts.batch()
    parts.bodies[at] = Lines(bytes(16), parts.bodies[at].data)


def _body(made):
    def edit(parts):
        parts.bodies[parts.batch()] = made

    return edit


def _document(parts):
    at = parts.document()
    parts.bodies[at] = Document(parts.bodies[at].data.replace(b'"every_ms":1000', b'"every_ms":9000'))


def _claim(parts):
    claims = [{"service": "portal", "figure": "100.00%", "evidence_size": parts.manifest.to_size}]
    parts.files[bundle.CLAIM_FIGURES] = strict_json.dumps(claims)


def _frontier(parts):
    parts.files[bundle.FRONTIER] = b"\0" * 7 + b"\x01" + sha256(b"").digest()


def _notes(parts):
    parts.files[bundle.NOTES] = b"[]"


def _end(parts):
    note = parts.files[bundle.END]
    size = str(parts.manifest.to_size).encode()
    parts.files[bundle.END] = note.replace(b"\n" + size + b"\n", b"\n" + size + b"0\n")


def _member_gone(parts):
    del parts.files[bundle.CALENDARS]


def _member_more(parts):
    parts.files["readme.txt"] = b"all is well"


def _log(parts):
    parts.manifest = replace(parts.manifest, log="other.example/log")


def _from(parts):
    """Say that the range begins later, and leave out what is before."""
    del parts.entries[:3], parts.bodies[:3]
    parts.manifest = replace(parts.manifest, from_size=3)


# name -> edit. Those in ANY are found whoever signs the manifest, be it the log key itself: entries,
# bodies and lines are fixed by the tree and the agents. The others only by the manifest's signature.
ANY = {
    "an entry dropped": _drop,
    "the last entry dropped": _drop_last,
    "an entry doubled": _double,
    "two entries swapped": _swap,
    "two bodies swapped": _swap_bodies,
    "another time of receipt": _received,
    "another header": _header,
    "a signature changed": _signature,
    "a line dropped": _lines(lambda lines: lines[1:]),
    "a line doubled": _lines(lambda lines: [lines[0], *lines]),
    "two lines swapped": _lines(lambda lines: [*lines[1:], lines[0]]),
    "a better line": _lines(_better),
    "another seed": _seed,
    "a body left out": _body(Absent()),
    "a body said to be pruned": _body(Absent(pruned=True)),
    "a document for a body": _body(Document(b"{}")),
    "another plan": _document,
    "a claim from nowhere": _claim,
    "another frontier": _frontier,
    "another end": _end,
    "a member gone": _member_gone,
    "a member more": _member_more,
    "another log": _log,
    "a later beginning": _from,
}
SIGNED = {"no notes": _notes}
OTHER = Signer(b"o" * 32)
