"""One contract for SQLite and PostgreSQL: intake, leases, the sequencer under its fence."""

import threading
from datetime import timedelta

import pytest

from checks.wire import frame as frames
from checks.wire.numbers import EntryKind
from collector.context import open_context
from collector.evidence.answers import Status
from collector.evidence.examine import examine
from collector.evidence.intake import AgentKey, Fenced
from collector.jobs.checkpoints import Publisher
from collector.jobs.draining import Drain
from collector.jobs.fsck import Fsck
from collector.jobs.placing import BatchWork
from collector.jobs.sequencer import LEASE, Sequencer, load_standing
from collector.metrics import Metrics
from collector.store import evidence
from collector.store.intake import SqlIntake
from collector.store.leases import SqlLeases, ensure
from collector.web.batches import Batches
from collector.web.plans import Plans

TTL = timedelta(seconds=10)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self, at=1_800_000_000_000):
        self.at = at

    def __call__(self):
        return self.at


@pytest.fixture
def opened(any_directory):
    with open_context(any_directory) as context:
        yield context


@pytest.fixture
def intake(opened):
    return SqlIntake(opened.database, opened.now)


def decoded(agent, count=1):
    return [frames.decode(agent.batch(count=1)) for _ in range(count)]


def size(context):
    with context.read() as conn:
        return evidence.size(conn)


# Intake


def test_a_frame_kept_twice_is_known_and_another_with_its_seq_is_a_fork(opened, intake, enrol):
    agent = enrol(opened, "web-01")
    one = frames.decode(agent.batch())
    agent.seq = 0
    other = frames.decode(agent.batch(count=7))
    assert [ack.status for ack in intake.append([one, one, other])] == ["accepted", "known", "fork"]
    assert [ack.status for ack in intake.append([one])] == ["known"]


def test_what_was_accepted_is_there_after_reopening_in_seq_order_within_an_agent(any_directory, enrol):
    with open_context(any_directory) as context:
        one, two = enrol(context, "b"), enrol(context, "a")
        mine, others = decoded(one, 12), decoded(two, 3)
        shuffled = [mine[i] for i in (10, 2, 11, 0, 1, 3, 9, 4, 8, 5, 7, 6)]
        SqlIntake(context.database, context.now).append([*shuffled, *others])
    with open_context(any_directory) as context:
        intake = SqlIntake(context.database, context.now)
        assert intake.pending(context.origin, 100) == others + mine
        assert intake.pending(context.origin, 4) == others + mine[:1]
        assert intake.pending("other", 4) == []


def test_settling_forgets_up_to_a_seq_and_no_further(opened, intake, enrol):
    agent = enrol(opened, "web-01")
    kept = decoded(agent, 4)
    intake.append(kept)
    intake.settle(opened.origin, {AgentKey("web-01", 1): 1, AgentKey("nobody", 1): 9})
    assert intake.pending(opened.origin, 10) == kept[2:]


def test_two_writers_at_once_keep_each_frame_once(opened, intake, enrol):
    agent = enrol(opened, "web-01")
    kept = decoded(agent, 20)
    answers = []

    def append():
        answers.append([ack.status for ack in intake.append(kept)])

    threads = [threading.Thread(target=append) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seq in range(20):
        assert sorted(answer[seq] for answer in answers) == ["accepted", "known", "known", "known"]


# Leases


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def leases(opened, clock):
    return SqlLeases(opened.database, clock)


def test_a_lease_has_one_holder_until_it_runs_out_and_every_holder_another_epoch(leases, clock):
    first = leases.claim("job", "a", TTL)
    assert leases.claim("job", "b", TTL) is None
    assert leases.claim("job", "a", TTL) == first
    clock.at += 10_001
    second = leases.claim("job", "b", TTL)
    assert second == first + 1
    assert leases.claim("job", "a", TTL) is None


def test_a_guard_raises_inside_the_work_of_whoever_lost_the_lease(opened, leases, clock):
    old = leases.claim("job", "a", TTL)
    clock.at += 10_001
    new = leases.claim("job", "b", TTL)
    with pytest.raises(Fenced), opened.write() as conn:
        leases.guard(conn, "job", old)
    with opened.write() as conn:
        leases.guard(conn, "job", new)
    with pytest.raises(Fenced), opened.write() as conn:
        leases.guard(conn, "never claimed", 1)


def test_a_released_lease_is_free_at_once(leases):
    first = leases.claim("job", "a", TTL)
    leases.release("job", first)
    assert leases.claim("job", "b", TTL) == first + 1


def test_many_claim_at_once_and_one_gets_it(opened, leases):
    with opened.write() as conn:
        ensure(conn, "job")
    got = []
    threads = [
        threading.Thread(target=lambda i=i: got.append(leases.claim("job", f"o{i}", TTL))) for i in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([epoch for epoch in got if epoch is not None]) == 1


# The sequencer


class Entry:
    """A work that places one entry, or fails after it."""

    def __init__(self, context, fail=False):
        self.context, self.fail, self.idx = context, fail, None

    def place(self, draft, sequencer):
        made = self.context.own_entry(EntryKind.COLLECTOR, {"event": "test"})
        from checks.wire import entry as wire

        data = wire.encode(wire.Entry(made.kind, draft.received, made.header, made.signatures))
        self.idx = draft.add(made.kind, data)
        if self.fail:
            raise RuntimeError("after the fact")


def test_a_sequencer_that_was_fenced_off_writes_nothing(opened, leases, clock):
    old = Sequencer(opened.database, leases, clock, leases.claim(LEASE, "a", TTL))
    old.commit([Entry(opened)])
    before = size(opened)
    clock.at += 10_001
    new = Sequencer(opened.database, leases, clock, leases.claim(LEASE, "b", TTL))
    with pytest.raises(Fenced):
        old.commit([Entry(opened), Entry(opened)])
    assert size(opened) == before
    work = Entry(opened)
    new.commit([work])
    assert work.idx == before
    with pytest.raises(Fenced):
        old.commit([Entry(opened)])
    assert Fsck(opened).run().problems == []


def test_two_sequencers_that_take_turns_never_give_a_position_twice(opened, leases, clock):
    ones = [Sequencer(opened.database, leases, clock), Sequencer(opened.database, leases, clock)]
    failures = []

    def write(one):
        try:
            for _ in range(20):
                one.commit([Entry(opened)])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(one,)) for one in ones]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert size(opened) == 41
    assert Fsck(opened, full=True).run().problems == []


def test_a_commit_that_fails_leaves_nothing_and_no_position_is_skipped(opened, leases, clock):
    one = Sequencer(opened.database, leases, clock)
    with pytest.raises(RuntimeError):
        one.commit([Entry(opened), Entry(opened, fail=True)])
    assert size(opened) == 1
    work = Entry(opened)
    one.commit([work])
    assert work.idx == 1


# The whole way


def test_batches_heads_triggers_and_fsck_on_either_database(opened, enrol):
    publisher = Publisher(opened)
    intake = Batches(opened, publisher, Metrics(), Plans(opened))
    agent = enrol(opened, "web-01")
    for _ in range(12):
        acks = intake.take(b"".join(agent.batch(count=2) for _ in range(25)))
        assert {ack.status for ack in acks} == {Status.OK}
    twin = agent.batch(count=1, prev="ab" * 32)
    assert intake.take(twin)[0].status == Status.FORK
    assert publisher.publish().size == size(opened)
    report = Fsck(opened, full=True).run()
    assert report.problems == [] and report.batches == 300
    for statement in (
        "UPDATE entry SET received = 0 WHERE idx = 3",
        "DELETE FROM entry WHERE idx = 3",
        "DELETE FROM body WHERE idx = 10",
        "UPDATE tile SET n = 5",
        "DELETE FROM checkpoint",
    ):
        with pytest.raises(Exception, match="append-only"), opened.write() as conn:
            conn.exec_driver_sql(statement)


def test_packing_on_either_database(opened, enrol):
    from collector.jobs.packing import pack_group

    intake = Batches(opened, Publisher(opened), Metrics(), Plans(opened))
    agent = enrol(opened, "web-01")
    for _ in range(11):
        intake.take(b"".join(agent.batch(count=2) for _ in range(25)))
    before, after = pack_group(opened, 0)
    assert after < before
    assert Fsck(opened, full=True).run().problems == []
    assert intake.take(agent.batch())[0].status == Status.OK


def test_a_writer_told_that_others_come_answers_those_who_came_whoever_else_does(any_directory, enrol):
    with open_context(any_directory) as context:
        agents = [enrol(context, f"web-{n:02d}") for n in range(4)]
        context.writer.start()
        found = []

        def standing(agent, epoch):
            with context.read() as conn:
                return load_standing(conn, agent, epoch)

        def send(agent):
            for _ in range(3):
                batch = examine(agent.batch(count=2), context.origin, standing)
                work = BatchWork(batch, context.origin, context.signer)
                context.writer.place([work], more=True)
                found.append(work.ack.status)

        threads = [threading.Thread(target=send, args=(agent,)) for agent in agents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [Status.OK] * 12
        context.writer.stop()
        assert Fsck(context, full=True).run().problems == []


def test_a_collector_that_stands_by_accepts_and_the_holder_gives_the_places(any_directory, enrol):
    with open_context(any_directory) as holder, open_context(any_directory) as other:
        object.__setattr__(other.settings, "id", "another")
        other.writer._owner = "another"
        holder.writer.start()
        other.writer.start()
        assert (holder.writer.held, other.writer.held) == (True, False)
        agent = enrol(holder, "web-01")
        standby = Batches(other, Publisher(other), Metrics(), Plans(other))
        sent = [agent.batch() for _ in range(3)]
        assert [a.status for a in standby.take(b"".join(sent))] == ["accepted"] * 3
        assert standby.take(sent[0])[0].status == Status.KNOWN
        drain = Drain(holder)
        assert drain.drain() == 3
        assert drain.drain() == 0
        known = standby.take(sent[1])[0]
        assert (known.status, known.idx) == (Status.KNOWN, 4)
        assert Fsck(holder, full=True).run().problems == []
        holder.writer.stop()
        assert other.writer._claim()
        assert standby.take(agent.batch())[0].status == Status.OK
