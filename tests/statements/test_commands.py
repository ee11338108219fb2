"""The commands: keys made offline, statements signed elsewhere, sessions, second persons; refusals."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from collector.cli import main
from collector.context import open_context
from collector.jobs import statements

DAY_OF = "2026-11-01"


@pytest.fixture(scope="module")
def run():
    """A command; its result."""

    def of(*words: str | Path, into: Path | None = None, code: int = 0):
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == code, result.output + result.stderr
        if into is not None:
            into.write_text(result.stdout)
        return result

    return of


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, run) -> Path:
    """A data directory with three accounts."""
    directory = tmp_path_factory.mktemp("people") / "collector"
    run("init", directory, "--origin", "cli.example/log")
    for name, role in (("jia", "buyer"), ("wang", "manager"), ("zhao", "operator")):
        run("account", "add", directory, name, "--role", role)
    return directory


@pytest.fixture
def place(tmp_path: Path, made: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "collector"))


def enrolled(run, place: Path, tmp_path: Path, name: str, role: str, by: str, *vouchers: str) -> Path:
    key = tmp_path / f"{name}.key"
    run("key", "make", key)
    request = tmp_path / f"{name}.request"
    own = ("--account", name, "--role", role, "--log", "cli.example/log")
    run("key", "request", key, *own, into=request)
    for voucher in vouchers:
        run("key", "vouch", request, "--key", tmp_path / f"{voucher}.key", into=request)
    run("account", "key", "add", place, request, "--by", by)
    return key


def test_a_key_is_made_asked_for_vouched_for_and_signs(run, place, tmp_path):
    jia = enrolled(run, place, tmp_path, "jia", "buyer", "admin")
    enrolled(run, place, tmp_path, "wang", "manager", "jia", "jia")
    listed = json.loads(run("account", "key", "list", place, "--json").stdout)
    assert [(one["account"], one["vouch"], one["vouchers"]) for one in listed] == [
        ("jia", "first", ""),
        ("wang", "person", "jia"),
    ]
    told = run("account", "key", "list", place).stdout
    assert "first: nobody; enrolled in the name of admin, without a login" in told and "session" not in told
    assert run("key", "show", jia).stdout.split()[-1] == listed[0]["code"]
    signed = tmp_path / "signed.json"
    said = ("reprimand", "--field", f"day={DAY_OF}", "--field", "text=两次未到场")
    own = ("--key", jia, "--by", "jia", "--log", "cli.example/log")
    run("statement", "sign", *said, *own, into=signed)
    assert run("statement", "add", place, "--signed", signed).stdout.startswith("reprimand logged as entry")
    stands = json.loads(run("statement", "list", place, "--json").stdout)
    assert [(one["kind"], one["by"], one["role"], one["through"]) for one in stands] == [
        ("reprimand", "jia", "buyer", "key")
    ]
    again = run("statement", "add", place, "--signed", signed, code=2)
    assert "(twice)" in again.stderr
    run("account", "key", "revoke", place, "jia", "--reason", "lost")
    run("statement", "sign", *said[:-1], "text=other", *own, into=signed)
    assert "(bad_signature)" in run("statement", "add", place, "--signed", signed, code=2).stderr


def test_a_key_with_a_passphrase_opens_with_it_only(run, tmp_path):
    key, words, other = tmp_path / "k", tmp_path / "words", tmp_path / "other"
    words.write_text("correct horse\n")
    other.write_text("wrong horse\n")
    made = run("key", "make", key, "--passphrase-file", words)
    assert run("key", "show", key, "--passphrase-file", words).stdout == made.stdout
    assert "wrong passphrase" in run("key", "show", key, "--passphrase-file", other, code=2).stderr
    assert key.stat().st_mode & 0o777 == 0o600
    assert "ENCRYPTED" in key.read_text()
    run("key", "make", key, code=2)  # what is there is never written over
    assert run("key", "show", key, "--passphrase-file", words).stdout == made.stdout
    key.chmod(0o644)
    assert "chmod 600" in run("key", "show", key, "--passphrase-file", words, code=2).stderr


def test_a_statement_with_the_key_at_hand_is_signed_and_logged_at_once(run, place, tmp_path):
    jia = enrolled(run, place, tmp_path, "jia", "buyer", "admin")
    words = ("statement", "add", place, "promise_unfulfilled", "--field", "promise=p1")
    run(*words, "--field", f"day={DAY_OF}", "--by", "jia", "--key", jia)
    assert "(buyer, signed)" in run("statement", "list", place).stdout


def test_a_second_person_makes_it_stand(run, place):
    words = ("statement", "add", place, "restore_approved", "--field", "object=x", "--field", "what=演练")
    assert "(unknown_object)" in run(*words, "--by", "jia", code=2).stderr
    done = run("statement", "add", place, "finding_closed", *_closing(), "--by", "jia", "--json")
    entry = json.loads(done.stdout)["entry"]
    assert run("statement", "list", place).stdout == ""
    assert "(same_person)" in run("statement", "second", place, entry, "--by", "jia", code=2).stderr
    run("statement", "second", place, entry, "--by", "wang")
    assert json.loads(run("statement", "list", place, "--json").stdout)[0]["seconds"]


def _closing() -> tuple[str, ...]:
    return ("--field", "finding=H0123456789", "--field", "reason=设备已下线")


_REPRIMAND = ("--field", "day=2026-11-01", "--field", "text=x")


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("level", "--field", "fault"), "K=V"),
        (("level", "--field", "fault=a", "--field", "fault=b"), "each field once"),
        (("level", "--by", "nobody"), "no such account"),
        (("level", "--by", "jia"), "--field fault: is missing; level wants it: fault (missing_field)"),
        (("in_service", "--by", "jia"), "--field in_service: is missing; in_service wants it: in service"),
        (("reprimand", "--field", "day=yesterday", "--field", "text=x", "--by", "jia"), "day: "),
        (("reprimand", "--field", "day=2026-11-01", "--field", "text=x", "--by", "zhao"), "(no_right)"),
        (("reprimand", "--key", "nowhere", "--by", "jia", *_REPRIMAND), "nowhere"),
        (("reprimand", "--field", "day=2026-11-01", "--field", "text=x"), "--by: reprimand is said by"),
        (("visit", "--field", "=x", "--by", "zhao"), "K=V is wanted"),
        (("level", "--field", "level=1", "--field", "level=2", "--by", "wang"), "level is given twice"),
        (("wat", "--by", "jia"), "`statement kinds` lists them (unknown_kind)"),
        (("--signed", "nowhere"), "nowhere"),
        ((), "one of the two"),
    ],
)
def test_bad_input_ends_with_two_and_a_clear_word(run, made, words, wanted):
    assert wanted in run("statement", "add", made, *words, code=2).stderr


def test_the_kinds_are_listed_with_their_fields(run):
    rows = json.loads(run("statement", "kinds", "--json").stdout)
    assert {"level", "visit", "waiver", "maintenance_approved"} <= {row["kind"] for row in rows}
    assert "visit\t上门回访\tunit at [text]" in run("statement", "kinds").stdout


def test_of_several_about_one_thing_the_list_says_which_counts(run, place):
    said = ("statement", "add", place, "satisfaction", "--field", "period=2026-10", "--by", "jia", "--json")
    first = json.loads(run(*said, "--field", "points=28").stdout)["entry"]
    second = json.loads(run(*said, "--field", "points=20").stdout)["entry"]
    rows = {
        row["entry"]: row["counts"] for row in json.loads(run("statement", "list", place, "--json").stdout)
    }
    assert rows == {first: False, second: True}
    lines = run("statement", "list", place).stdout.splitlines()
    assert f"entry {second} counts" in lines[0]
    assert "of several about this the one that counts" in lines[1] and "newer" not in lines[1]


def test_times_are_listed_in_the_contracts_zone(run, place):
    run("statement", "add", place, "absence", "--by", "jia", "--field", "at=2026-11-01T08:30")
    assert "at=2026-11-01T08:30:00+08:00" in run("statement", "list", place).stdout


def test_a_log_is_named_without_its_key(run, tmp_path):
    key = tmp_path / "k"
    run("key", "make", key)
    words = ("--by", "jia", "--log", "cli.example/log+4ad5e656+AdeW", "--field", "day=2026-11-01")
    refused = run("statement", "sign", "reprimand", *words, "--key", key, code=2).stderr
    assert "it ends before the first +: cli.example/log" in " ".join(refused.split())
    asked = ("--account", "jia", "--role", "buyer", "--log", "cli.example/log+4ad5e656+AdeW")
    assert "first +" in run("key", "request", key, *asked, code=2).stderr


def test_what_the_command_line_says_in_somebodys_name_is_called_that_and_counts_below_a_login(run, place):
    """No password was asked for: whoever may run it can name any account."""
    said = ("reprimand", "--field", f"day={DAY_OF}", "--by", "jia")
    done = run("statement", "add", place, *said, "--field", "text=两次未到场", "--json")
    assert "(buyer, command line)" in run("statement", "list", place).stdout
    command = json.loads(done.stdout)["entry"]
    with open_context(place) as context:
        fields = {"day": DAY_OF, "text": "登录后录入"}
        session = statements.add(context, "reprimand", fields, by="jia")
    again = ("statement", "add", place, *said, "--field", "text=x", "--corrects")
    assert "after a login" in run(*again, session, code=2).stderr
    run(*again, command)
    stands = json.loads(run("statement", "list", place, "--json").stdout)
    assert [(one["through"], one["corrects"]) for one in stands] == [("session", None), ("command", command)]
