"""What fails beside a message: a look for what is due, the log, a channel that is dead for a day."""

import json

from click.testing import CliRunner
from sqlalchemy import insert, select, text

from checks.recurrence import zone
from collector.availability.estate_terms import EstateTerms
from collector.cli import main
from collector.jobs import message_status, messages
from collector.jobs.message_subjects import SubjectsAsked, subjects
from collector.notify.due import Subject, wanted
from collector.notify.rules import Rule
from collector.notify.sending import send
from collector.store import messages as store
from collector.store import rounds

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


def test_a_kind_that_cannot_be_looked_for_silences_no_other_and_is_shown(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}', id: a}}", f"{{when: missed, to: '{hook.url}2', id: b}}")
    told.probe(4, down=range(4))
    with told.context.write() as conn:
        conn.execute(text("ALTER TABLE round_record RENAME COLUMN closed TO gone"))
    assert told.turn() == ["accepted"] and [one.kind for one in told.outbox()] == ["fault"]
    shown = CliRunner().invoke(main, ["notify", str(told.context.directory)])
    assert shown.exit_code == 1 and "cannot be looked for: missed" in shown.output
    found = json.loads(CliRunner().invoke(main, ["notify", str(told.context.directory), "--json"]).output)
    assert [(one["good"], one["state"]) for one in found["recipients"]] == [(True, "good"), (False, "bad")]
    with told.context.write() as conn:
        conn.execute(text("ALTER TABLE round_record RENAME COLUMN gone TO closed"))
    messages.prepare(told.context)
    shown = CliRunner().invoke(main, ["notify", str(told.context.directory)])
    assert shown.exit_code == 0 and "nothing sent yet: not known" in shown.output


def test_where_nothing_was_sent_nothing_is_called_good(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    said = json.loads(CliRunner().invoke(main, ["notify", str(told.context.directory), "--json"]).output)
    assert [(one["good"], one["state"]) for one in said["recipients"]] == [(None, "nothing_sent")]
    told.probe(4, down=range(4))
    told.turn()
    said = json.loads(CliRunner().invoke(main, ["notify", str(told.context.directory), "--json"]).output)
    assert [(one["good"], one["state"]) for one in said["recipients"]] == [(True, "good")]


DAY = 24 * HOUR


def test_the_outbox_is_pruned_of_what_can_never_be_told_again_and_of_nothing_else(told):
    now, old, new = 200 * DAY, 100 * DAY, 150 * DAY

    def line(kind, item, stage, made, state="accepted"):
        with told.context.write() as conn:
            assert store.put(conn, ("custom:x", kind, item, stage, made, made, "{}"))
            conn.execute(text("UPDATE outgoing SET state = :s WHERE item = :i"), {"s": state, "i": item})

    line("fault", "over@1", "begun", old)
    line("fault", "over@1", "over", old + 1)
    line("clock", "over@1/response", "begun", old)
    line("missed", "weekly/1", "begun", old)
    line("finding", "closed", "begun", old)
    line("finding", "closed", "over", old + 1)
    line("finding", "stands", "begun", old)
    line("finding", "back", "begun", old)
    line("finding", "back", "over", old + 1)
    line("finding", "back", "again", old + 2)
    line("finding", "back", "reminder-1", old + 3)
    line("silent", "gone@1", "begun", old)
    line("silent", "gone@1", "over", old + 1)
    line("silent", "gone@1", "again", old + 2)
    line("silent", "gone@1", "reminder-1", old + 3)
    line("silent", "gone@1", "over-2", old + 4)
    line("backup", "late", "begun", old)
    line("backup", "late", "over-2", new)
    line("fault", "waits@1", "begun", old, "waiting")
    line("fault", "young@1", "begun", new)
    assert messages.prune(told.context, now) == 11
    left = {(one.item, one.stage) for one in told.outbox()}
    assert left == {
        *{("stands", "begun"), ("late", "begun"), ("late", "over-2")},
        *{("back", stage) for stage in ("begun", "over", "again", "reminder-1")},
        *{("waits@1", "begun"), ("young@1", "begun")},
    }
    assert messages.prune(told.context, now) == 0


def test_what_was_over_and_stands_again_is_not_told_anew_after_the_pruning(told):
    rules = [(Rule("finding", "custom:x"), 0)]
    stands = [Subject("finding", "back", 1)]
    for n, stage in enumerate(("begun", "over", "again")):
        with told.context.write() as conn:
            assert store.put(conn, ("custom:x", "finding", "back", stage, n + 1, n + 1, "{}"))
            conn.execute(text("UPDATE outgoing SET state = 'accepted'"))
    assert messages.prune(told.context, 200 * DAY) == 0
    with told.context.read() as conn:
        assert list(wanted(rules, stands, store.told(conn), 200 * DAY, zone("Asia/Shanghai"))) == []


def test_the_servers_thread_prunes(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    told.probe(6)
    assert told.turn() == ["accepted"] and len(told.outbox()) == 2
    job = messages.Messages(told.context)
    turn(job)
    assert len(told.outbox()) == 2
    told.world.at += 91 * DAY
    turn(job)
    assert told.outbox() == [] and len(hook.got) == 2 and len(told.logged()) == 2


def test_missed_rounds_are_looked_up_among_those_closed_lately_alone(told):
    with told.context.write() as conn:
        for n in range(50):
            row = [f"weekly/{n}", "weekly", n, n + 1, n + 1, n, "", n * DAY, 3, 2, 0, 1, 0, 0]
            conn.execute(insert(rounds.record_table).values(row))
        found = rounds.closed_after(conn, 43 * DAY)
        asked = select(rounds.record_table).where(rounds.record_table.c.closed > 43 * DAY)
        compiled = asked.compile(conn, compile_kwargs={"literal_binds": True})
        plan = str(conn.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all())
    assert [row.window for row in found] == [f"weekly/{n}" for n in range(44, 50)]
    assert "round_record_closed" in plan
    terms = EstateTerms(1, "", "", "Asia/Shanghai", "", ())
    with told.context.read() as conn:
        made = subjects(conn, SubjectsAsked(50 * DAY, terms), {"missed"})
    assert [one.id for one in made] == [f"weekly/{n}" for n in range(44, 50)]


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
