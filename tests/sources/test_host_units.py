"""systemctl that is absent, refuses, hangs or prints its old table; then the real answers."""

import os
from pathlib import Path

import pytest

from agent.sources import host_units
from agent.sources.host import open_host
from agent.sources.memory import Transient
from checks.api import ErrorKind, ObservationError
from checks.sources import Host, ServiceUnit


@pytest.fixture
def booted(tmp_path: Path) -> Host:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return open_host(Transient(), tmp_path)


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path / "bin/systemctl"


def answers(program: Path, script: str) -> None:
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def kind_of(host: Host) -> ErrorKind:
    with pytest.raises(ObservationError) as caught:
        host.failed_units()
    return caught.value.kind


def test_a_machine_not_started_by_systemd_is_unsupported(tmp_path: Path) -> None:
    assert kind_of(open_host(Transient(), tmp_path)) is ErrorKind.UNSUPPORTED


def test_an_absent_systemctl_is_unsupported(booted: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert kind_of(booted) is ErrorKind.UNSUPPORTED


def test_refusals_have_their_kinds(booted: Host, systemctl: Path) -> None:
    answers(systemctl, "echo 'Failed to connect to bus: Host is down' >&2; exit 1")
    assert kind_of(booted) is ErrorKind.UNREACHABLE
    answers(systemctl, "echo 'Failed to list units: Access denied' >&2; exit 1")
    assert kind_of(booted) is ErrorKind.DENIED
    answers(systemctl, "echo 'System has not been booted with systemd as init system' >&2; exit 1")
    assert kind_of(booted) is ErrorKind.UNSUPPORTED


def test_a_systemctl_that_hangs_is_a_timeout(
    booted: Host, systemctl: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_units, "_TIMEOUT_S", 0.2)
    answers(systemctl, "exec sleep 30")
    assert kind_of(booted) is ErrorKind.TIMEOUT


def test_nonsense_is_garbled(booted: Host, systemctl: Path) -> None:
    for nonsense in ("[{]", '[{"unit":"a.service"}]', "one two", "[1]"):
        answers(systemctl, f"echo '{nonsense}'")
        assert kind_of(booted) is ErrorKind.GARBLED, nonsense


BAD = ServiceUnit("bad.service", "loaded", "failed", "failed")


def test_json_and_the_old_table_say_the_same(booted: Host, systemctl: Path) -> None:
    answers(
        systemctl,
        """echo '[{"unit":"bad.service","load":"loaded","active":"failed","sub":"failed"}]'""",
    )
    assert booted.failed_units() == [BAD]
    answers(systemctl, "echo 'bad.service loaded failed failed LSB: a thing'; echo")
    assert booted.failed_units() == [BAD]
    answers(systemctl, "echo '● bad.service loaded failed failed LSB: a thing'")
    assert booted.failed_units() == [BAD]
    answers(systemctl, "echo '[]'")
    assert booted.failed_units() == []
    answers(systemctl, "true")
    assert booted.failed_units() == []


def test_named_units_come_in_the_order_asked(booted: Host, systemctl: Path) -> None:
    answers(
        systemctl,
        "printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\n\\n"
        "LoadState=not-found\\nActiveState=inactive\\nSubState=dead\\n'",
    )
    assert booted.units(("good.service", "gone.service")) == [
        ServiceUnit("good.service", "loaded", "active", "running"),
        ServiceUnit("gone.service", "not-found", "inactive", "dead"),
    ]
    assert booted.units(()) == []
    with pytest.raises(ObservationError) as caught:
        booted.units(("only-one.service",))
    assert caught.value.kind is ErrorKind.GARBLED
