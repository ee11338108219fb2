"""Restore drills with a real MariaDB: dumps and what mariabackup copied."""

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest

_SPEC = importlib.util.spec_from_file_location(
    "drill_maria", Path(__file__).parents[1] / "mariadb" / "conftest.py"
)
_MARIA = importlib.util.module_from_spec(_SPEC)
sys.modules[_SPEC.name] = _MARIA
_SPEC.loader.exec_module(_MARIA)
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
