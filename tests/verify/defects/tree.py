"""Defects of the tree: entries, checkpoints, notes, what was carried along."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from parts import loaded

from checks.wire import tree
from checks.wire.numbers import EntryKind

defects = loaded("verify/defects.py")
defect, spoiled = defects.defect, defects.spoiled


@defect("bad_tree")
def entry_missing_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    del parts.entries[40], parts.bodies[40]
    parts.manifest = replace(parts.manifest, to_size=parts.manifest.to_size - 1)
    return parts.write(out, kit.log)


@spoiled("bad_chain")
def entry_missing_and_tree_made_anew_by_liar(kit: Any, parts: Any) -> None:
    at = parts.batches("web-01")[5]
    del parts.entries[at], parts.bodies[at]


@defect("bad_tree")
def entries_swapped_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    a, b = parts.batches("web-01")[3], parts.batches("db-01")[3]
    for rows in (parts.entries, parts.bodies):
        rows[a], rows[b] = rows[b], rows[a]
    return parts.write(out, kit.log)


@spoiled("bad_chain")
def entry_doubled_by_liar(kit: Any, parts: Any) -> None:
    at = parts.batches("db-01")[4]
    parts.entries.insert(at, parts.entries[at])
    parts.bodies.insert(at, parts.bodies[at])


@defect("bad_tree")
def receipt_time_changed_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("db-01")[4]
    parts.replace_entry(at, received_ms=parts.parsed(at).received_ms - 5)
    return parts.write(out, kit.log)


@defect("bad_checkpoint")
def checkpoint_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.seal(kit.spoil.STRANGER)
    return parts.write(out, kit.log)


@defect("bad_checkpoint")
def checkpoint_of_another_log(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.seal(kit.log, "other.example/log")
    return parts.write(out, kit.log)


@defect("bad_checkpoint")
def checkpoint_of_another_size(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.end = parts.notes[-2][1].encode()
    return parts.write(out, kit.log)


@defect("bad_checkpoint")
def note_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.notes[3][1] = parts.notes[3][1][:-10] + "AAAAAAA==\n"
    return parts.write(out, kit.log)


@spoiled("bad_checkpoint")
def note_of_a_rewritten_log_by_liar(kit: Any, parts: Any) -> None:
    at = parts.kinds(EntryKind.COLLECTOR) or parts.kinds(EntryKind.STATEMENT)
    parts.replace_entry(at[0], received_ms=parts.parsed(at[0]).received_ms + 1)


@defect("bad_tree")
def frontier_wrong(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    roots = [bytes(32), *parts.frontier.roots[1:]]
    parts.frontier = tree.Frontier(parts.frontier.size, roots)
    return parts.write(out, kit.log)


@defect("bad_proof")
def carried_entry_with_a_bad_proof(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    one = parts.carry[0]
    parts.carry[0] = replace(one, proof=(bytes(32), *one.proof[1:]))
    return parts.write(out, kit.log)


@defect("bad_proof")
def carried_entry_altered(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    one = parts.carry[3]
    parts.carry[3] = replace(one, entry=one.entry.replace(b'"by":"test"', b'"by":"tess"'))
    return parts.write(out, kit.log)


@defect("bad_proof")
def carried_entry_twice(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    parts.carry.insert(0, parts.carry[0])
    return parts.write(out, kit.log)


@defect("bad_signature")
def carried_rotation_left_out(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    parts.carry = [one for one in parts.carry if b'"kind":"rotate"' not in one.entry]
    return parts.write(out, kit.log)


@defect("bad_chain")
def carried_newest_batch_left_out(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    parts.carry = [one for one in parts.carry if b'"agent":"web-01","epoch":1,"seq":' not in one.entry]
    return parts.write(out, kit.log)


@defect("bad_member")
def carry_is_no_list(kit: Any, out: Path) -> Path:
    parts = kit.parts("second")
    parts.extra["carry.json"] = b'{"idx":1}'
    return parts.write(out, kit.log)
