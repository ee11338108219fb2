"""The backup brings what messages need; what was left out is said then, and after a restore."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.context import open_context
from collector.jobs import messages
from collector.jobs.backup import backup, missing
from collector.jobs.checkpoints import Publisher
from collector.jobs.message_status import RESTORED, why
from collector.notify.means import Means

TOKEN = "Cold-harbour-42"


@pytest.fixture
def site(told, hook):
    place = told.context.directory
    (place / "secrets.yaml").write_text(json.dumps({"desk": hook.url, "token": TOKEN}), encoding="utf-8")
    (place / "secrets.yaml").chmod(0o600)
    (place / "notify.yaml").write_text("commands: {sms: [/bin/true]}\n", encoding="utf-8")
    told.apply("{when: fault, to: {secret: desk}}", "{when: finding, to: 'custom:sms'}")
    return told


def restored(file, place):
    """As `backup --help` says; Debian 12's Python unpacks no tar with a filter."""
    place.mkdir(mode=0o700)
    subprocess.run(["tar", "-xpf", file, "-C", place], check=True)
    return place


def test_what_messages_need_is_in_the_backup_for_its_owner_alone(site, tmp_path):
    file = tmp_path / "b.tar"
    ran = CliRunner().invoke(main, ["backup", str(site.context.directory), str(file)])
    assert ran.exit_code == 0 and "left out" not in ran.output
    assert file.stat().st_mode & 0o077 == 0
    new = restored(file, tmp_path / "new")
    assert (new / "secrets.yaml").stat().st_mode & 0o777 == 0o600
    assert why(Means(new), "secret:desk") == why(Means(new), "custom:sms") == ""
    assert missing(new) == []


def served(place):
    """What a server says until it says of the recipient."""
    argv = ["serve", str(place), "--listen", "127.0.0.1:0", "--provers", "0"]
    code = "import sys; from collector.cli import main; main(sys.argv[1:])"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([sys.executable, "-c", code, *argv], **pipes) as process:
        said = ""
        for line in process.stdout:
            said += line
            if "(secret:desk)" in line:
                break
        process.terminate()
    return said


def test_secrets_that_were_left_out_are_named_at_the_backup_and_after_the_restore(site, tmp_path):
    file = tmp_path / "b.tar"
    argv = ["backup", str(site.context.directory), str(file), "--no-secrets"]
    ran = CliRunner().invoke(main, argv)
    assert ran.exit_code == 0 and "left out: secrets.yaml" in ran.output
    assert TOKEN.encode() not in file.read_bytes()
    new = restored(file, tmp_path / "new")
    assert missing(new) == ["secrets.yaml"]
    said = served(new)
    assert "secrets.yaml was left out of the backup" in said and "notify 1 (secret:desk)" in said
    (new / "secrets.yaml").write_text("{desk: 'json://127.0.0.1:9/'}", encoding="utf-8")
    assert missing(new) == []


def test_nothing_is_left_out_where_nothing_is_there(told, tmp_path):
    told.apply()
    size, left = backup(told.context, tmp_path / "b.tar", secrets=False)
    assert size > 0 and left == []


@pytest.mark.parametrize("text", [None, "", "[]", '{"left_out": 5}', '{"left_out": ["../../etc/passwd", 7]}'])
def test_a_mark_of_a_restore_that_cannot_be_read_names_nothing(tmp_path, text):
    if text is not None:
        (tmp_path / "restored").write_text(text, encoding="utf-8")
    assert missing(tmp_path) == []


def waiting_copy(site, tmp_path):
    """A backup with a message in its outbox that the living collector has sent since; restored elsewhere."""
    site.probe(4, down=range(4))
    assert messages.prepare(site.context) == 1
    backup(site.context, tmp_path / "b.tar")
    assert site.turn() == ["accepted"]
    return restored(tmp_path / "b.tar", tmp_path / "new")


def turn(job):
    job._turn()
    for thread in list(job._busy.values()):
        thread.join()


def test_a_copy_beside_the_living_collector_tells_nobody_and_says_why(site, hook, tmp_path):
    new = waiting_copy(site, tmp_path)
    run = CliRunner().invoke
    with open_context(new, lambda: site.world.at) as context:
        context.writer.start()
        job = messages.Messages(context)
        Publisher(context)
        site.world.at += 3_600_000  # every agent would be silent, and told to be
        turn(job)
        turn(job)
        assert len(hook.got) == 1
        shown = run(main, ["notify", str(new)])
        assert shown.exit_code == 1 and shown.output.count(RESTORED) == 2
        said = json.loads(run(main, ["notify", str(new), "--json"]).output)
        assert {(one["state"], one["held"]) for one in said["recipients"]} == {("bad", RESTORED)}
        Publisher(context).accept_restore()
        turn(job)
        assert len(hook.got) == 2  # what waited when the backup was made: at least once
        assert RESTORED not in run(main, ["notify", str(new)]).output


def test_a_copy_that_every_agent_reports_to_tells_again(site, hook, tmp_path):
    new = waiting_copy(site, tmp_path)
    with open_context(new, lambda: site.world.at) as context:
        context.writer.start()
        publisher, job = Publisher(context), messages.Messages(context)
        turn(job)
        assert len(hook.got) == 1
        publisher.saw(("web-01", 1), None, site.world.at)
        publisher.publish()
        turn(job)
        assert len(hook.got) == 2
