"""What fails beside a message: a look for what is due, the log, a channel that is dead for a day."""

from sqlalchemy import text

from collector.jobs import message_status, messages
from collector.notify.sending import send

HOUR = 3_600_000
BROKEN = "CREATE TRIGGER full BEFORE UPDATE OF state ON outgoing BEGIN SELECT RAISE(ABORT, 'disk full'); END"


def turn(job):
    """A turn of the server's thread, and the end of what it sent."""
    job._turn()
    for thread in list(job._busy.values()):
        thread.join()


def test_a_look_that_fails_holds_up_nothing_that_waits(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}", f"{{when: missed, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    assert messages.prepare(told.context) == 1
    with told.context.write() as conn:
        conn.execute(text("ALTER TABLE round_record RENAME TO gone"))
    turn(messages.Messages(told.context))
    assert [item["stage"] for _, _, body in hook.got for item in body["items"]] == ["begun"]


def test_what_cannot_be_kept_is_not_sent_again_every_second(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    with told.context.write() as conn:
        conn.execute(text(BROKEN))
    job = messages.Messages(told.context)
    for sent, wait in ((1, 29_000), (1, 2000), (2, 59_000), (2, 2000), (3, 0)):
        turn(job)
        assert len(hook.got) == sent
        told.world.at += wait
    with told.context.write() as conn:
        conn.execute(text("DROP TRIGGER full"))
    told.world.at += 121_000
    turn(job)
    assert len(hook.got) == 4 and [one.accepted for one in told.logged()] == [True]
    assert not job._unkept


def test_only_what_waited_for_a_day_is_given_up(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    hook.status = 503
    told.probe(4, down=range(4))
    assert told.turn() == ["http_503"]
    told.world.at += 24 * HOUR - 30 * 60_000
    told.probe(30, down=range(26, 30))
    assert told.turn() == ["http_503"]
    old, new = told.faults()
    (gone,) = told.logged()
    assert (gone.accepted, [item.id for item in gone.items]) == (False, [old.id])
    left = [(one.item, one.stage, one.tries) for one in told.outbox() if one.state == "waiting"]
    assert sorted(left) == [(old.id, "over", 1), (new.id, "begun", 1)]
    hook.status = 200
    told.world.at += 61_000
    due = messages.outgoing(told.context, told.world.at)
    assert [messages.deliver(told.context, one, send, 60.0) for one in due] == ["accepted"]
    assert sorted(item.id for item in told.logged()[-1].items) == [old.id, new.id]


def test_a_look_by_which_nothing_is_due_waits_for_no_writer(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    with told.context.write():
        assert messages.prepare(told.context) == 0


def test_how_messages_stand_is_counted_by_recipient(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}", "{when: fault, to: 'custom:sms'}")
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted", "no_settings"]
    with told.context.read() as conn:
        one, other = message_status.recipients(told.context, conn)
    assert (one.waiting, one.taken, one.failed, one.last_ms, one.code) == (0, 1, 0, told.world.at, "")
    assert (other.waiting, other.taken, other.last_ms, other.code) == (1, 0, None, "no_settings")
