"""Restore drills with a real MariaDB: dumps and what mariabackup copied."""

import shutil
import time

import pytest
from parts import loaded

_MARIA = loaded("backups/mariadb/conftest.py")
maria = _MARIA.maria
ROWS = {"id": "rows", "sql": "SELECT count(*), '中' FROM `订单`", "expected": "1500\t中"}


@pytest.fixture(scope="module")
def dumps(maria, tmp_path_factory):
    """Dumps with their fingerprints, and a copy by mariabackup; the server lives on beside."""
    place = tmp_path_factory.mktemp("maria")
    maria.dump(place / "whole.sql", "--routines", "--databases", database="shop")
    return place


def test_a_dump_is_restored_read_and_compared_row_by_row(site, dumps):
    seen = site.drill(dumps / "whole.sql", kind="mariadb", questions=[ROWS], source={"database": "shop"})
    assert [seen.said(level) for level in ("true", "restorable", "usable")] == [("ok", "")] * 3, seen.one
    one = seen.one
    assert one.target.product == "mariadb"
    assert one.restored.root == one.against.root
    assert one.restored.pages == "good"
    assert one.restored.found == one.restored.listed == 5
    assert site.left() == []


def test_a_dump_cut_after_a_semicolon_restores_without_an_error_and_is_found(site, dumps, tmp_path):
    text = (dumps / "whole.sql").read_bytes()
    (tmp_path / "whole.sql").write_bytes(text[: text.index(b"UNLOCK TABLES;\n") + 15])
    shutil.copy(dumps / "whole.sql.fingerprint.json", tmp_path)
    seen = site.drill(tmp_path / "whole.sql", kind="mariadb")
    assert seen.said("restorable") == ("ok", "")
    assert seen.said("true")[0] == "crit"


def test_what_mariabackup_copied_is_prepared_started_and_read(site, maria):
    if shutil.which("mariabackup") is None:
        pytest.skip("NOT TESTED: no mariabackup here (Debian's mariadb-backup)")
    maria.backup("drilled")
    seen = site.drill(
        maria.place / "drilled", kind="mariabackup", questions=[ROWS], compare="none", database="shop"
    )
    assert [seen.said(level) for level in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
    assert seen.one.restored.rows > 1900
    assert site.left() == []


def flushed(maria):
    """All that was written is in the data files, and the redo log begins behind it."""
    words = "SELECT variable_value FROM information_schema.global_status WHERE variable_name = '{}'"
    wanted = int(maria.sql(words.format("Innodb_lsn_current")))
    maria.sql("SET GLOBAL innodb_max_dirty_pages_pct = 0, innodb_max_dirty_pages_pct_lwm = 0")
    end = time.monotonic() + 60
    while int(maria.sql(words.format("Innodb_lsn_last_checkpoint"))) < wanted - 1000:
        assert time.monotonic() < end, "no checkpoint within a minute"
        time.sleep(0.1)


def test_an_increment_of_mariabackup_is_prepared_into_all_that_it_rests_on(site, maria):
    if shutil.which("mariabackup") is None:
        pytest.skip("NOT TESTED: no mariabackup here (Debian's mariadb-backup)")
    maria.sql("CREATE TABLE shop.later (id INT PRIMARY KEY, said TEXT)")
    try:
        before = maria.backup("inc-full")
        for day in (1, 2):
            maria.sql(f"INSERT INTO shop.later VALUES ({day}, '第{day}天')")
            flushed(maria)
            before = maria.backup(f"inc-{day}", f"--incremental-basedir={before}")
    finally:
        maria.sql("DROP TABLE shop.later")
    asked = {"id": "later", "sql": "SELECT count(*) FROM later", "expected": "2"}
    more = {"kind": "mariabackup", "questions": [asked], "compare": "none", "database": "shop"}
    seen = site.drill(maria.place / "inc-*", artefact="inc-2", **more)
    assert [seen.said(level) for level in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
    seen = site.drill(maria.place / "inc-*", artefact="inc-1", **more)
    assert seen.said("usable") == ("crit", "wrong_answer")
    shutil.rmtree(maria.place / "inc-1")
    seen = site.drill(maria.place / "inc-*", artefact="inc-2", **more)
    found = [seen.said(level) for level in ("connected", "restorable")]
    assert found == [("crit", "orphan"), ("crit", "restore_failed")]
    assert site.left() == []


def test_a_copy_whose_beginning_cannot_be_read_is_not_told_and_one_without_it_is_none(site, maria, tmp_path):
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "ibdata1").write_bytes(b"x")
    seen = site.drill(tmp_path / "odd", kind="mariabackup", compare="none")
    assert seen.said("restorable")[0] == "crit"
    (tmp_path / "odd" / "xtrabackup_checkpoints").symlink_to("xtrabackup_checkpoints")  # a loop
    seen = site.drill(tmp_path / "odd", kind="mariabackup", compare="none")
    assert seen.said("restorable")[0] == "unknown"
    assert site.left() == []
