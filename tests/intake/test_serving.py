"""The server as a whole: start, stop, restart, health, restore, TLS, what it refuses to do."""

import json
import socket
import ssl
import subprocess
import sys
from hashlib import sha256
from http.client import HTTPSConnection

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ports import free_port

from checks.wire import token
from checks.wire.header import SeenNote
from collector.cli import main
from collector.cli_server import make
from collector.context import ConfigError, load_settings, locked, open_context
from collector.jobs.fsck import Fsck
from collector.tls import spki_pin


def run(*arguments):
    return CliRunner().invoke(main, [str(one) for one in arguments])


def test_init_makes_a_private_directory_and_shows_the_password_once(tmp_path):
    place = tmp_path / "new"
    done = run("init", place, "--origin", "buyer.example/estate")
    assert done.exit_code == 0, done.output
    assert "one-time password" in done.output
    assert place.stat().st_mode & 0o777 == 0o700
    for name in ("keys/log.key", "keys/token.key", "tls/key.pem", "collector.yaml"):
        assert (place / name).stat().st_mode & 0o777 == 0o600
    assert (place / "policy").read_text().startswith("log buyer.example/estate+")
    assert run("init", place).exit_code == 2
    assert run("fsck", place, "--full").exit_code == 0


@pytest.mark.parametrize(
    "options",
    [("--listen", "nonsense"), ("--url", "ftp://x"), ("--url", "http://192.0.2.1:1"), ("--origin", "a b")],
)
def test_init_refuses_what_cannot_be_in_words(tmp_path, options):
    done = run("init", tmp_path / "new", *options)
    assert done.exit_code == 2
    assert done.output.startswith("roundseal-collector: ") and done.output.count("\n") == 1


def test_settings_with_an_unknown_key_name_the_file_and_the_key(directory):
    path = directory / "collector.yaml"
    path.write_text(path.read_text() + "colour: red\n")
    with pytest.raises(ConfigError, match=r"collector\.yaml: colour: unknown key"):
        load_settings(directory)


def test_a_key_that_others_can_read_is_refused(directory):
    (directory / "keys" / "log.key").chmod(0o644)
    with pytest.raises(ConfigError, match="others can read it"):
        open_context(directory)


def test_one_directory_has_one_server(directory, spawn):
    with locked(directory), pytest.raises(RuntimeError, match="exit 2"):
        spawn("--plain-http")


def test_plain_http_beyond_loopback_is_refused(directory):
    program = "from collector.cli import main; main()"
    command = [
        sys.executable,
        "-c",
        program,
        "serve",
        str(directory),
        "--plain-http",
        "--listen",
        "0.0.0.0:0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "only a loopback address" in done.stderr


def test_chains_go_on_after_a_restart(directory, spawn, enrol):
    with open_context(directory) as context:
        agent = enrol(context, "web-01")
    server = spawn()
    sent = [agent.batch(), agent.batch()]
    assert [ack["status"] for ack in server.send(*sent)[1]] == ["ok", "ok"]
    assert server.stop() == 0
    server = spawn()
    assert server.send(sent[1])[1]["status"] == "known"
    ahead = agent.batch()
    assert server.send(agent.batch())[1]["want"] == 2
    assert server.send(ahead)[1]["status"] == "ok"
    assert server.stop() == 0


def test_tls_shows_the_key_that_tokens_pin(tmp_path, spawn):
    place = tmp_path / "tls"
    port = free_port()
    make(place, "test.example/tls", f"127.0.0.1:{port}", f"https://127.0.0.1:{port}", None)
    with open_context(place) as context:
        from collector.jobs import lifecycle

        parsed = token.parse_token(lifecycle.create_token(context, "a", "a", by="test"))
        assert parsed.vkey_hash == context.vkey.digest
    server = spawn(at=place)
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port)) as raw, trust.wrap_socket(raw) as sock:
        shown = x509.load_der_x509_certificate(sock.getpeercert(binary_form=True))
    spki = shown.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert sha256(spki).digest() == parsed.spki_pin == spki_pin(place)
    connection = HTTPSConnection("127.0.0.1", port, context=trust)
    connection.request("GET", "/v1/log")
    assert json.loads(connection.getresponse().read())["origin"] == "test.example/tls"
    connection.close()
    assert server.stop() == 0


def test_health_tells_alive_from_ready_and_counts_each_answer(serve, context, enrol):
    server = serve()
    agent = enrol(context, "web-01")
    server.send(agent.batch(), agent.batch())
    server.send(b"junk")
    assert server.request("GET", "/healthz")[0] == 200
    code, _, body = server.request("GET", "/readyz")
    state = json.loads(body)
    assert (code, state["status"], state["database"]) == (200, "ok", "ok")
    assert state["entries"] == 5 and state["last_entry_age_ms"] < 60_000 and state["disk_free"] > 0
    code, _, text = server.request("GET", "/metrics")
    assert b'roundseal_batch_answers_total{status="ok"} 2.0' in text
    assert b'roundseal_batch_answers_total{status="bad_frame"} 1.0' in text
    assert b"roundseal_results_total 6.0" in text
    checked = _promtool(text)
    assert checked == "", checked


def _promtool(text):
    try:
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("NOT TESTED: promtool (Debian's prometheus) is not here")
    return (done.stdout + done.stderr).decode() if done.returncode else ""


def test_a_full_disk_is_503_with_retry_after_and_nothing_is_taken(serve, context, enrol, monkeypatch):
    from collector.web import batches

    server = serve()
    agent = enrol(context, "web-01")
    monkeypatch.setattr(batches, "MIN_FREE", 1 << 62)
    piece = agent.batch()
    code, headers, body = server.request("POST", "/v1/batches", piece)
    assert (code, json.loads(body)["status"]) == (503, "disk_full")
    assert int(headers["retry-after"]) > 0
    assert server.request("GET", "/readyz")[0] == 503


def test_a_database_that_cannot_be_written_is_503_and_the_batch_is_taken_later(serve, context, enrol):
    import sqlite3

    server = serve()
    agent = enrol(context, "web-01")
    piece = agent.batch()
    with context.write() as conn:
        conn.exec_driver_sql(
            "CREATE TRIGGER broken BEFORE INSERT ON entry BEGIN SELECT RAISE(FAIL, 'disk I/O error'); END"
        )
    code, ack = server.send(piece)
    assert (code, ack["status"]) == (503, "not_durable")
    with sqlite3.connect(context.directory / "collector.db") as raw:
        raw.execute("DROP TRIGGER broken")
    raw.close()
    assert server.send(piece)[1]["status"] == "ok"
    assert Fsck(context, full=True).run().problems == []


@pytest.fixture
def restored(directory, serve, enrol, context, tmp_path, eventually):
    """A backup restored elsewhere, and an agent that has gone on since with the first server."""
    agent = enrol(context, "web-01")
    server = serve()
    early = [agent.batch(), agent.batch()]
    server.send(*early)
    file = tmp_path / "backup.tar"
    assert run("backup", directory, file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    late = [agent.batch(), agent.batch()]
    last = server.send(*late)[1][1]["idx"]

    def published():
        code, _, note = server.request("GET", "/log/checkpoint")
        return note if code == 200 and int(note.split(b"\n")[1]) > last else None

    note = eventually(published)
    place = tmp_path / "restored"
    place.mkdir(mode=0o700)
    subprocess.run(["tar", "-xpf", file, "-C", place], check=True)
    for name in ("keys/log.key", "keys/token.key", "tls/key.pem"):
        (place / name).chmod(0o600)
    return place, agent, late, note


def test_a_restored_log_takes_evidence_and_signs_nothing_before_its_agents_were_heard(restored, serve):
    place, agent, late, _ = restored
    server = serve(at=place)
    state = json.loads(server.request("GET", "/readyz")[2])
    assert "not heard since: web-01" in state["checkpoints"]
    assert server.send(agent.batch())[1]["status"] == "gap"
    assert server.send(late[0])[1]["status"] == "ok"  # from the agent's ring


def test_an_agent_that_has_seen_more_than_the_restored_log_has_freezes_it(restored, serve, eventually):
    place, agent, late, note = restored
    size = int(note.split(b"\n")[1])
    server = serve(at=place)
    server.send(*late)
    ack = server.send(agent.batch(seen=SeenNote(size, sha256(note).hexdigest())))[1]
    assert ack["status"] == "ok"
    state = json.loads(server.request("GET", "/readyz")[2])
    assert "has not published" in state["checkpoints"] or "not heard" in state["checkpoints"]
    code, _, shown = server.request("GET", "/log/checkpoint")
    assert code == 404 or int(shown.split(b"\n")[1]) < size


def test_a_log_thatagents_have_not_seen_more_of_signs_again_once_all_were_heard(restored, serve, eventually):
    place, agent, late, _ = restored
    server = serve(at=place)
    for piece in late:
        server.send(piece)
    # What was signed before the restore says nothing of what was seen since.
    assert json.loads(server.request("GET", "/readyz")[2])["checkpoints"] != "ok"
    server.send(agent.batch())
    eventually(lambda: json.loads(server.request("GET", "/readyz")[2])["checkpoints"] == "ok")
    assert not (place / "restored").exists()


def test_a_log_that_was_rolled_back_by_hand_refuses_to_sign(directory, serve, enrol, context, eventually):
    import shutil

    agent = enrol(context, "web-01")
    context.close()
    shutil.copy(directory / "collector.db", directory / "old.db")
    server = serve()
    server.send(agent.batch(), agent.batch())
    eventually(lambda: server.request("GET", "/log/checkpoint")[2].split(b"\n")[1:2] == [b"5"])
    copy = shutil.copytree(
        directory, directory.parent / "rolled-back", ignore=shutil.ignore_patterns("*.db*")
    )
    shutil.copy(directory / "old.db", copy / "collector.db")
    state = json.loads(serve(at=copy).request("GET", "/readyz")[2])
    assert "rolled back" in state["checkpoints"]
    with open_context(copy) as other:
        assert {p.code for p in Fsck(other).run().problems} == {"published"}


def test_commands_beside_a_running_server_write_to_the_same_log(directory, spawn, tmp_path):
    server = spawn()
    made = run("token", "create", directory, "--asset", "web-01")
    assert made.exit_code == 0, made.output
    assert token.parse_token(made.output).spki_pin is None
    assert json.loads(run("agents", directory, "--json").output) == []
    assert run("agents", "approve", directory, "1234").exit_code == 2
    assert run("agents", "revoke", directory, "nobody", "--reason", "x").exit_code == 2
    assert server.stop() == 0


def test_a_sealed_file_is_imported_once(directory, enrol, context, tmp_path):
    import lzma

    agent = enrol(context, "web-01")
    file = tmp_path / "sealed.xz"
    file.write_bytes(lzma.compress(agent.batch() + agent.batch()))
    first = run("import", directory, file)
    assert (first.exit_code, first.output) == (0, "2 ok\n")
    assert run("import", directory, file, "--json").output == '{"known": 2}\n'
    file.write_bytes(lzma.compress(agent.batch(prev="aa" * 32)))
    assert run("import", directory, file).exit_code == 1
    file.write_bytes(b"\xfd7zXZ\x00junk")
    assert run("import", directory, file).exit_code == 2
    assert run("import", directory, tmp_path / "none").exit_code == 2


def test_a_damaged_database_ends_a_command_with_the_reason_in_one_line(directory):
    path = directory / "collector.db"
    with path.open("r+b") as file:
        file.seek(8192)
        file.write(bytes(range(256)) * 160)
    for command in ("rounds", "findings", "fsck"):
        done = run(command, directory)
        assert done.exit_code == 2
        assert done.output.startswith("roundseal-collector: ") and done.output.count("\n") == 1
        assert "malformed" in done.output and "SELECT" not in done.output
