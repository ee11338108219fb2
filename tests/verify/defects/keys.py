"""Defects of keys and chains, by a collector that has the log key."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire import header as headers
from checks.wire import strict_json
from checks.wire.numbers import EntryKind

defects = loaded("verify/defects.py")
defect, spoiled = defects.defect, defects.spoiled


@spoiled("bad_signature")
def unknown_key_by_liar(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[5]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)


@spoiled("bad_signature")
def log_key_signs_for_an_agent_by_liar(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[-1]
    parts.resign(at, parts.parsed(at).header, kit.log)


@spoiled("bad_signature")
def rotation_that_the_old_key_has_not_signed_by_liar(kit: Any, parts: Any) -> None:
    at = next(i for i, raw in enumerate(parts.entries) if b'"kind":"rotate"' in raw)
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER, kit.spoil.STRANGER)


@spoiled("bad_key")
def agent_never_approved_by_liar(kit: Any, parts: Any) -> None:
    at = next(i for i in parts.kinds(EntryKind.APPROVE) if b'"agent":"db-01"' in parts.entries[i])
    header = strict_json.loads(parts.parsed(at).header) | {"agent": "db-02"}
    parts.resign(at, strict_json.dumps(header), kit.log)


@spoiled("bad_key")
def revoked_key_used_by_liar(kit: Any, parts: Any) -> None:
    at = next(i for i in parts.kinds(EntryKind.REVOKE) if b'"agent":"watch-01"' in parts.entries[i])
    early = parts.batches("watch-01")[9]
    for rows in (parts.entries, parts.bodies):
        rows.insert(early, rows.pop(at))


@spoiled("bad_entry")
def approval_of_an_agent_by_another_key(kit: Any, parts: Any) -> None:
    at = parts.kinds(EntryKind.APPROVE)[0]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)


@spoiled("bad_entry")
def window_approved_by_another_key(kit: Any, parts: Any) -> None:
    at = parts.kinds(EntryKind.STATEMENT)[0]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)


@spoiled("bad_entry")
def enrolment_by_another_key(kit: Any, parts: Any) -> None:
    at = parts.kinds(EntryKind.ENROL)[1]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)


@spoiled("bad_entry")
def entry_is_garbage_by_liar(kit: Any, parts: Any) -> None:
    parts.entries[7] = b"\x01\xff garbage"


@defect("bad_entry")
def approval_with_odd_values_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.APPROVE)[0]
    for name, value in (("enrol", [1]), ("epoch", {}), ("agent", None), ("public", 7)):
        header = strict_json.loads(parts.parsed(at).header) | {name: value}
        parts.resign(at, strict_json.dumps(header), kit.log)
        parts.seal(kit.log)
        parts.write(out, kit.log)
        assert kit.verify(out)[0] == 1
    return out


@spoiled("bad_chain")
def chain_with_a_hole_by_agent(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[7]
    parts.change_header(at, kit.signers["web-01"], seq=900)


@spoiled("bad_chain")
def header_altered_and_signed_again_by_agent(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[7]
    parts.change_header(at, kit.signers["web-01"], machine="00" * 32)


@defect("fork")
def two_writers(kit: Any, out: Path) -> Path:
    return kit.forked(out, end="")


@spoiled("bad_entry")
def fork_made_up_by_liar(kit: Any, parts: Any) -> None:
    """A collector that wants an agent's bad news not to count says that its key was copied."""
    at = parts.batches("watch-01")[10]
    theirs = replace(headers.parse(parts.parsed(at).header), machine="ab" * 32)
    raw = headers.encode(theirs)
    signed = kit.frames.sign_header(raw, kit.log)
    text = {
        "v": 1, "log": theirs.log, "kind": "fork", "agent": theirs.agent, "epoch": theirs.epoch,
        "seq": theirs.seq, "ours": at, "header": raw.hex(),
        "signatures": [[one.alg, one.key_id.hex(), one.sig.hex()] for one in signed],
    }  # fmt: skip
    parts.entries.insert(at + 1, kit.own_entry(EntryKind.FORK, text, parts.parsed(at).received_ms))
    parts.bodies.insert(at + 1, kit.spoil.Absent())


@defect("bad_entry")
def release_that_names_no_fork_by_liar(kit: Any, out: Path) -> Path:
    return kit.forked(out, lambda parts: reset(kit, parts, {"fork": 1}))


@defect("bad_entry")
def release_by_nobody_by_liar(kit: Any, out: Path) -> Path:
    return kit.forked(out, lambda parts: reset(kit, parts, {"by": ""}))


@defect("fork")
def release_of_another_agent_by_liar(kit: Any, out: Path) -> Path:
    return kit.forked(out, lambda parts: reset(kit, parts, {"agent": "db-01"}))


@defect("bad_entry")
def release_by_another_key(kit: Any, out: Path) -> Path:
    return kit.forked(out, lambda parts: reset(kit, parts, {}, kit.spoil.STRANGER))


def reset(kit: Any, parts: Any, said: dict[str, Any], signer: Any = None) -> None:
    """The release, said in another way."""
    (at,) = parts.kinds(EntryKind.RESET)
    header = strict_json.loads(parts.parsed(at).header) | said
    parts.resign(at, strict_json.dumps(header), signer or kit.log)
    parts.seal(kit.log)
