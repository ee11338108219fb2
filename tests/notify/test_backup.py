"""The backup brings what messages need; what was left out is said then, and after a restore."""

import json
import subprocess
import sys
import tarfile

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.jobs.backup import backup, missing
from collector.jobs.message_status import why
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
    place.mkdir(mode=0o700)
    with tarfile.open(file) as tar:
        tar.extractall(place, filter="data")
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
