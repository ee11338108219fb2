"""Tomcat, Java machines and instances: checks against real ones of this host."""

import hashlib
import os
import subprocess
import sys

from checks.api import ErrorKind, State


def test_a_tomcat_tells_heap_threads_and_applications(tomcat, web, looked, why):
    port, base = tomcat
    params = {
        "url": f"http://127.0.0.1:{port}/manager",
        "apps": ["/manager"],
        "heap": {"warn": 98, "crit": 99},
        "timeout_ms": 60_000,
    }
    result = looked("middleware.tomcat", params, web, "ok")
    assert result.state is State.OK, (why(result), (base / "out").read_text()[-2000:])
    assert result.facts["version"].startswith("Apache Tomcat/10")
    assert [c["most"] for c in result.facts["connectors"]] == [20]
    params = {**params, "apps": ["/ledger"]}
    assert why(looked("middleware.tomcat", params, web, "crit"))["/ledger:running"] == "missing"
    found = why(looked("middleware.tomcat", {**params, "secret": "wrong"}, web, "crit_login"))
    assert found["version:answer"] == "status_unexpected" and found["heap"] == "not_reported"
    result = looked("middleware.tomcat", {**params, "secret": "none"}, web, "unknown")
    assert result.error is ErrorKind.DENIED


def test_a_java_machine_tells_heap_threads_and_collections(here, ssh, machine, looked, why):
    machine("Quiet", "-XX:+UseSerialGC")
    result = looked("middleware.jvm", {**here, "main": "Quiet"}, ssh, "ok")
    assert result.state is State.OK, why(result)
    assert result.facts["heap_max"] == 64 << 20 and result.facts["threads"] > 3
    assert result.facts["deadlocks"] == 0
    result = looked("middleware.jvm", {**here, "main": "Nobody"}, ssh, "crit_missing")
    assert why(result) == {"instances": "missing"}


def test_threads_that_wait_for_each_other_are_found(here, ssh, machine, looked, why):
    machine("Knot", "-XX:+UseG1GC")
    found = why(looked("middleware.jvm", {**here, "main": "Knot"}, ssh, "crit"))
    assert found["deadlocks"] == "deadlock" and found["heap"] == "ok"


def test_two_machines_of_one_name_are_no_reading(here, ssh, machine, looked):
    machine("Quiet")
    machine("Quiet")
    assert looked("middleware.jvm", {**here, "main": "Quiet"}, ssh, "unknown").state is State.UNKNOWN


def test_a_target_without_jcmd_is_unsupported(here, ssh, looked):
    result = looked("middleware.jvm", {**here, "main": "Any", "home": "/nonexistent"}, ssh, "unknown_no_jdk")
    assert result.error is ErrorKind.UNSUPPORTED


def test_an_instance_is_as_approved(here, ssh, looked, why, tmp_path):
    conf, version = tmp_path / "server.xml", tmp_path / "VERSION"
    conf.write_text("<Server/>")
    version.write_text("9.5.2\n")
    word = f"-Dinstance.base={tmp_path}"
    script = "import sys; print('ready', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, word, "--password=pa55-word"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tmp_path,
    ) as process:
        assert process.stdout.readline() == b"ready\n"
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")[:-1]
        digest = hashlib.sha256(conf.read_bytes()).hexdigest()
        params = {
            **here,
            "word": word,
            "owner": "root" if os.geteuid() == 0 else "",
            "path": str(tmp_path),
            "path_option": "-Dinstance.base=",
            "version_file": str(version),
            "files": [str(conf)],
        }
        result = looked("middleware.instance", params, ssh, "unknown")
        assert why(result)["options"] == "no_baseline" and why(result)[str(conf)] == "no_baseline"
        assert "pa55-word" not in str(result.facts)
        options = result.facts["options"]
        assert len(options) == 64 and len(words) == 5
        approved = {"options": options, "version": "9.5.2", "approved": {str(conf): digest}}
        result = looked("middleware.instance", {**params, **approved}, ssh, "ok")
        assert result.state is State.OK, why(result)
        conf.write_text("<Server changed='yes'/>")
        version.write_text("9.5.3\n")
        found = why(looked("middleware.instance", {**params, **approved, "owner": "ops"}, ssh, "crit"))
        assert found["owner"] == found["version"] == found[str(conf)] == "differs"
        conf.unlink()
        found = why(looked("middleware.instance", {**params, **approved}, ssh, "unknown_file"))
        assert found[str(conf)] == "unreadable"
        process.stdin.close()
    found = why(looked("middleware.instance", {**params, **approved}, ssh, "crit_missing"))
    assert found["instances"] == "missing"
