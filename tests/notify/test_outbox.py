"""What is told once, again, later or never: bursts, dead channels, restarts, rebuilds, escalation."""

import json
import os
import socket
import subprocess
import sys
import time

from click.testing import CliRunner

from checks.recurrence import zone
from collector.cli import main
from collector.crash_points import ENVIRONMENT
from collector.jobs import derive, messages, statements
from collector.notify.due import Subject, Told, wanted
from collector.notify.rules import Rule
from collector.store import accounts
from collector.web.app import create_app

CHINA = zone("Asia/Shanghai")
HOUR = 3_600_000


def refused(told):
    """A recipient where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return f"json://127.0.0.1:{probe.getsockname()[1]}/"


def states(told):
    return [(one.item.partition("@")[0], one.stage, one.state, one.code) for one in told.outbox()][::-1]


def test_a_burst_is_one_message_to_each_and_a_dead_channel_holds_nobody_up(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}", f"{{when: fault, to: '{refused(told)}'}}")
    told.probe(4, down=range(4))
    told.world.at -= 4 * 60_000
    told.probe(4, down=range(4), system="q")
    assert told.turn() == ["accepted", "refused"]
    (_, _, body) = hook.got[0]
    assert [item["kind"] for item in body["items"]] == ["fault", "fault"]
    assert "2" in body["title"] and "门户网站" in body["message"] and "邮件" in body["message"]
    waiting = [one for one in told.outbox() if one.state == "waiting"]
    assert {(one.tries, one.code) for one in waiting} == {(1, "refused")}
    assert told.turn() == []  # not before its time
    told.world.at += 31_000
    assert told.turn() == ["refused"]
    told.world.at += 25 * HOUR
    assert told.turn()[-1] == "refused"
    given_up = [one for one in told.logged() if not one.accepted]
    assert [(one.tries, len(one.items)) for one in given_up] == [(3, 2)]
    assert told.faults()[0].announced_by == told.logged()[0].entry


def test_nothing_is_told_again_after_a_rebuild_and_nothing_of_the_past_at_a_first_start(told, hook):
    told.apply()
    told.probe(4, down=range(4))
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    assert told.turn() == [] and told.outbox() == []  # it began before anybody asked
    told.probe(10)
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    before = told.logged(), told.outbox()
    derive.rebuild(told.context)
    assert (told.logged(), told.outbox()) == before
    told.world.reopen()
    told.context = told.site.context = told.world.context
    assert told.turn() == [] and len(hook.got) == 1


def test_what_was_over_before_it_could_be_told_is_told_once_and_late(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(60, down=range(4))
    assert told.turn() == ["accepted"]
    told.probe(10)
    assert told.turn() == []
    assert [item.stage for one in told.logged() for item in one.items] == ["past"]
    fault = told.faults()[0]
    assert fault.moments.announced_ms == told.logged()[0].received_ms
    assert {"announced_late", "clock_from_detected"} <= set(fault.flags)


def test_a_withdrawn_recipient_gets_nothing_more_and_nothing_is_claimed(told):
    told.apply(f"{{when: fault, to: '{refused(told)}'}}")
    told.probe(4, down=range(4))
    assert told.turn() == ["refused"]
    told.world.at += HOUR
    told.apply()
    assert told.turn() == [] and told.logged() == ()
    assert states(told)[0][2:] == ("failed", "withdrawn")


def test_it_goes_up_until_somebody_has_acknowledged(told, hook):
    told.apply(
        f"{{when: fault, to: '{hook.url}', remind: 8m}}", f"{{when: fault, to: '{hook.url}2', after: 5m}}"
    )
    told.probe(4, down=range(4))
    assert told.turn() == ["accepted"]
    told.probe(8, down=range(8))
    assert told.turn() == ["accepted", "accepted"]
    fault = told.faults()[0].id
    taken_up = {"fault": fault, "at": "2026-07-01T08:11+08:00"}
    statements.add(told.context, "fault_acknowledged", taken_up, by="cli")
    told.probe(30, down=range(30))
    assert told.turn() == []
    assert [one[:3] for one in states(told)] == [
        ("portal", "begun", "accepted"),
        ("portal", "reminder-1", "accepted"),
        ("portal", "begun", "accepted"),
    ]


def test_who_wants_what_of_which_level_and_when(told):
    def due(rule, subject, now=10 * HOUR, said=(), since=0):
        return [
            (one.stage, one.not_before_ms) for one in wanted([(rule, since)], [subject], said, now, CHINA)
        ]

    fault = Subject("fault", "s@1970-01-01T09:00:00Z", 9 * HOUR, system="s", unit="u", level=3)
    assert due(Rule("fault", "x"), fault) == [("begun", 10 * HOUR)]
    assert due(Rule("finding", "x"), fault) == due(Rule("fault", "x", systems=("t",)), fault) == []
    assert due(Rule("fault", "x", levels=(1, 2)), fault) == due(Rule("fault", "x", units=("v",)), fault) == []
    assert due(Rule("fault", "x"), fault, since=9 * HOUR + 1) == []
    # 10:00 UTC is 18:00 in China: quiet until eight in the morning.
    assert due(Rule("fault", "x", quiet=("17:30", "08:00")), fault) == [("begun", 24 * HOUR)]
    assert due(Rule("fault", "x", quiet=("08:00", "17:30")), fault) == [("begun", 10 * HOUR)]
    moved = Told("x", "fault", "s@1970-01-01T09:01:00Z", "begun", 9 * HOUR + 120_000)
    assert due(Rule("fault", "x"), fault, said=(moved,)) == []


CHILD = """\
import sys
from pathlib import Path
from collector.context import open_context
from collector.jobs import messages
with open_context(Path(sys.argv[1]), lambda: int(sys.argv[2])) as context:
    messages.prepare(context)
    for due in messages.outgoing(context, context.now()):
        print(messages.deliver(context, due))
"""


def test_a_process_that_is_killed_anywhere_tells_it_again_and_logs_it_once(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}'}}")
    told.probe(4, down=range(4))
    argv = [sys.executable, "-c", CHILD, str(told.context.directory), str(told.world.at)]
    for point in ("message-before", "message-sent", "message-logged", ""):
        killed = subprocess.run(
            argv, env={**os.environ, ENVIRONMENT: f"{point}:1" if point else "0"}, capture_output=True
        )
        assert (killed.returncode == 0) is (point == ""), killed.stderr
    assert len(hook.got) == 2  # once before the crash that forgot it, once more
    told.world.reopen()
    told.context = told.site.context = told.world.context
    assert [one.accepted for one in told.logged()] == [True]
    assert told.turn() == []


def test_the_servers_thread_tells_while_a_dead_channel_waits(told, hook):
    """A receiver that takes connections and never answers, beside one that does."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        dead = f"json://127.0.0.1:{silent.getsockname()[1]}/"
        told.apply(f"{{when: fault, to: '{dead}'}}", f"{{when: fault, to: '{hook.url}'}}")
        told.probe(4, down=range(4))
        job = messages.Messages(told.context, tick_s=0.05, deadline_s=5.0)
        job.start()
        try:
            end = time.monotonic() + 60
            while not told.logged() or not any(one.code for one in told.outbox()):
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            job.stop()
    assert len(hook.got) == 1
    assert {one.code for one in told.outbox()} == {"", "timeout"}


def test_the_command_line_shows_and_tries_the_recipients(told, hook, tmp_path):
    told.apply(f"{{when: fault, to: '{hook.url}', id: duty}}", "{when: finding, to: {secret: desk}}")
    place = str(told.context.directory)
    run = CliRunner().invoke
    tried = run(main, ["notify", "test", place, "--to", "duty"])
    assert tried.exit_code == 0 and "accepted" in tried.output and hook.url not in tried.output
    assert "测试" in hook.got[0][2]["title"] and told.logged() == ()
    shown = run(main, ["notify", place])
    assert shown.exit_code == 1 and "secret:desk" in shown.output and "secrets.yaml" in shown.output
    assert run(main, ["notify", "test", place]).exit_code == 1
    assert run(main, ["notify", "test", place, "--to", "nobody"]).exit_code == 2
    told.probe(4, down=range(4))
    told.turn()
    found = json.loads(run(main, ["notify", place, "--json"]).output)
    assert [one["state"] for one in found["lines"]] == ["accepted"]
    assert found["recipients"][0]["taken"] == 1
    file = tmp_path / "estate.yaml"
    file.write_text(told.text.replace(hook.url, "pigeon://roof"), encoding="utf-8")
    checked = run(main, ["estate", "check", str(file)])
    assert (
        checked.exit_code == 1 and ":16: notify[duty].to: " in checked.output and "pigeon" in checked.output
    )


def test_pages_show_who_is_told_and_whose_channel_fails(told, hook):
    told.apply(f"{{when: fault, to: '{hook.url}', id: duty}}", "{when: finding, to: 'custom:sms'}")
    told.probe(4, down=range(4))
    told.turn()
    password = "Cold-harbour-42"
    with told.context.write() as conn:
        accounts.create(conn, "gast", password, "viewer", must_change=False)
    client = create_app(told.context).test_client()
    token = client.get("/login").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"csrf_token": token, "name": "gast", "password": password}
    assert client.post("/login", data=form).status_code == 302
    agents, today = client.get("/agents").text, client.get("/today").text
    assert "duty" in agents and "custom:sms" in agents and "notify.yaml" in agents
    assert "custom:sms" in today and "duty" not in today
    assert hook.url not in agents + today
