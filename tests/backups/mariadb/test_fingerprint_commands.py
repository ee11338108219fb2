"""`roundseal-agent fingerprint … --product mariadb`, as the job that dumps calls it."""

import json
import shlex
import threading

import pytest
import yaml

from agent.cli import main


@pytest.fixture
def place(tmp_path):
    tmp_path.chmod(0o700)
    return tmp_path


@pytest.fixture
def command(maria, capsys):
    """Exit code and JSON of a fingerprint command about the real server."""

    def call(verb, *words, to=("--user", "root", "--database", "shop"), rest=()):
        at = ("--product", "mariadb", "--host", str(maria.place / "s"), "--json")
        code = main(["fingerprint", verb, *at, *to, *words, *rest])
        said = capsys.readouterr()
        return code, json.loads(said.out or said.err)

    return call


def dumping(maria, path, *words):
    """The job's own command."""
    given = [
        "mariadb-dump",
        "--no-defaults",
        f"--socket={maria.place / 's'}",
        "-uroot",
        "--single-transaction",
    ]
    return ("--", "sh", "-c", f"umask 077; {shlex.join([*given, *words, 'shop'])} > {shlex.quote(str(path))}")


def verified(path, capsys):
    code = main(["backup", "verify", str(path), "--kind", "mariadb", "--json", "--param", "zone_min=0"])
    return code, json.loads(capsys.readouterr().out)["verdict"]


@pytest.mark.parametrize("lock", [(), ("--lock",)])
def test_a_dump_between_two_fingerprints_is_proven_and_a_changed_row_found(
    maria, place, command, capsys, lock
):
    path = place / "shop.sql"
    code, said = command("sandwich", "--artefact", str(path), *lock, rest=dumping(maria, path, "--hex-blob"))
    assert (code, said["status"], said["tables"]) == (0, "written", 5) and not said["bounded"]
    assert said["mode"] == ("exact" if lock else "sandwich")
    assert verified(path, capsys) == (0, "good")
    path.write_bytes(path.read_bytes().replace(b"(1,'a')", b"(1,'A')", 1))
    assert verified(path, capsys) == (1, "bad")


def test_before_and_after_somebody_elses_job_what_moved_is_bounded(maria, place, command, capsys):
    path = place / "shop.sql"
    assert command("take", "--before", str(place / "first"))[0] == 0
    maria.dump(path, noted=False)
    maria.sql("INSERT INTO shop.nokey VALUES (77, 'moved')")
    code, said = command("sandwich", "--artefact", str(path), "--before", str(place / "first"))
    assert code == 0 and said["bounded"] == ["shop.nokey"] and said["exact"] == 4
    assert verified(path, capsys) == (0, "good")
    maria.sql("DELETE FROM shop.nokey WHERE a = 77")


def test_two_halves_of_different_databases_are_no_sandwich(maria, place, command):
    """Together they would be a fingerprint of no table, beside which every dump is equal."""
    path = maria.dump(place / "shop.sql", noted=False)
    assert (
        command("take", "--before", str(place / "first"), to=("--user", "root", "--database", "loose"))[0]
        == 0
    )
    code, said = command("sandwich", "--artefact", str(path), "--before", str(place / "first"))
    assert (code, said["status"]) == (2, "wrong_source") and "loose" in said["detail"]
    held = json.loads((place / "first").read_text())
    held["fingerprint"] |= {"kind": "postgresql", "database": "shop"}
    (place / "first").write_text(json.dumps(held))
    code, said = command("sandwich", "--artefact", str(path), "--before", str(place / "first"))
    assert (code, said["status"]) == (2, "wrong_source")
    assert not (place / "shop.sql.fingerprint.json").exists()


def test_the_password_comes_from_the_secrets_and_a_wrong_one_is_denied(maria, place, command):
    maria.sql(
        "CREATE USER IF NOT EXISTS taker@localhost IDENTIFIED BY 'se''cret \"7\\\\';"
        "GRANT SELECT, SHOW VIEW, TRIGGER ON shop.* TO taker@localhost"
    )
    held = {
        "right": {"user": "taker", "password": "se'cret \"7\\"},
        "wrong": {"user": "taker", "password": "no"},
    }
    (place / "secrets.yaml").write_text(yaml.safe_dump(held))
    (place / "secrets.yaml").chmod(0o600)
    to = ("--database", "shop", "--state", str(place))
    code, said = command("take", "--secret", "right", to=to)
    assert (code, said["tables"]) == (0, 5)
    code, said = command("take", "--secret", "wrong", to=to)
    assert code == 2 and said["status"] == "denied"


def test_what_it_cannot_do_is_refused_by_name(command, place, maria):
    for words, status in (
        (("--strong",), "bad_param"),
        (("--service", "x"), "bad_param"),
        (("--option", "-p x"), "bad_param"),
        (("--option=--password=x",), "bad_param"),
    ):
        code, said = command("take", *words)
        assert (code, said["status"]) == (2, status), words
    code, said = command("wrap", "--out", str(place / "x.sql"))
    assert (code, said["status"]) == (2, "unsupported") and "sandwich" in said["detail"]
    code, said = command("sandwich", "--artefact", str(place / "none.sql"), rest=("--", "false"))
    assert (code, said["status"]) == (2, "dump_failed")
    assert main(["fingerprint", "take", "--database", "x", "--option=--a"]) == 2


def test_it_is_paced_and_ends_when_its_time_is_over(command, place):
    pause = place / "pause"
    pause.touch()
    code, said = command("take", "--pause-file", str(pause), "--longest", "1")
    assert (code, said["status"]) == (2, "timeout")


def test_a_pause_longer_than_the_server_waits_for_a_client_does_not_end_it(command, place, maria):
    maria.sql(
        "CREATE DATABASE slow; USE slow; CREATE TABLE slow.t (a int, b text) ENGINE=InnoDB;"
        "INSERT INTO slow.t SELECT seq, REPEAT(MD5(seq), 400) FROM seq_1_to_4000;"
        "SET GLOBAL net_write_timeout=1"
    )
    pause = place / "pause"
    pause.touch()
    release = threading.Timer(5.0, pause.unlink)
    release.start()
    try:
        code, said = command(
            "take", "--pause-file", str(pause), to=("--database", "slow", "--out", str(place / "w"))
        )
        assert (code, said["tables"]) == (0, 1), said
        assert not pause.exists(), "it did not wait"
    finally:
        maria.sql("SET GLOBAL net_write_timeout=60; DROP DATABASE slow")
