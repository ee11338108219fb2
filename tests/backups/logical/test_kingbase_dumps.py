"""backup.kingbase: PostgreSQL's own tools under the product's names. Never tried on the product itself."""

import os
from pathlib import Path

import pytest

NAMES = {"sys_restore": "pg_restore", "sys_dump": "pg_dump", "sys_dumpall": "pg_dumpall", "ksql": "psql"}


@pytest.fixture
def shims(pg15, tmp_path, monkeypatch) -> Path:
    """Programs of the product's names; the only place where sys_restore is found."""
    place = tmp_path / "shims"
    place.mkdir()
    for ours, theirs in NAMES.items():
        (place / ours).write_text(f'#!/bin/sh\nexec "{pg15.programs / theirs}" "$@"\n')
        (place / ours).chmod(0o755)
    monkeypatch.setenv("ROUNDSEAL_TOOLS", str(place))
    return place


@pytest.fixture
def kingbase(pg15, taker, shims):
    """`roundseal-agent fingerprint` by the product's tools."""
    made = taker(pg15)
    return lambda verb, *words: made(verb, "--product", "kingbase", "--programs", shims, *words)


@pytest.fixture
def look(verified, now_ms):
    """Look at one."""
    return lambda path, name="", **params: verified(
        "backup.kingbase", {"path": str(path), "zone_min": 0, **params}, name=name, now=now_ms + 60_000
    )


@pytest.mark.parametrize("form", ["custom", "directory", "tar", "plain"])
def test_a_dump_wrapped_by_the_products_tools_is_good(kingbase, backup, look, form):
    done = kingbase("wrap", "--out", backup / "oa.dmp", "--format", form)
    assert done.code == 0, done.error
    (backup / "oa.dmp").chmod(0o750 if form == "directory" else 0o640)
    for one in (backup / "oa.dmp").glob("*") if form == "directory" else ():
        one.chmod(0o640)
    found = look(backup / "oa.dmp", "ok" if form == "custom" else "")
    assert found.reasons == {}
    assert found.facts.artefacts[0].noted.kind == "kingbase"


def test_the_beginning_of_an_archive_is_its_makers_business(pg15, kingbase, backup, look, shims):
    assert kingbase("wrap", "--out", backup / "oa.dmp").code == 0
    path = backup / "oa.dmp"
    raw = path.read_bytes()
    path.write_bytes(b"KBDMP" + raw[5:])
    path.chmod(0o640)
    # The product's own tool would read it; PostgreSQL's does not.
    assert look(path).reasons["well_formed"] == "unknown_format"
    (shims / "sys_restore").write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && exec "{pg15.programs}/pg_restore" --version\n'
        f'for last; do :; done\n(printf PGDMP; tail -c +6 "$last") | "{pg15.programs}/pg_restore" -f -\n'
    )
    reasons = look(path).reasons
    assert reasons == {"unchanged": "changed"}


def test_a_cut_dump_is_truncated(kingbase, backup, look):
    assert kingbase("wrap", "--out", backup / "oa.dmp", "--format", "plain").code == 0
    os.truncate(backup / "oa.dmp", 50_000)
    assert look(backup / "oa.dmp", "crit_truncated").reasons["well_formed"] == "truncated"


def test_without_the_products_tool_an_archive_cannot_be_told(kingbase, backup, look, monkeypatch):
    assert kingbase("wrap", "--out", backup / "oa.dmp").code == 0
    (backup / "oa.dmp").chmod(0o640)
    monkeypatch.delenv("ROUNDSEAL_TOOLS")
    found = look(backup / "oa.dmp", "unknown_no_tool")
    assert found.reasons["well_formed"] == "no_tool"
    assert found.result.state.value == "unknown"
