"""Every answer of the collector to a batch, over real HTTP (evidence 5.4)."""

import json
import socket
from base64 import b64decode
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import pytest

from checks.wire import entry, tree
from checks.wire import frame as frames
from checks.wire import header as headers
from checks.wire.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from checks.wire.header import Clock, Kind, Loss, Resume, Rotate, SeenNote
from checks.wire.numbers import EntryKind
from checks.wire.signing import Signer
from checks.wire.tiles import parse_bundle, tile_at, tile_nodes
from collector.jobs import lifecycle
from collector.jobs.batches import read_batches
from collector.jobs.checkpoints import Publisher
from collector.jobs.tilework import read_tile
from collector.store import agents, alarms, evidence, packs


@pytest.fixture(params=[0, 1], ids=["threads", "prover"])
def server(serve, request):
    return serve(provers=request.param)


@pytest.fixture
def agent(context, enrol):
    return enrol(context, "web-01")


def kinds(context):
    with context.read() as conn:
        return [row.kind for row in packs.entry_rows(conn, 0, evidence.size(conn))]


def test_a_stranger_is_told_that_his_key_is_unknown(server, context, agent):
    agent.name = "nobody"
    code, ack = server.send(agent.batch())
    assert (code, ack["status"]) == (401, "unknown_key")
    assert (ack["agent"], ack["epoch"], ack["seq"]) == ("nobody", 1, 0)


def test_another_key_than_the_enrolled_one_is_unknown(server, agent):
    agent.signer = Signer(b"x" * 32)
    code, ack = server.send(agent.batch())
    assert (code, ack["status"]) == (401, "unknown_key")


def test_a_pending_agent_waits_and_its_whole_chain_is_taken_after_approval(server, context, enrol):
    agent = enrol(context, "late", approve=False)
    first, second = agent.batch(), agent.batch()
    code, headers_, body = server.request("POST", "/v1/batches", first)
    assert (code, json.loads(body)["status"]) == (403, "pending")
    assert int(headers_["retry-after"]) > 0
    with context.read() as conn:
        (waiting,) = [one for one in agents.every(conn) if one.agent == "late"]
    lifecycle.approve(context, waiting.code, by="test")
    code, acks = server.send(first, second)
    assert code == 200
    assert [ack["status"] for ack in acks] == ["ok", "ok"]
    assert [ack["idx"] for ack in acks] == [3, 4]  # 0 init, 1 enrol, 2 approve


def test_a_revoked_agent_is_refused_from_that_entry_on_and_what_it_sent_stands(server, context, agent):
    assert server.send(agent.batch())[1]["status"] == "ok"
    done = lifecycle.revoke(context, "web-01", reason="stolen", by="test")
    code, ack = server.send(agent.batch())
    assert (code, ack["status"]) == (403, "revoked")
    assert kinds(context).count(EntryKind.BATCH) == 1
    assert done.revoke_idx == 4


def test_an_older_life_is_told_that_its_epoch_is_over(server, context, agent, enrol):
    second = enrol(context, "web-01")
    assert second.epoch == 2
    code, ack = server.send(agent.batch())
    assert (code, ack["status"]) == (409, "old_epoch")
    assert server.send(second.batch())[1]["status"] == "ok"


def test_another_log_is_a_misdirected_request(server, agent):
    agent.log = "other.example/log"
    code, ack = server.send(agent.batch())
    assert (code, ack["status"]) == (421, "wrong_log")


def test_a_gap_names_the_batch_that_is_wanted(server, agent):
    missing, sent = agent.batch(), agent.batch()
    code, ack = server.send(sent)
    assert (code, ack["status"], ack["want"]) == (409, "gap", 0)
    code, acks = server.send(missing, sent)
    assert [ack["status"] for ack in acks] == ["ok", "ok"]


def test_the_same_batch_again_is_known_at_the_same_place(server, agent, context):
    sent = agent.batch()
    first = server.send(sent)[1]
    code, again = server.send(sent)
    assert (code, again["status"], again["idx"]) == (200, "known", first["idx"])
    assert server.send(sent, sent)[1][1]["status"] == "known"
    assert kinds(context).count(EntryKind.BATCH) == 1


def test_the_same_batch_twice_in_one_request_is_logged_once(server, agent, context):
    sent = agent.batch()
    acks = server.send(sent, sent)[1]
    assert [ack["status"] for ack in acks] == ["ok", "known"]
    assert acks[0]["idx"] == acks[1]["idx"]


def test_two_writers_of_one_key_are_a_fork_and_both_headers_are_proof(server, agent, context):
    twin = replace(agent)
    assert server.send(agent.batch())[1]["status"] == "ok"
    other = twin.batch(count=5)
    code, ack = server.send(other)
    assert (code, ack["status"]) == (409, "fork")
    assert ack["head"] == {"seq": 0, "hash": agent.prev}
    with context.read() as conn:
        (proof,) = evidence.of_kinds(conn, [EntryKind.FORK])
        stored = entry.parse(proof.data)
        alone = agents.get(conn, "web-01", 1)
    shown = json.loads(stored.header)
    assert entry.verify_statement(EntryKind.FORK, stored.header, stored.signatures, context.signer.public)
    assert bytes.fromhex(shown["header"]) == frames.decode(other).header
    assert shown["ours"] == 3
    assert alone.fork_idx == proof.idx
    server.send(other)
    assert kinds(context).count(EntryKind.FORK) == 1  # once is proof enough


def test_after_a_fork_batches_are_logged_but_do_not_score_until_somebody_decides(server, agent, context):
    twin = replace(agent)
    server.send(agent.batch())
    server.send(twin.batch(count=5))
    quarantined = server.send(agent.batch())[1]
    assert quarantined["status"] == "ok"
    lifecycle.release(context, "web-01", reason="clone removed", by="test")
    released = server.send(agent.batch())[1]
    with context.read() as conn:
        scored = {one.idx: one.scored for one in read_batches(conn, 0, 100)}
    assert scored[3] is True
    assert scored[quarantined["idx"]] is False
    assert scored[released["idx"]] is True


def test_a_next_batch_whose_prev_does_not_fit_is_a_fork(server, agent, context):
    server.send(agent.batch())
    code, ack = server.send(agent.batch(prev="ee" * 32))
    assert (code, ack["status"]) == (409, "fork")
    with context.read() as conn:
        (proof,) = evidence.of_kinds(conn, [EntryKind.FORK])
    assert json.loads(entry.parse(proof.data).header)["ours"] is None


def test_a_machine_restored_from_a_snapshot_is_shown_its_own_newest_header_and_resumes(server, agent):
    snapshot = replace(agent)
    newest = [agent.batch(), agent.batch(), agent.batch()]
    server.send(*newest)
    snapshot.boot = "boot-2"
    code, ack = server.send(snapshot.batch())
    assert (code, ack["status"]) == (409, "behind")
    shown = b64decode(ack["header"])
    assert shown == frames.decode(newest[2]).header
    signature = frames.Signature(1, agent.signer.key_id, b64decode(ack["signature"]))
    assert frames.verify_header(shown, [signature], agent.signer.public)
    snapshot.moved(frames.decode(newest[2]))
    resumed = snapshot.bare(Kind.RESUME, resume=Resume(0, 2, "snapshot"))
    assert server.send(resumed, snapshot.batch())[1][1]["status"] == "ok"


def test_an_old_batch_from_another_machine_is_a_fork_not_a_restore(server, agent):
    clone = replace(agent, boot="boot-2", machine="33" * 32)
    server.send(agent.batch(), agent.batch())
    assert server.send(clone.batch())[1]["status"] == "fork"


def test_lost_batches_are_said_in_the_chain(server, agent, context):
    server.send(agent.batch())
    lost = agent.bare(Kind.LOSS, loss=Loss(1, 1, "bad_root"))
    assert server.send(lost)[1]["status"] == "ok"
    assert server.send(agent.batch())[1]["status"] == "ok"
    with context.read() as conn:
        assert [one.header.kind for one in read_batches(conn, 0, 50)] == ["results", "loss", "results"]
        assert packs.body(conn, 4) is None


def test_a_new_key_signs_from_the_batch_after_its_rotation_even_in_one_request(server, agent):
    fresh = Signer(b"n" * 32)
    rotation = agent.bare(Kind.ROTATE, agent.signer, fresh, rotate=Rotate(fresh.public.hex()))
    old = replace(agent)
    agent.signer = fresh
    acks = server.send(rotation, agent.batch())[1]
    assert [ack["status"] for ack in acks] == ["ok", "ok"]
    old.seq, old.prev = agent.seq, agent.prev
    assert server.send(old.batch())[1]["status"] == "unknown_key"
    assert server.send(agent.batch())[1]["status"] == "ok"


def test_a_rotation_that_the_new_key_has_not_signed_is_refused(server, agent):
    fresh = Signer(b"n" * 32)
    code, ack = server.send(agent.bare(Kind.ROTATE, rotate=Rotate(fresh.public.hex())))
    assert (code, ack["status"]) == (400, "bad_signature")


def spoil(piece, **changes):
    return frames.encode(replace(frames.decode(piece), **changes))


def test_damaged_batches_are_refused_with_their_word_and_nothing_is_logged(server, agent, context):
    begin = replace(agent)
    good = agent.batch()
    frame = frames.decode(good)
    other = [frames.decode(replace(begin).batch(count=1)).signatures[0]]
    cases = {
        "bad_signature": spoil(good, signatures=tuple(other)),
        "bad_root": spoil(good, seed=b"y" * 16),
        "bad_encoding": spoil(good, body=frame.body[:-3]),
        "bad_frame": good[:-1],
        "bad_header": spoil(good, header=frame.header.replace(b'"v":1', b'"v":2')),
        "bad_json": spoil(good, header=frame.header[:-1] + b',"v":1}'),
    }
    for word, bytes_ in cases.items():
        code, ack = server.send(bytes_)
        assert (code, ack["status"]) == (400, word)
        assert ack.get("detail") or word == "bad_signature"
    assert kinds(context).count(EntryKind.BATCH) == 0
    assert server.send(good)[1]["status"] == "ok"


@pytest.mark.parametrize(
    "line",
    [
        b'{"check":"a","check":"b"}',
        b'{"check": "a"}',
        b"not json",
        b'{"check":"service.tcp","version":1.0}',
        b"[1]",
    ],
)
def test_a_malformed_line_refuses_the_batch_as_bad_json(server, agent, line):
    frame = agent.frame(agent.header([line]), [line])
    code, ack = server.send(frames.encode(frame))
    assert (code, ack["status"]) == (400, "bad_json")
    assert "line 0" in ack["detail"]


def test_a_body_that_is_not_of_the_promised_size_is_bad_size(server, agent):
    lines = [b'{"a":1}']
    frame = agent.frame(agent.header(lines, bytes=4000), lines)
    code, ack = server.send(frames.encode(frame))
    assert (code, ack["status"]) == (400, "bad_size")


def test_one_bad_frame_among_several_leaves_the_ones_before_it_good(server, agent):
    first = agent.batch()
    bad = spoil(agent.batch(), seed=b"y" * 16)
    acks = server.send(first, bad, agent.batch())[1]
    assert [ack["status"] for ack in acks] == ["ok", "bad_root", "gap"]
    assert acks[2]["want"] == 1


@pytest.mark.parametrize("offset_us", [None, -7_200_000_000])
def test_a_clock_that_is_off_is_flagged_and_never_refused(server, agent, offset_us):
    agent.wall = 1_000_000_000_000
    ack = server.send(agent.batch(clock=Clock(agent.wall, 5000, agent.boot, offset_us, None)))[1]
    assert (ack["status"], ack["flags"]) == ("ok", ["clock"])


def test_a_batch_that_waited_in_the_spool_is_old_and_not_flagged(server, agent):
    agent.wall = 1_000_000_000_000
    ack = server.send(agent.batch())[1]
    assert ack["status"] == "ok"
    assert "flags" not in ack


def test_a_head_that_this_log_never_published_is_logged_with_an_alarm(server, agent, context):
    code, ack = server.send(agent.batch(seen=SeenNote(99, "ab" * 32)))
    assert (code, ack["status"]) == (200, "ok")
    with context.read() as conn:
        (alarm,) = alarms.every(conn)
    assert (alarm.kind, alarm.agent) == ("seen", "web-01")
    assert json.loads(server.request("GET", "/readyz")[2])["checkpoints"] != "ok"


def test_nothing_is_signed_after_such_a_head_until_the_agent_is_revoked_or_somebody_says_so(
    server, agent, context
):
    server.send(agent.batch(seen=SeenNote(99, "ab" * 32)))
    publisher = Publisher(context)
    published = publisher.current
    server.send(agent.batch(seen=SeenNote(99, "ab" * 32)))
    for _ in range(3):
        assert publisher.publish() == published
        assert "web-01 saw a head of size 99" in publisher.frozen
    publisher.accept_restore()
    assert publisher.frozen == ""
    # The same word again is no news: the one who accepted knew of it.
    server.send(agent.batch(seen=SeenNote(99, "ab" * 32)))
    assert Publisher(context).frozen == ""
    server.send(agent.batch(seen=SeenNote(98, "cd" * 32)))
    assert "of size 98" in Publisher(context).frozen
    lifecycle.revoke(context, agent.name, reason="it lies", by="ops")
    assert Publisher(context).frozen == ""


def test_a_log_that_has_grown_to_the_very_head_that_was_seen_signs_again(server, agent, context):
    idx = server.send(agent.batch())[1]["idx"]
    head = Checkpoint(context.origin, idx + 1, root_of(context, idx + 1))
    note = sha256(sign_checkpoint(head, context.signer)).hexdigest()
    for wanted, frozen in (("00" * 32, True), (note, False)):
        (context.directory / "claimed").write_text(json.dumps([["web-01", 1, idx + 1, wanted]]))
        assert bool(Publisher(context).frozen) == frozen
    assert not (context.directory / "claimed").exists()


def test_what_several_agents_have_seen_stops_the_signing_until_each_is_settled(server, agent, context, enrol):
    other = enrol(context, "web-02")
    server.send(agent.batch(seen=SeenNote(99, "ab" * 32)))
    server.send(other.batch(seen=SeenNote(77, "ef" * 32)))
    lifecycle.revoke(context, agent.name, reason="it lies", by="ops")
    assert "web-02 saw a head of size 77" in Publisher(context).frozen
    lifecycle.revoke(context, other.name, reason="it lies", by="ops")
    assert Publisher(context).frozen == ""


@pytest.mark.parametrize("text", ["", "{", "[[1]]", '{"a": 1}', "7"])
def test_a_list_of_what_was_seen_that_cannot_be_read_stops_the_signing(text, context):
    (context.directory / "claimed").write_text(text)
    publisher = Publisher(context)
    assert "claimed cannot be read" in publisher.frozen
    publisher.accept_restore()
    assert publisher.frozen == ""


def root_of(context, size):
    with context.read() as conn:
        return tree.range_root(tile_nodes(lambda tile: read_tile(conn, tile), size), 0, size)


def test_an_empty_request_and_a_get_are_answered_in_words(server):
    assert server.send()[1]["status"] == "bad_frame"
    assert server.request("GET", "/v1/batches")[0] == 400


def test_a_request_beyond_16_mib_is_too_large(server):
    size = 16 * 1024 * 1024 + 1
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as sock:
        sock.sendall(b"POST /v1/batches HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size)
        with suppress(OSError):  # it may hang up before the end
            sock.sendall(bytes(size))
        assert sock.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_logged_batch_is_proven_by_the_published_files(server, agent, context, eventually):
    ack = server.send(agent.batch())[1]

    def published():
        code, _, note = server.request("GET", "/log/checkpoint")
        head = open_checkpoint(note, context.vkey)[0] if code == 200 else None
        return head if head and head.size > ack["idx"] else None

    head = eventually(published)

    def read(tile):
        code, _, data = server.request("GET", f"/log/{tile.path}")
        assert code == 200
        return data

    (entry_bytes, *_) = parse_bundle(read(tile_at(-1, 0, head.size)))[ack["idx"] :]
    proof = tree.inclusion_proof(tile_nodes(read, head.size), ack["idx"], head.size)
    assert tree.verify_inclusion(ack["idx"], head.size, tree.leaf_hash(entry_bytes), proof, head.root)
    stored = entry.parse(entry_bytes)
    assert stored.received_ms == ack["received"]
    assert headers.parse(stored.header).agent == "web-01"
    for path in ("/log/tile/0/001", "/log/tile/0/000.p/9", "/log/tile/x", "/log/tile/entries/000.p/300"):
        assert server.request("GET", path)[0] == 404


def test_heads_named_in_seen_are_recognised(server, agent, context, eventually):
    from hashlib import sha256

    eventually(lambda: server.request("GET", "/log/checkpoint")[0] == 200)
    note = server.request("GET", "/log/checkpoint")[2]
    head = open_checkpoint(note, context.vkey)[0]
    server.send(agent.batch(seen=SeenNote(head.size, sha256(note).hexdigest())))
    with context.read() as conn:
        assert alarms.every(conn) == []
    assert json.loads(server.request("GET", "/readyz")[2])["status"] == "ok"
