"""Every answer of the collector, and what the agent's chain looks like after it (evidence 5.4)."""

import itertools
import json
import os
import threading
import time

import pytest

from agent.clock import Clock, Offsets
from agent.memory import MOST_AT_HAND, LookMemory, Recent
from agent.outbox import Finished, Outbox
from agent.room import make
from agent.seal import Moment, Sealer
from agent.sender import Parts, Sender
from agent.settings import Spool
from agent.state import State
from agent.transport import Transport, parse_url
from checks.wire import frame, header
from checks.wire.chain import chain_hash


class Bench:
    """One agent's outbox and sender, turned by hand."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.identity = state.identity()
        self.outbox = Outbox(state.path("outbox.db"))
        self.signer = state.signer()
        self.sealer = Sealer(self.outbox, self.identity, self.signer)
        self.clock = Clock()
        self.line = Transport(parse_url(self.identity.url, bool(self.identity.tls_pin)), None, 5.0)
        self.plans = []
        self.sender = Sender(
            Parts(
                state,
                self.identity,
                self.signer,
                self.outbox,
                self.sealer,
                self.line,
                self.clock,
                Offsets(),
                self.moment,
                self.plans.append,
            )
        )
        self.number = 0

    def moment(self):
        return Moment(self.clock.sample(), "boot", None, "")

    def batch(self, lines=1):
        """One more signed batch; its lines are numbered."""
        made = []
        for _ in range(lines):
            self.number += 1
            made.append(
                Finished(json.dumps({"n": self.number}).encode(), 1000 + self.number, 1001 + self.number)
            )
        self.outbox.record(made)
        self.sealer.flush(self.moment())

    def turn(self):
        self.sender.contact.not_before = 0
        self.sender._proof_at = 0
        self.sender.turn()

    def states(self):
        return [
            (batch.seq, batch.state) for batch in self.outbox.batches("unsent", "sent", "accepted", "proven")
        ]

    def chain_is_whole(self):
        """Each header names the hash of the one before, from the newest back to the oldest kept."""
        kept = list(self.outbox.batches("unsent", "sent", "accepted", "proven"))
        for before, after in itertools.pairwise(kept):
            if after.seq == before.seq + 1:
                assert header.parse(after.header).prev == chain_hash(before.header).hex()
        head = self.outbox.get("head")
        assert head == {"seq": kept[-1].seq, "hash": chain_hash(kept[-1].header).hex()}


@pytest.fixture
def bench(state):
    made = Bench(state)
    yield made
    made.line.close()
    made.outbox.close()


def numbers(collector):
    return [line["n"] for line in collector.results()]


def test_an_answer_that_got_lost_makes_a_repeat_that_counts_once(bench, collector):
    collector.faults.append("lose_answer")
    collector.faults.append("lose_answer")  # the kept connection is tried once more
    bench.batch()
    bench.turn()
    assert bench.states() == [(0, "sent")]
    bench.turn()
    assert bench.states() == [(0, "proven")]
    assert numbers(collector) == [1]


def test_a_refused_batch_goes_into_quarantine_and_the_chain_says_that_it_is_missing(bench, collector):
    for _ in range(4):
        bench.batch()
    collector.faults.append(
        (
            200,
            [
                {"status": "ok", "idx": 0, "received": 1},
                {"status": "bad_root"},
                {"status": "gap", "want": 1},
                {"status": "gap", "want": 1},
            ],
        )
    )
    before = [batch.header for batch in bench.outbox.batches("unsent")]
    collector.take(frame.encode(bench.outbox.batch(0).frame))
    bench.turn()
    (kept,) = bench.state.path("quarantine").iterdir()
    assert frame.decode(kept.read_bytes()).header == before[1]
    heads = collector.headers()
    assert [(h.seq, str(h.kind)) for h in heads] == [
        (0, "results"),
        (1, "loss"),
        (2, "results"),
        (3, "results"),
    ]
    assert heads[1].prev == header.parse(before[1]).prev
    assert (heads[1].loss.a, heads[1].loss.b, heads[1].loss.reason) == (1, 1, "bad_root")
    assert (heads[1].from_ms, heads[1].to_ms) == (1002, 1003)
    assert numbers(collector) == [1, 3, 4]
    bench.chain_is_whole()


def test_a_refused_loss_is_not_replaced_by_another_one_for_ever(bench, collector):
    bench.batch()
    for _ in range(50):
        collector.faults.append((400, {"status": "bad_json"}))
    bench.turn()
    assert len(collector.faults) == 48
    assert bench.sender.contact.word == "bad_json"
    collector.faults.clear()
    bench.turn()
    assert [str(h.kind) for h in collector.headers()] == ["loss"]


def test_a_fork_stops_sending_and_says_so_but_results_are_kept(bench, collector):
    bench.batch()
    collector.faults.append((409, {"status": "fork", "head": {"seq": 7, "hash": "00" * 32}}))
    bench.turn()
    assert bench.outbox.get("halt")["why"] == "fork"
    sent = collector.requests
    bench.batch()
    bench.turn()
    assert collector.requests == sent
    assert [state for _, state in bench.states()] == ["sent", "unsent"]


def test_a_gap_is_filled_from_the_spool(bench, collector):
    for _ in range(3):
        bench.batch()
    bench.turn()
    assert numbers(collector) == [1, 2, 3]
    # The collector is restored from an older copy: it knows the first batch only.
    del collector.batches[1:], collector.leaves[1:]
    first = bench.outbox.batch(0)
    collector.places = {k: v for k, v in collector.places.items() if v[0] == 0}
    collector.head = (0, chain_hash(first.header).hex(), first.header, first.signature)
    bench.outbox.put(seen=None)
    bench.batch()
    bench.turn()
    assert numbers(collector) == [1, 2, 3, 4]
    bench.turn()
    assert {state for _, state in bench.states()} == {"proven"}


def test_a_gap_that_the_spool_cannot_fill_stops_for_a_person(bench, collector):
    bench.batch()
    bench.turn()
    bench.outbox.drop_old(1 << 60, 0)
    bench.batch()
    collector.faults.append((409, {"status": "gap", "want": 0}))
    bench.turn()
    assert bench.outbox.get("halt")["why"] == "gap"


def test_a_restored_snapshot_goes_on_behind_the_log_and_signs_again_what_it_had_not_sent(bench, collector):
    bench.batch()
    bench.turn()
    copy = {name: bench.state.path(name).read_bytes() for name in ("outbox.db", "outbox.db-wal")}
    for _ in range(3):
        bench.batch()
    bench.turn()
    bench.outbox.close()
    for name, data in copy.items():
        bench.state.path(name).write_bytes(data)
    bench.state.path("outbox.db-shm").unlink(missing_ok=True)
    restored = Bench(bench.state)
    restored.number = 100
    for _ in range(6):
        restored.batch()
    collector.answers_behind = True
    restored.turn()
    kinds = [(h.seq, str(h.kind)) for h in collector.headers()]
    assert kinds[4] == (4, "resume") and [seq for seq, _ in kinds] == list(range(11))
    resume = collector.headers()[4].resume
    assert (resume.had, resume.after) == (6, 3)
    assert numbers(collector) == [1, 2, 3, 4, 101, 102, 103, 104, 105, 106]
    restored.chain_is_whole()
    restored.line.close()
    restored.outbox.close()


def test_behind_with_a_header_that_we_never_signed_is_not_followed(bench, collector):
    bench.batch()
    bench.turn()
    newest = bench.outbox.batch(0)
    from base64 import b64encode

    bench.batch()
    other = newest.header.replace(b'"seq":0', b'"seq":5')
    collector.faults.append(
        (
            409,
            {
                "status": "behind",
                "header": b64encode(other).decode(),
                "signature": b64encode(newest.signature).decode(),
            },
        )
    )
    bench.turn()
    assert bench.sender.contact.word == "bad_answer"
    assert bench.outbox.get("head")["seq"] == 1


@pytest.mark.parametrize(
    ("fault", "word", "at_least", "at_most"),
    [
        ((403, {"status": "pending", "retry_after": 7}), "pending", 7, 8),
        ((403, {"status": "revoked"}), "revoked", 200, 400),
        ((401, {"status": "unknown_key"}), "unknown_key", 200, 400),
        ((409, {"status": "old_epoch"}), "old_epoch", 200, 400),
        ((421, {"status": "wrong_log"}), "wrong_log", 200, 400),
        ((503, {"status": "disk_full"}), "disk_full", 0.4, 1.1),
        ((429, {"status": "overload", "retry_after": 10**9}), "overload", 3600, 4000),
        ((500, b"<html>"), "http_500", 0.4, 1.1),
        ((200, b"[]"), "http_200", 0.4, 1.1),
        ((200, {"status": "surprise"}), "surprise", 0.4, 1.1),
    ],
)
def test_a_refusal_for_now_keeps_the_batch_and_waits(bench, collector, fault, word, at_least, at_most):
    bench.batch()
    bench.turn()  # plan and the like are settled
    bench.batch()
    collector.faults.append(fault)
    bench.turn()
    waits = bench.sender.contact.not_before - time.clock_gettime(time.CLOCK_BOOTTIME)
    assert at_least - 0.3 <= waits <= at_most
    assert bench.sender.contact.word == word
    assert bench.states()[-1] == (1, "sent")
    bench.turn()
    assert bench.states()[-1] == (1, "proven")


def test_an_unreachable_collector_is_tried_less_and_less_often_up_to_a_minute(bench, collector):
    bench.batch()
    collector.stop()
    waits = []
    for _ in range(12):
        bench.turn()
        waits.append(bench.sender.contact.not_before - time.clock_gettime(time.CLOCK_BOOTTIME))
    assert bench.sender.contact.word == "unreachable"
    assert waits[0] <= 1 and 29 <= waits[-1] <= 60
    assert bench.states() == [(0, "unsent")]  # never connected: nobody can have it


def test_one_bad_frame_in_a_request_answered_as_a_whole_is_found_one_by_one(bench, collector):
    for _ in range(3):
        bench.batch()
    collector.faults.append((400, {"status": "bad_frame"}))
    bench.turn()
    bench.turn()
    assert numbers(collector) == [1, 2, 3]


def test_a_log_that_takes_a_batch_and_never_logs_it_gets_it_again(bench, collector):
    collector.frozen_size = 0
    bench.batch()
    bench.turn()
    assert bench.states() == [(0, "accepted")]
    requests = collector.requests
    bench.outbox.resend_unproven(1 << 60)
    bench.turn()
    assert collector.requests == requests + 1
    assert bench.states() == [(0, "accepted")]
    collector.frozen_size = None
    bench.turn()
    assert bench.states() == [(0, "proven")]


def test_a_log_that_was_rewritten_or_rolled_back_raises_an_alarm_and_stays_unseen(bench, collector):
    for _ in range(3):
        bench.batch()
    bench.turn()
    seen = bench.outbox.get("seen")
    assert seen["size"] == 3
    collector.frozen_size = 2
    bench.turn()
    assert bench.outbox.get("log_alarm")["why"] == "rolled_back"
    collector.frozen_size = None
    collector.lies = [bytes([n]) * 32 for n in range(5)]
    bench.turn()
    assert bench.outbox.get("log_alarm")["why"] == "rewritten"
    assert bench.outbox.get("seen") == seen
    bench.batch()
    assert header.parse(bench.outbox.batch(3).header).seen.size == 3


def test_a_checkpoint_signed_by_another_key_is_not_believed(bench, collector):
    from checks.wire.signing import Signer

    bench.batch()
    collector.signer = Signer(bytes(32))
    bench.turn()
    assert bench.sender.contact.word == "bad_checkpoint"
    assert bench.outbox.get("seen") is None
    assert bench.states() == [(0, "accepted")]


def test_a_plan_without_the_logs_signature_or_older_than_the_one_in_force_is_refused(bench, collector):
    good = collector.serve_plan()
    bench.sender._plan_at = 0
    bench.turn()
    assert [held.digest for held in bench.plans] == [good]
    for change in ("signature", "older", "other agent"):
        collector.serve_plan(flush_ms=2000)
        if change == "signature":
            collector.plan_signature = bytes(64)
        elif change == "older":
            collector.serve_plan(made_ms=0)
        else:
            collector.serve_plan(agent="db-01")
        bench.sender._plan_at = 0
        bench.turn()
        assert bench.sender.contact.word == "bad_plan"
        assert bench.outbox.get("plan_digest") == good
    assert len(bench.plans) == 1


def test_a_spool_over_its_cap_drops_the_oldest_unsent_and_signs_for_it(bench, collector):
    collector.stop()
    for _ in range(40):
        bench.outbox.record([Finished(b'{"x":"%s"}' % os.urandom(40_000).hex().encode(), 5, 6)])
        bench.sealer.flush(bench.moment())
    size = bench.outbox.size()
    cap = Spool(days=7, max_mb=1)
    assert size > 1_200_000
    make(bench.outbox, bench.sealer, cap, bench.moment())
    assert bench.outbox.size() <= 1024 * 1024
    first, *rest = bench.outbox.batches("unsent")
    head = header.parse(first.header)
    assert (head.seq, str(head.kind), head.loss.reason) == (0, "loss", "spool_full")
    assert [batch.seq for batch in rest] == list(range(1, len(rest) + 1))
    assert len(rest) < 39
    bench.chain_is_whole()
    collector.start()
    bench.line._url = parse_url(collector.url, False)
    while bench.outbox.counts().get("unsent"):
        bench.turn()
    assert len(collector.headers()) == len(rest) + 1


def test_proven_batches_go_after_their_days_and_before_anything_unsent(bench, collector):
    bench.batch()
    bench.turn()
    now = time.time_ns() // 1_000_000
    make(bench.outbox, bench.sealer, Spool(), bench.moment())
    assert bench.states() == [(0, "proven")]
    assert bench.outbox.drop_old(now + 1000, now) == 1
    bench.batch()
    bench.turn()
    assert [h.seq for h in collector.headers()] == [0, 1]


def test_an_abandoned_look_forgets_and_a_recorded_one_is_remembered_after_a_restart(bench):
    recent = Recent(bench.outbox)
    gone = LookMemory(recent, "a")
    assert gone.swap("cursor", 1) is None
    look = LookMemory(recent, "a")
    assert look.swap("cursor", {"at": 2}) is None
    assert look.swap("cursor", {"at": 3}) == {"at": 2}
    recent.ended(look.values)
    assert LookMemory(recent, "a").swap("cursor", 4) == {"at": 3}
    bench.outbox.record([Finished(b"{}", 1, 2, "k", 5, 0, look.values)])
    recent.stored(look.values)
    assert LookMemory(Recent(bench.outbox), "a").swap("cursor", 4) == {"at": 3}
    assert bench.outbox.done() == {"k": 5}


def test_values_kept_at_hand_are_those_of_the_outbox_and_few(bench):
    recent = Recent(bench.outbox)
    for number in range(MOST_AT_HAND + 9):
        for value in (number, {"at": number}):
            look = LookMemory(recent, f"item {number}")
            look.swap("cursor", value)
            recent.ended(look.values)
            bench.outbox.record([Finished(b"{}", 1, 2, "k", 5, 0, look.values)])
            recent.stored(look.values)
    assert len(recent._at_hand) == MOST_AT_HAND and not recent._fresh
    for number in range(MOST_AT_HAND + 9):
        assert recent.get(f"item {number}/cursor") == {"at": number}
        assert bench.outbox.remembered(f"item {number}/cursor") == {"at": number}


def test_writers_in_several_threads_keep_one_chain(bench, collector):
    def write():
        for _ in range(10):
            bench.batch()

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        bench.turn()
    bench.turn()
    bench.chain_is_whole()
    assert [h.seq for h in collector.headers()] == list(range(len(collector.headers())))
    assert len(numbers(collector)) == 30
