"""One bad bundle per defect. Each maker takes the kit and returns a path; its name is the defect.

`CODES` says which code must be among the findings. Makers that end in `_by_liar` have the log key too.
"""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from checks.wire import header as headers
from checks.wire import strict_json, tree
from checks.wire.header import SeenNote
from checks.wire.numbers import EntryKind

Maker = Callable[[Any, Path], Path]
MAKERS: dict[str, tuple[str, Maker]] = {}


def defect(code: str) -> Callable[[Maker], Maker]:
    """Enter a maker under the code that must be found."""

    def note(made: Maker) -> Maker:
        MAKERS[made.__name__] = (code, made)
        return made

    return note


# -- the container and the manifest, by somebody without any key ------------------------------------


@defect("bad_container")
def truncated(kit: Any, out: Path) -> Path:
    out.write_bytes(kit.good.read_bytes()[:-100])
    return out


@defect("bad_container")
def empty_file(kit: Any, out: Path) -> Path:
    out.write_bytes(b"")
    return out


@defect("bad_member")
def member_missing(kit: Any, out: Path) -> Path:
    members = kit.members()
    del members["log/notes.json"]
    return kit.spoil.write_members(out, members)


@defect("bad_member")
def member_added(kit: Any, out: Path) -> Path:
    return kit.spoil.write_members(out, kit.members() | {"readme.txt": b"trust us"})


@defect("bad_member")
def bodies_altered(kit: Any, out: Path) -> Path:
    members = kit.members()
    lines = gzip.decompress(members["bodies/000000.gz"]).replace(b'"refused"', b'"connect"')
    members["bodies/000000.gz"] = gzip.compress(lines, mtime=0)
    return kit.spoil.write_members(out, members)


@defect("bad_manifest")
def line_altered_and_manifest_signed_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[0]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=body.data.replace(b'"connected"', b'"connectee"', 1))
    return parts.write(out, kit.spoil.STRANGER)


@defect("bad_manifest")
def manifest_is_no_json(kit: Any, out: Path) -> Path:
    return kit.spoil.write_members(out, kit.members() | {"manifest.json": b"{"})


@defect("bad_manifest")
def manifest_of_another_log(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.manifest = replace(parts.manifest, log="other.example/log")
    return parts.write(out, kit.log)


@defect("bad_manifest")
def member_left_out_of_the_manifest_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.drop.add("claims/availability.json")
    return parts.write(out, kit.log)


# -- the tree ---------------------------------------------------------------------------------------


@defect("bad_tree")
def entry_missing_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    del parts.entries[40], parts.bodies[40]
    parts.manifest = replace(parts.manifest, to_size=parts.manifest.to_size - 1)
    return parts.write(out, kit.log)


@defect("bad_chain")
def entry_missing_and_tree_made_anew_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[5]
    del parts.entries[at], parts.bodies[at]
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_tree")
def entries_swapped_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    a, b = parts.batches("web-01")[3], parts.batches("db-01")[3]
    for rows in (parts.entries, parts.bodies):
        rows[a], rows[b] = rows[b], rows[a]
    return parts.write(out, kit.log)


@defect("bad_chain")
def entry_doubled_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("db-01")[4]
    parts.entries.insert(at, parts.entries[at])
    parts.bodies.insert(at, parts.bodies[at])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


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


@defect("bad_checkpoint")
def note_of_a_rewritten_log_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.COLLECTOR) or parts.kinds(EntryKind.STATEMENT)
    parts.replace_entry(at[0], received_ms=parts.parsed(at[0]).received_ms + 1)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


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


# -- bodies -----------------------------------------------------------------------------------------


@defect("bad_body")
def body_missing(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.batches("web-01")[2]] = kit.spoil.Absent()
    return parts.write(out, kit.log)


@defect("bad_body")
def body_said_to_be_pruned(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.batches("web-01")[2]] = kit.spoil.Absent(pruned=True)
    return parts.write(out, kit.log)


@defect("bad_body")
def body_of_another_batch(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    first, second = parts.batches("web-01")[2:4]
    parts.bodies[first] = parts.bodies[second]
    return parts.write(out, kit.log)


@defect("bad_body")
def result_line_dropped(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("watch-01")[13]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=b"".join(body.data.splitlines(keepends=True)[1:]))
    return parts.write(out, kit.log)


@defect("bad_body")
def result_line_altered_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("watch-01")[14]
    body = parts.bodies[at]
    assert b"refused" in body.data
    parts.bodies[at] = replace(body, data=body.data.replace(b"refused", b"refuser"))
    return parts.write(out, kit.log)


@defect("bad_body")
def document_of_a_plan_missing(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.bodies[parts.kinds(EntryKind.PLAN)[1]] = kit.spoil.Absent()
    return parts.write(out, kit.log)


@defect("bad_body")
def terms_replaced_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.PLAN)[0]
    body = parts.bodies[at]
    parts.bodies[at] = replace(body, data=body.data.replace(b"[999,1000]", b"[900,1000]"))
    return parts.write(out, kit.log)


# -- keys and chains, by a collector that has the log key --------------------------------------------


@defect("bad_signature")
def unknown_key_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[5]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_signature")
def log_key_signs_for_an_agent_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[-1]
    parts.resign(at, parts.parsed(at).header, kit.log)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_signature")
def rotation_that_the_old_key_has_not_signed_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = next(i for i, raw in enumerate(parts.entries) if b'"kind":"rotate"' in raw)
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER, kit.spoil.STRANGER)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_key")
def agent_never_approved_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = next(i for i in parts.kinds(EntryKind.APPROVE) if b'"agent":"db-01"' in parts.entries[i])
    header = strict_json.loads(parts.parsed(at).header) | {"agent": "db-02"}
    parts.resign(at, strict_json.dumps(header), kit.log)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_key")
def revoked_key_used_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = next(i for i in parts.kinds(EntryKind.REVOKE) if b'"agent":"watch-01"' in parts.entries[i])
    early = parts.batches("watch-01")[9]
    for rows in (parts.entries, parts.bodies):
        rows.insert(early, rows.pop(at))
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_entry")
def approval_of_an_agent_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.APPROVE)[0]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_entry")
def window_approved_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.STATEMENT)[0]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_entry")
def enrolment_by_another_key(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.ENROL)[1]
    parts.resign(at, parts.parsed(at).header, kit.spoil.STRANGER)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_entry")
def entry_is_garbage_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.entries[7] = b"\x01\xff garbage"
    parts.seal(kit.log)
    return parts.write(out, kit.log)


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


@defect("bad_chain")
def chain_with_a_hole_by_agent(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[7]
    parts.change_header(at, kit.signers["web-01"], seq=900)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_chain")
def header_altered_and_signed_again_by_agent(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[7]
    parts.change_header(at, kit.signers["web-01"], machine="00" * 32)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("fork")
def two_writers(kit: Any, out: Path) -> Path:
    return kit.forked(out)


@defect("bad_entry")
def fork_made_up_by_liar(kit: Any, out: Path) -> Path:
    """A collector that wants an agent's bad news not to count says that its key was copied."""
    parts = kit.parts()
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
    parts.seal(kit.log)
    return parts.write(out, kit.log)


# -- what agents say --------------------------------------------------------------------------------


@defect("judged_differently")
def line_that_does_not_follow_from_its_facts_by_agent(kit: Any, out: Path) -> Path:
    def whitewash(lines: list[bytes]) -> list[bytes]:
        assert any(b"refused" in line for line in lines)
        good = b'"readings":[["connect",900,"us","ok"]],"state":"ok"}'
        return [line.partition(b'"readings"')[0] + good if b"refused" in line else line for line in lines]

    return kit.agent_lies(out, "watch-01", 14, whitewash)


@defect("bad_line")
def line_from_another_vantage_by_agent(kit: Any, out: Path) -> Path:
    def rename(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"vantage":"web-01"', b'"vantage":"db-01"') for line in lines]

    return kit.agent_lies(out, "web-01", 5, rename)


@defect("bad_line")
def line_with_a_key_twice_by_agent(kit: Any, out: Path) -> Path:
    return kit.agent_lies(out, "web-01", 5, lambda lines: [lines[0][:-1] + b',"state":"ok"}', *lines[1:]])


@defect("bad_line")
def line_that_is_no_result_by_agent(kit: Any, out: Path) -> Path:
    return kit.agent_lies(out, "web-01", 5, lambda lines: [b'{"i":1}', b"\xff\xfe", b"[]", *lines[1:]])


@defect("bad_line")
def line_with_facts_of_another_check_by_agent(kit: Any, out: Path) -> Path:
    def swap(lines: list[bytes]) -> list[bytes]:
        return [line.replace(b'"facts":{', b'"facts":{"more":1,') for line in lines]

    return kit.agent_lies(out, "web-01", 5, swap)


@defect("bad_plan")
def line_with_other_parameters_by_agent(kit: Any, out: Path) -> Path:
    def lax(lines: list[bytes]) -> list[bytes]:
        head, key, rest = lines[0].partition(b'"params":"')
        return [head + key + b"00" * 32 + rest[64:], *lines[1:]]

    return kit.agent_lies(out, "web-01", 5, lax)


@defect("bad_plan")
def plan_that_is_not_in_the_log_by_agent(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[6]
    parts.change_header(at, kit.signers["web-01"], plan="ee" * 32)
    parts.relink(at, kit.signers["web-01"])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_plan")
def plan_of_another_agent_by_agent(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at, other = parts.batches("web-01")[6], parts.batches("db-01")[6]
    plan = headers.parse(parts.parsed(other).header).plan
    parts.change_header(at, kit.signers["web-01"], plan=plan)
    parts.relink(at, kit.signers["web-01"])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_seen")
def agent_saw_another_log(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[6]
    seen = headers.parse(parts.parsed(at).header).seen
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(seen.size, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_seen")
def agent_saw_what_was_never_published(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[6]
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(3, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_seen")
def agent_saw_the_future(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.batches("web-01")[6]
    last = parts.notes[-1][0]
    parts.change_header(at, kit.signers["web-01"], seen=SeenNote(last, "ab" * 32))
    parts.relink(at, kit.signers["web-01"])
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_seen")
def notes_left_out_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.notes = parts.notes[::2]
    return parts.write(out, kit.log)


@defect("bad_chain")
def loss_hidden_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = next(i for i, raw in enumerate(parts.entries) if b'"kind":"loss"' in raw and b"web-01" in raw)
    del parts.entries[at], parts.bodies[at]
    parts.seal(kit.log)
    return parts.write(out, kit.log)


# -- claims, by a collector that has the log key -----------------------------------------------------


def claim(change: Callable[[dict[str, Any]], None]) -> Maker:
    """A bundle whose first claim says something else."""

    def made(kit: Any, out: Path) -> Path:
        parts = kit.parts()
        change(next(one for one in parts.figures if one["service"] == "portal"))
        return parts.write(out, kit.log)

    return made


CLAIMS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "claimed_percent_better": lambda one: one["percent"].update(known="99.999999"),
    "claimed_downtime_less": lambda one: one["buckets"].update(down=0),
    "claimed_to_meet_its_target": lambda one: one.update(meets=not one["meets"]),
    "claimed_fault_left_out": lambda one: one.update(faults=[]),
    "claimed_from_less_evidence": lambda one: one.update(evidence_size=60),
    "claimed_from_more_evidence": lambda one: one.update(evidence_size=10**6),
    "claimed_of_another_estate": lambda one: one.update(terms="ab" * 32),
    "claimed_of_another_period": lambda one: one["period"].update(**{"from": one["period"]["from"] + 1}),
    "claimed_of_no_service": lambda one: one.update(service="nothing"),
    "claimed_under_another_name": lambda one: one.update(name="别的"),
    "claimed_without_a_period": lambda one: one.pop("period"),
    "claimed_with_odd_values": lambda one: one.update(period=[1], percent=7),
    "claimed_earlier_than_it_began": lambda one: one["period"].update(evaluated_to=-5),
}
for _name, _change in CLAIMS.items():
    MAKERS[f"{_name}_by_liar"] = ("claim_differs", claim(_change))


@defect("bad_member")
def claims_are_no_list(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.extra["claims/availability.json"] = b'{"portal":100}'
    return parts.write(out, kit.log)


@defect("claim_differs")
def record_altered_and_signed_again_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.RECORD)[0]
    body = parts.bodies[at]
    document = body.data.replace(b'"state":"ok"', b'"state":"warn"', 1)
    assert document != body.data
    return kit.reword(parts, at, document, out)


@defect("claim_differs")
def record_that_forgets_what_was_not_inspected_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.RECORD)[0]
    document = strict_json.loads(parts.bodies[at].data)
    assert document["not_inspected"]
    document["not_inspected"] = []
    return kit.reword(parts, at, strict_json.dumps(document), out)


@defect("claim_differs")
def record_whose_entry_counts_more_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    at = parts.kinds(EntryKind.RECORD)[0]
    header = strict_json.loads(parts.parsed(at).header)
    header["counts"]["done"] += 1
    parts.resign(at, strict_json.dumps(header), kit.log)
    parts.seal(kit.log)
    return parts.write(out, kit.log)


@defect("bad_member")
def calendar_altered_by_liar(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    files = strict_json.loads(parts.calendars)
    name = next(iter(files))
    parts.calendars = strict_json.dumps(files | {name: files[name] + "\n# x\n"})
    return parts.write(out, kit.log)


@defect("bad_member")
def bodies_bomb(kit: Any, out: Path) -> Path:
    parts = kit.parts()
    parts.extra["bodies/000000.gz"] = gzip.compress(bytes(64 << 20), mtime=0)
    return parts.write(out, kit.log)
