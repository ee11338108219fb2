"""backup.postgres on real dumps: the silent, the tampered and the late case, then the happy one."""

import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from checks.artefacts.fingerprint import dump, parse

FORMS = ("custom", "directory", "tar", "plain")
CHECK = "backup.postgres"
DAY = 86_400_000


def reseal(path: Path) -> None:
    """Make the fingerprint say that these are the bytes it was made with: damage from before that."""
    beside = Path(f"{path}.fingerprint.json")
    raw = json.loads(beside.read_text("utf-8"))
    raw["artefact"] |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    beside.write_text(json.dumps(raw, ensure_ascii=False), "utf-8")


@pytest.fixture
def seen(verified, now_ms):
    """`seen(path, name="recording", **params)`."""

    def run(path, name="", **params):
        memory, now, secrets = params.pop("memory", None), params.pop("now", now_ms + 1000), {}
        given = {"path": str(path), "database": "oa_db", "zone_min": 0, **params}
        return verified(CHECK, given, name=name, memory=memory, now=now, secrets=secrets)

    return run


@pytest.mark.parametrize("form", FORMS)
def test_a_dump_is_good_up_to_its_last_row(made15, lay, seen, form):
    found = seen(lay(made15, form), f"ok_{form}")
    assert found.reasons == {}
    one = found.facts.artefacts[0]
    assert one.compared.same == one.compared.tables == 22
    assert one.compared.same_rows == one.compared.rows
    assert one.base.fingerprint == one.base.expected != ""
    assert one.dump.objects == 5
    assert one.compared.objects == "same"
    assert next(r for r in found.result.readings if r.name.endswith(":proven")).value == 100


@pytest.mark.parametrize("form", FORMS)
def test_a_dump_of_the_newer_version_is_read_too(made18, lay, seen, form):
    assert seen(lay(made18, form)).reasons == {}


def test_all_formats_and_both_tools_give_one_root(made15, lay, seen):
    roots = {seen(lay(made15, form)).facts.artefacts[0].base.fingerprint for form in FORMS}
    assert len(roots) == 1


def test_an_empty_file_is_no_backup(backup, seen):
    (backup / "oa.dump").touch(0o640)
    assert seen(backup / "oa.dump", "crit_empty").reasons["present"] == "empty"


def test_a_gzip_of_nothing_is_no_backup(backup, seen):
    with gzip.open(backup / "oa.sql.gz", "wb"):
        pass
    (backup / "oa.sql.gz").chmod(0o640)
    assert seen(backup / "oa.sql.gz", "crit_nothing_inside").reasons["present"] == "nothing_inside"


def test_a_temporary_name_alone_is_unfinished(made15, lay, backup, seen):
    lay(made15, "custom", "oa.dump.part", noted=False)
    assert seen(backup / "oa.dump", "crit_unfinished").reasons["stands"] == "unfinished"


def test_a_dump_from_the_future_is_told(made15, lay, seen, now_ms):
    path = lay(made15, "custom")
    os.utime(path, ns=((now_ms + DAY) * 1_000_000,) * 2)
    assert seen(path).reasons["fresh"] == "from_the_future"


def test_an_old_dump_under_a_new_name_is_old_inside(made15, lay, seen, now_ms):
    later = now_ms + 3 * DAY
    path = lay(made15, "custom", "oa-20261231.dump")
    os.utime(path, ns=(later * 1_000_000,) * 2)
    assert seen(path, max_age_s=86_400, now=later).reasons == {"fresh": "old_inside"}
    # Without limits the name alone tells: it promises another day.
    found = seen(path.with_name("oa-%Y%m%d.dump"), now=later)
    assert found.reasons == {"fresh": "old_inside"}


def test_yesterdays_file_under_todays_name_is_the_same(made15, lay, backup, seen, now_ms):
    memory = {}
    first = lay(made15, "custom", "oa-1.dump")
    os.utime(first, ns=((now_ms - DAY) * 1_000_000,) * 2)
    assert seen(backup / "oa-*.dump", memory=memory).reasons == {}
    lay(made15, "custom", "oa-2.dump")
    found = seen(backup / "oa-*.dump", memory=memory)
    assert found.of("oa-2.dump") == {"fresh": "same_as_before"}


@pytest.mark.parametrize("form", ["custom", "plain", "tar"])
@pytest.mark.parametrize("cut", ["half", "last byte"])
def test_a_cut_off_dump_is_truncated(made15, lay, seen, form, cut):
    path = lay(made15, form)
    size = path.stat().st_size
    os.truncate(path, size // 2 if cut == "half" else size - 1)
    reseal(path)
    reasons = seen(path, f"crit_truncated_{form}" if cut == "half" else "").reasons
    assert reasons["well_formed"] == "truncated"


def test_a_dump_cut_behind_a_whole_statement_lacks_its_end(made15, lay, seen):
    path = lay(made15, "plain")
    text = path.read_bytes()
    path.write_bytes(text[: text.index(b"\n\\.\n", len(text) // 2) + 4])
    reseal(path)
    assert seen(path).reasons["well_formed"] == "no_end_mark"


def test_a_dump_killed_in_a_pipe_is_a_sound_gzip_of_half_a_dump(made15, lay, backup, seen):
    text = lay(made15, "plain").read_bytes()
    (backup / "x.sql.gz").write_bytes(gzip.compress(text[: len(text) // 2]))
    (backup / "x.sql.gz").chmod(0o640)
    assert seen(backup / "x.sql.gz").reasons["well_formed"] == "truncated"


@pytest.mark.parametrize("packed", [True, False])
def test_two_dumps_in_one_file_are_several(made15, lay, backup, seen, packed):
    text = lay(made15, "plain").read_bytes()
    both = [text[: len(text) // 2], text]
    path = backup / "x.sql.gz"
    path.write_bytes(
        b"".join(gzip.compress(one) for one in both) if packed else gzip.compress(b"".join(both))
    )
    path.chmod(0o640)
    assert seen(path).reasons["well_formed"] == "several_members"


@pytest.mark.parametrize("form", ["custom", "plain"])
def test_bytes_behind_the_end_are_told(made15, lay, seen, form):
    path = lay(made15, form)
    with path.open("ab") as file:
        file.write(b"\0" * 100 + b"DROP TABLE oa.document;\n")
    reseal(path)
    assert seen(path).reasons["well_formed"] == "trailing_bytes"


@pytest.mark.parametrize("where", ["among rows", "between statements", "alone"])
def test_a_programs_complaint_in_the_dump_is_told(made15, lay, seen, where):
    path = lay(made15, "plain")
    text, said = path.read_bytes(), b"pg_dump: error: query failed: server closed the connection\n"
    at = text.index(b"\n", text.index(b"COPY oa.document") + 2000) + 1
    if where == "between statements":
        at = text.index(b"\n\\.\n\n", at) + 5
    path.write_bytes(said if where == "alone" else text[:at] + said + text[at:])
    reseal(path)
    assert (
        seen(path, "crit_error_text" if where == "among rows" else "").reasons["well_formed"] == "error_text"
    )


@pytest.mark.parametrize("form", FORMS)
def test_one_flipped_bit_is_found(made15, lay, seen, form):
    path = lay(made15, form)
    target = path if path.is_file() else max(path.iterdir(), key=lambda one: one.stat().st_size)
    raw = bytearray(target.read_bytes())
    raw[len(raw) * 2 // 3] ^= 0x04
    target.write_bytes(raw)
    reasons = seen(path, f"crit_flipped_{form}").reasons
    assert reasons["unchanged"] == "changed"


def test_a_changed_row_is_found_where_all_digests_were_made_to_fit(made15, lay, seen):
    path = lay(made15, "plain")
    text = path.read_bytes()
    at = text.index(b"\n", text.index(b"COPY oa.person ")) + 8
    path.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
    reseal(path)
    found = seen(path)
    assert found.reasons == {"true": "rows_differ"}
    assert found.facts.artefacts[0].compared.differ.first == ("oa.person",)


def test_a_row_doubled_and_one_lost_is_found_though_the_count_is_right(made15, lay, seen):
    path = lay(made15, "plain")
    lines = path.read_bytes().split(b"\n")
    at = next(i for i, one in enumerate(lines) if one.startswith(b"COPY oa.person ")) + 3
    lines[at] = lines[at + 1]
    path.write_bytes(b"\n".join(lines))
    reseal(path)
    assert seen(path).reasons == {"true": "rows_differ"}


@pytest.mark.parametrize("where", [b"CREATE TABLE oa.types", b"COPY oa.document (id, "])
def test_zeroed_blocks_are_damage(made15, lay, seen, where):
    path = lay(made15, "plain")
    raw = bytearray(path.read_bytes())
    at = bytes(raw).index(where) + 3000
    raw[at : at + 4096] = bytes(4096)
    path.write_bytes(raw)
    reseal(path)
    assert seen(path).reasons["well_formed"] == "damaged"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--schema-only"], "no_rows_at_all"),
        (["--exclude-table=oa.person"], "table_missing"),
        (["--exclude-table-data=oa.person"], "table_missing"),
        (["--no-blobs"], "large_objects_missing"),
    ],
)
def test_what_was_left_out_is_missing(pg15, made15, lay, seen, words, reason):
    path = lay(made15, "custom")
    path.unlink()
    pg15.tool("pg_dump", "-Fc", "-f", path, *words, "oa_db")
    path.chmod(0o640)
    reseal(path)
    assert seen(path).reasons == {"true": reason}


def test_half_the_rows_through_row_security_are_missing(pg15, made15, lay, seen):
    path = lay(made15, "plain")
    path.unlink()
    pg15.sql("ALTER ROLE oa_reader LOGIN")
    pg15.sql(
        "GRANT USAGE ON SCHEMA oa, public TO oa_reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA oa, public TO oa_reader",
        "GRANT SELECT ON ALL SEQUENCES IN SCHEMA oa TO oa_reader",
        database="oa_db",
    )
    env = {"PGUSER": "oa_reader"}
    done = pg15.tool(
        "pg_dump", "--enable-row-security", "--no-blobs", "-f", path, "oa_db", env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    path.chmod(0o640)
    reseal(path)
    assert seen(path).reasons == {"true": "rows_missing"}


def test_another_database_and_an_empty_one_are_told(pg15, made15, lay, seen):
    path = lay(made15, "custom")
    path.unlink()
    pg15.sql("DROP DATABASE IF EXISTS other", "CREATE DATABASE other")
    pg15.tool("pg_dump", "-Fc", "-f", path, "other")
    path.chmod(0o640)
    reseal(path)
    assert seen(path).reasons["true"] == "wrong_source"
    assert seen(path, database="").reasons["true"] == "wrong_source", "the fingerprint names another one"
    Path(f"{path}.fingerprint.json").unlink()
    assert seen(path, database="other").reasons["true"] == "nothing_in_it"


def test_a_fingerprint_of_another_server_is_a_wrong_source(made15, lay, seen):
    assert seen(lay(made15, "custom"), system="1").reasons == {"true": "wrong_source"}


def test_an_edited_fingerprint_is_told(made15, lay, seen):
    path = lay(made15, "plain")
    beside = Path(f"{path}.fingerprint.json")
    raw = json.loads(beside.read_text("utf-8"))
    raw["tables"]["oa.person"]["count"] -= 1
    beside.write_text(json.dumps(raw), "utf-8")
    assert seen(path).reasons["true"] == "fingerprint_edited"


def test_without_a_fingerprint_nobody_can_tell(made15, lay, seen):
    path = lay(made15, "custom", noted=False)
    assert seen(path, "unknown_no_fingerprint").reasons == {"true": "no_fingerprint"}
    assert seen(path, must_match=True).reasons == {"true": "no_fingerprint"}
    assert seen(path, must_match=True).result.state.value == "crit"


def test_a_missing_part_of_a_directory_is_missing(made15, lay, seen):
    path = lay(made15, "directory")
    next(iter(sorted(path.glob("3*.dat.gz")))).unlink()
    assert seen(path).reasons["present"] == "part_missing"
    (path / "toc.dat").unlink()
    assert seen(path).reasons["present"] == "part_missing"


def test_a_dump_of_a_later_version_than_the_recovery_host_reads_is_too_new(made18, lay, seen):
    path = lay(made18, "custom")
    assert seen(path, restore_major=15).reasons == {"well_formed": "too_new"}
    raw = bytearray(path.read_bytes())
    raw[6] = 99
    path.write_bytes(raw)
    assert seen(path, "crit_too_new").reasons["well_formed"] == "too_new"


def test_a_tar_whose_head_tells_an_endless_size_is_damaged_at_once(made15, lay, seen):
    path = lay(made15, "tar")
    raw = bytearray(path.read_bytes())
    with tarfile.open(path) as file:
        heads = [one.offset for one in file if one.name.endswith(".dat") and one.name != "toc.dat"]
    # Looked for in zeros without end once, long after the tool had gone.
    raw[heads[1] + 124 : heads[1] + 136] = b"\x80" + b"\xff" * 11
    path.write_bytes(raw)
    assert seen(path).reasons["well_formed"] == "damaged"


def test_a_tar_with_a_damaged_head_of_what_its_tool_has_no_use_for_is_damaged(made15, lay, seen):
    path = lay(made15, "tar")
    raw = bytearray(path.read_bytes())
    with tarfile.open(path) as file:
        head = next(one.offset for one in file if one.name == "restore.sql")
    for at in (0, 130, 150):  # name, size, checksum
        spoilt = raw.copy()
        spoilt[head + at] ^= 1
        path.write_bytes(spoilt)
        reseal(path)
        assert seen(path).reasons["well_formed"] == "damaged", at


STATEMENTS = [
    ("--inserts",),
    ("--column-inserts", "--on-conflict-do-nothing"),
    ("--inserts", "--rows-per-insert=7"),
    ("--inserts", "--load-via-partition-root"),
    ("--inserts", "--encoding=GB18030"),
]


@pytest.mark.parametrize("words", STATEMENTS, ids=" ".join)
@pytest.mark.parametrize("major", [15, 18])
def test_a_dump_of_statements_has_the_rows_that_copy_sends(request, lay, seen, words, major):
    server, made = request.getfixturevalue(f"pg{major}"), request.getfixturevalue(f"made{major}")
    path = lay(made, "plain")
    path.unlink()
    server.tool("pg_dump", *words, "-f", path, "oa_db")
    path.chmod(0o640)
    reseal(path)
    assert seen(path).reasons == {}
    raw = path.read_bytes()
    first = re.search(rb"\nINSERT INTO \w+\.document .*?VALUES\s+\((\d+),", raw)
    at = first.start(1)
    path.write_bytes(raw[:at] + b"9" + raw[at:])
    reseal(path)
    assert seen(path).reasons == {"true": "rows_differ"}
    path.write_bytes(raw[:at] + b"~" + raw[at:])
    reseal(path)
    assert seen(path).reasons == {"true": "not_recorded"}, "what is not understood is no proof of damage"
    path.write_bytes(raw[: raw.index(b"\nINSERT INTO", at) + 20])
    reseal(path)
    assert seen(path).reasons["well_formed"] in ("truncated", "no_end_mark")


def test_roles_must_be_backed_up_where_that_is_asked(made15, lay, backup, seen):
    path = lay(made15, "custom")
    assert seen(path, globals=str(backup / "globals*.sql")).reasons["true"] == "globals_missing"
    shutil.copy(made15.place / "globals.sql", backup / "globals.sql")
    assert seen(path, globals=str(backup / "globals*.sql")).reasons == {}
    (backup / "globals.sql").write_text("-- nothing\n")
    assert seen(path, globals=str(backup / "globals*.sql")).reasons["globals"] == "globals_missing"


def test_a_database_in_no_job_is_told(made15, lay, seen):
    path = lay(made15, "custom")
    reasons = seen(path, databases=["oa_db"]).reasons
    assert reasons == {"present": "not_in_policy"}, "`postgres` is there too"


def test_a_whole_cluster_in_one_file_is_read(pg15, made15, lay, seen):
    path = lay(made15, "plain")
    path.unlink()
    pg15.tool("pg_dumpall", "-f", path)
    path.chmod(0o640)
    reseal(path)
    found = seen(path)
    assert found.reasons == {}
    assert found.facts.artefacts[0].dump.cluster
    assert found.facts.artefacts[0].dump.roles >= 3


@pytest.mark.parametrize("form", ["plain", "custom"])
def test_a_sealed_dump_is_opened_and_read(made15, lay, backup, verified, form):
    if shutil.which("age-keygen") is None:
        pytest.skip("NOT TESTED: no age here")
    key = subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout
    who = next(line.split(": ")[1] for line in key.splitlines() if "public key" in line)
    path = lay(made15, form)
    sealed = backup / f"{path.name}.age"
    subprocess.run(["age", "-r", who, "-o", sealed, path], check=True)
    sealed.chmod(0o640)
    beside = Path(f"{path}.fingerprint.json")
    Path(f"{sealed}.fingerprint.json").write_bytes(beside.read_bytes())
    given = {
        "path": str(sealed),
        "database": "oa_db",
        "zone_min": 0,
        "sealed": {"scheme": "age", "secret": "k"},
    }
    found = verified(CHECK, given, secrets={"k": {"identity": key}})
    assert found.reasons == {}
    assert found.facts.artefacts[0].dump.layers == ("age",)
    closed = verified(CHECK, given)
    assert closed.reasons["sealed"] == closed.reasons["well_formed"] == "no_key"


def test_what_has_not_moved_is_not_read_again(made15, lay, seen):
    memory, path = {}, lay(made15, "custom")
    first = seen(path, memory=memory, now=1_900_000_000_000).facts.artefacts[0]
    second = seen(path, memory=memory, now=1_900_000_100_000).facts.artefacts[0]
    assert first.base.read_at == second.base.read_at == 1_900_000_000_000
    beside = Path(f"{path}.fingerprint.json")
    raw = json.loads(beside.read_text("utf-8"))
    raw["timezone"] = "Europe/Berlin"
    beside.write_bytes(json.dumps(raw).encode())
    assert seen(path, memory=memory).facts.artefacts[0].noted.own != first.noted.own


def test_a_fingerprint_survives_the_way_to_its_file_and_back(made15):
    raw = Path(f"{made15.path('custom')}.fingerprint.json").read_bytes()
    assert dump(parse(raw)) == raw


@pytest.mark.parametrize("form", ["-Fp", "-Fc"])
def test_rows_loaded_through_the_root_of_a_partition_are_the_partitions(pg15, made15, lay, seen, form):
    path = lay(made15, "custom" if form == "-Fc" else "plain")
    path.unlink()
    pg15.tool("pg_dump", form, "--load-via-partition-root", "-f", path, "oa_db")
    path.chmod(0o640)
    reseal(path)
    found = seen(path)
    assert found.reasons == {}
    assert found.facts.artefacts[0].compared.same == 22
    if form == "-Fp":
        text = path.read_bytes()
        at = text.index(b"\n", text.index(b"COPY oa.log ")) + 30
        path.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
        reseal(path)
        assert seen(path).facts.artefacts[0].compared.differ.first == ("oa.log_2025",)
