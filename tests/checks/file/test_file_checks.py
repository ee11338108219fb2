"""Logs, configurations, certificates, here and by SFTP: what is not there or odd first, then the rest."""

import gzip
import os
import subprocess

import pytest

from checks import registry
from checks.api import ErrorKind, State
from checks.codec import from_json
from checks.file import config as config_check

FIRST = "2026-11-21 09:00:00 INFO started: this line tells the file from the one after it\n"
BAD = "2026-11-21 09:11:02 ERROR cannot reach the exchange\n"
TRACE = "java.lang.IllegalStateException: closed\n\tat a.B.c(B.java:3)\nCaused by: java.io.IOException: cut\n"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "app.log"
    path.write_text(FIRST)
    return path


def add(path, text):
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("check_id", ["file.log", "file.config", "file.certificate"])
def test_a_check_that_is_told_no_path_or_a_relative_one_is_refused(check_id):
    check = registry.get(check_id)
    name = "logs" if check_id == "file.log" else "paths"
    for wrong in ({}, {name: []}, {name: ["etc/passwd"]}, {name: ["/a"], "address": "a b"}):
        with pytest.raises(ValueError):
            from_json(check.params, wrong, "params")


def test_the_first_look_at_a_log_and_one_that_is_not_there_are_unknown(where, files, looked, why, log):
    params = {**where, "logs": [str(log), f"{log}.none"]}
    found = looked("file.log", params, files)
    assert found.state is State.UNKNOWN
    assert why(found) == {str(log): "first_look", f"{log}.none": "missing"}


def test_what_came_since_the_last_look_is_counted_in_either_encoding(where, files, looked, why, log):
    params = {**where, "logs": [str(log)], "errors": {"warn": 3, "crit": 4}}
    looked("file.log", params, files, "unknown")
    assert set(why(looked("file.log", params, files, "ok")).values()) == {"ok"}
    add(log, BAD)
    add(log, "09:12 严重: 磁盘\n".encode("gbk") + "09:13 错误\n".encode())
    add(log, TRACE)
    found = {r.name: r.value for r in looked("file.log", params, files).readings}
    assert found == {f"{log}:errors": 3, f"{log}:stack_traces": 2}
    add(log, BAD * 4)
    assert looked("file.log", params, files, "crit").state is State.CRIT


def test_rotation_loses_no_line_and_a_lost_file_is_said(where, files, looked, why, log):
    params = {**where, "logs": [str(log)]}
    looked("file.log", params, files)
    add(log, BAD)
    log.rename(f"{log}.1")
    log.write_text("a new file\n" + BAD)
    assert looked("file.log", params, files).readings[0].value == 2
    with gzip.open(f"{log}.2.gz", "wb") as packed:
        packed.write(log.read_bytes() + BAD.encode() * 3)
    (log.parent / "app.log.1").write_text("between\n" + BAD)
    log.write_text("another new file\n")
    assert looked("file.log", params, files).readings[0].value == 4
    log.write_text("yet another\n")
    assert why(looked("file.log", params, files))[str(log)] == "rotated_away"


def test_a_log_that_grew_beyond_what_is_read_says_how_much_was_left_out(where, files, looked, why, log):
    params = {**where, "logs": [str(log)], "most_bytes": 1000}
    looked("file.log", params, files)
    add(log, "a plain line\n" * 10_000)
    found = looked("file.log", params, files)
    assert why(found)[str(log)] == "too_much"
    assert found.readings[0].value > 100_000


def test_a_log_that_is_no_text_is_no_reading(where, files, looked, why, log):
    params = {**where, "logs": [str(log)]}
    looked("file.log", params, files)
    add(log, "ERROR\n".encode("utf-16-le") * 50 + b"\n")
    assert why(looked("file.log", params, files)) == {str(log): "garbled"}


def test_a_pipe_or_a_folder_in_place_of_a_file_does_not_hang(where, files, looked, why, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    params = {**where, "logs": [str(tmp_path / "pipe"), str(tmp_path / "folder")]}
    assert set(why(looked("file.log", params, files)).values()) == {"not_a_file"}
    params = {**where, "paths": [str(tmp_path / "pipe")]}
    assert why(looked("file.config", params, files))[str(tmp_path / "pipe")] == "not_a_file"


@pytest.mark.skipif(os.getuid() == 0, reason="NOT TESTED as root: nothing is denied to it")
def test_a_file_that_may_not_be_read_is_denied(where, files, looked, why, log):
    log.chmod(0)
    assert why(looked("file.log", {**where, "logs": [str(log)]}, files)) == {str(log): "denied"}


def test_a_configuration_is_compared_with_the_approved_one(where, files, looked, why, tmp_path):
    for name in ("a.yaml", "b.yaml", ".hidden.yaml"):
        (tmp_path / name).write_text(f"name: {name}\n")
        (tmp_path / name).chmod(0o640)
    params = {**where, "paths": [f"{tmp_path}/*.yaml"]}
    first = looked("file.config", params, files, "unknown")
    assert why(first)["unexpected"] == "no_baseline"
    seen = from_json(config_check.Facts, first.facts, "facts")
    assert [one.path for one in seen.files] == [f"{tmp_path}/a.yaml", f"{tmp_path}/b.yaml"]
    approved = {**params, "baseline": config_check.propose(seen)}
    assert looked("file.config", approved, files, "ok").state is State.OK
    (tmp_path / "a.yaml").write_text("name: other\n")
    (tmp_path / "b.yaml").chmod(0o666)
    found = why(looked("file.config", approved, files, "crit"))
    assert (
        found[f"{tmp_path}/a.yaml"] == "changed" and found[f"{tmp_path}/b.yaml:open_to_all"] == "open_to_all"
    )


def test_a_file_too_large_to_digest_is_unknown(where, files, looked, why, tmp_path):
    with (tmp_path / "big").open("wb") as file:
        file.truncate(17 << 20)
    params = {**where, "paths": [f"{tmp_path}/big"]}
    assert why(looked("file.config", params, files))[f"{tmp_path}/big"] == "too_much"


def certificate(folder, name, days):
    words = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days {days} -subj /CN=a"
    )
    places = ["-keyout", str(folder / "key"), "-out", str(folder / name)]
    subprocess.run([*words.split(), "-days", str(days), *places], check=True, capture_output=True, timeout=60)


def test_certificates_tell_their_days(where, files, looked, why, tmp_path):
    certificate(tmp_path, "good.pem", 90)
    assert (
        looked("file.certificate", {**where, "paths": [f"{tmp_path}/*.pem"]}, files, "ok").state is State.OK
    )
    certificate(tmp_path, "soon.pem", 3)
    (tmp_path / "odd.pem").write_text("no certificate")
    params = {**where, "paths": [f"{tmp_path}/*.pem", f"{tmp_path}/none.pem"]}
    found = why(looked("file.certificate", params, files, "crit"))
    assert found[f"{tmp_path}/soon.pem:days"] == "expires_soon"
    assert found[f"{tmp_path}/odd.pem:days"] == "unreadable"
    assert found[f"{tmp_path}/none.pem:days"] == "missing"
    params = {**where, "paths": [f"{tmp_path}/o*.pem"]}
    assert looked("file.certificate", params, files, "unknown").state is State.UNKNOWN


@pytest.mark.parametrize(
    ("subsystem", "kind"),
    [
        ("", ErrorKind.UNSUPPORTED),
        ("sftp /bin/false", ErrorKind.UNSUPPORTED),
        ("sftp /bin/cat /etc/os-release", ErrorKind.GARBLED),
        ("sftp /bin/sleep 60", ErrorKind.TIMEOUT),
    ],
)
def test_a_server_without_sound_sftp_is_a_typed_error(reach, files, looked, log, subsystem, kind):
    where, _ = reach(subsystem)
    timeout = 2000 if kind is ErrorKind.TIMEOUT else 30_000
    params = {**where, "logs": [str(log)], "timeout_ms": timeout}
    assert looked("file.log", params, files).error is kind


def test_a_machine_that_is_gone_or_not_trusted_is_a_typed_error(reach, start_sshd, files, looked, log):
    where, sshd = reach()
    stranger = {**where, "port": start_sshd("Subsystem sftp internal-sftp").port}
    assert looked("file.log", {**stranger, "logs": [str(log)]}, files).error is ErrorKind.DENIED
    sshd.process.terminate()
    sshd.process.wait(60)
    assert looked("file.log", {**where, "logs": [str(log)]}, files).error is ErrorKind.REFUSED
