"""Base backups of a real PostgreSQL 18, broken one way at a time."""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from agent.sources.backup_local import LocalPlace
from checks.artefacts import standing
from checks.codec import to_json

CHECK = "backup.basebackup"


def flip(path: Path, at: int | None = None) -> None:
    """One bit, size and time kept."""
    stat = path.stat()
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 if at is None else at] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def heap(backup: Path) -> Path:
    """A file with pages, the biggest."""
    return max(
        (one for one in (backup / "base").glob("*/[0-9]*") if one.suffix == ""),
        key=lambda p: p.stat().st_size,
    )


def test_a_chain_is_good_and_stays_so(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full", "first", "second")
    looks = looker(CHECK, path=place / "*", rolling=0)
    seen = looks.look().kept("ok_chain")
    assert seen.bad() == {}
    assert {one.base.name for one in seen.facts.artefacts} == {"full", "first", "second"}
    newest = next(one for one in seen.facts.artefacts if one.base.name == "second")
    assert newest.base.kind == "incremental" and newest.base.parent and newest.inside.algorithm == "CRC32C"
    assert newest.base.made.system == seen.facts.artefacts[0].base.made.system != ""
    again = looks.look()
    assert again.bad() == {}


def test_a_tar_backup_is_read_through_its_compression(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "tarred")
    seen = looker(CHECK, path=place / "tarred").look().kept("ok_tar")
    assert seen.bad() == {}
    assert seen.facts.artefacts[0].inside.compared.listed > 900


def test_a_tablespace_beside_it_is_read_and_one_elsewhere_is_not_told(cluster, newest, looker, tmp_path):
    tmp_path.chmod(0o755)
    with cluster(newest, "ph-ts-") as pg:
        pg.call("mkdir", "-m", "0700", "far")
        pg.start("data", "max_wal_size=32MB")
        try:
            pg.sql(f"CREATE TABLESPACE far LOCATION '{pg.place}/far'")
            pg.sql("CREATE TABLE item TABLESPACE far AS SELECT g FROM generate_series(1, 4000) g")
            pg.backup("base", "-T", f"{pg.place}/far={pg.place}/base-far")
            pg.backup("tarred", "-Ft")
        finally:
            pg.stop("data")
        pg.call("chmod", "-R", "go-rwx", "base", "base-far", "tarred")
        for name in ("base", "tarred"):
            assert looker(CHECK, path=pg.place / name).look().bad() == {}
        files = [one for one in (pg.place / "base-far").rglob("*") if one.is_file()]
        page = max(files, key=lambda one: one.stat().st_size)
        flip(page)
        assert looker(CHECK, path=pg.place / "base").look().bad()["base:unchanged"] == "crit changed"
        page.unlink()
        assert looker(CHECK, path=pg.place / "base").look().bad()["base:present"] == "crit part_missing"
        (pg.place / "base-far").rename(tmp_path / "far")
        [link] = (pg.place / "base" / "pg_tblspc").iterdir()
        link.unlink()
        link.symlink_to(tmp_path / "far")
        seen = looker(CHECK, path=pg.place / "base").look()
        assert "base:present" not in seen.bad() and seen.bad()["base:unchanged"] == "unknown not_followed"


@pytest.mark.parametrize("name", ["full", "second"])
def test_a_flipped_page_is_found_without_the_tool(backed, looker, tmp_path, name):
    place = backed.copy(tmp_path / "pg", "full", "first", "second")
    looks = looker(CHECK, path=place / "*")
    assert looks.look().bad() == {}
    flip(heap(place / name))
    seen = looks.look()
    assert seen.word(f"{name}:unchanged") == "crit changed"
    assert seen.bad().get("second:connected") == ("crit link_damaged" if name == "full" else None)


def test_a_flip_in_a_tar_is_found(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "tarred")
    packed = place / "tarred" / "base.tar.gz"
    flip(packed)
    seen = looker(CHECK, path=place / "tarred").look()
    assert seen.word("tarred:well_formed") == "crit damaged"
    os.truncate(packed, packed.stat().st_size // 2)
    assert looker(CHECK, path=place / "tarred").look().state == "crit"


def test_a_missing_file_is_a_missing_part(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    heap(place / "full").unlink()
    seen = looker(CHECK, path=place / "full").look().kept("crit_part_missing")
    assert seen.bad() == {"full:present": "crit part_missing"}


def test_a_file_that_nobody_listed_is_found(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    (place / "full" / "base" / "odd").write_bytes(b"x")
    assert looker(CHECK, path=place / "full").look().word("full:unchanged") == "crit changed"


def test_an_edited_manifest_is_found_even_where_it_fits(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    looks = looker(CHECK, path=place / "full")
    assert looks.look().bad() == {}
    page, manifest = heap(place / "full"), place / "full" / "backup_manifest"
    before = hashlib.sha256(page.read_bytes()).hexdigest()
    flip(page)
    after, name = hashlib.sha256(page.read_bytes()).hexdigest(), str(page.relative_to(place / "full"))
    lines = manifest.read_text().splitlines(keepends=True)
    text = "".join(one.replace(before, after) if f'"{name}"' in one else one for one in lines)
    manifest.write_text(text)
    assert looker(CHECK, path=place / "full").look().word("full:unchanged") == "crit manifest_edited"
    head = text[: text.index('"Manifest-Checksum"')]
    manifest.write_text(f'{head}"Manifest-Checksum": "{hashlib.sha256(head.encode()).hexdigest()}"}}\n')
    # Nobody who sees it for the first time can tell; who saw it before, or has its digest, can.
    assert looker(CHECK, path=place / "full").look().word("full:unchanged") == "ok"
    assert looks.look().kept("crit_manifest_edited").word("full:unchanged") == "crit manifest_edited"
    (place / "full.manifest.sha256").write_text(f"{'0' * 64}\n")
    assert looker(CHECK, path=place / "full").look().word("full:unchanged") == "crit manifest_edited"


def test_a_backup_without_its_manifest_is_bad_and_one_under_way_is_not(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    manifest = place / "full" / "backup_manifest"
    manifest.rename(place / "full" / "backup_manifest.tmp")
    assert looker(CHECK, path=place / "full").look().word("full:present") == "unknown moving"
    (place / "full" / "backup_manifest.tmp").unlink()
    assert looker(CHECK, path=place / "full").look().word("full:unchanged") == "crit manifest_missing"


def test_the_copy_of_a_running_data_directory_is_no_backup(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "copied")
    seen = looker(CHECK, path=place / "copied").look().kept("crit_not_a_backup")
    assert seen.word("copied:connected") == "crit not_a_backup"
    assert seen.word("copied:unchanged") == "unknown not_recorded"


def test_an_incremental_without_its_parent_is_an_orphan(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full", "first", "second")
    looks = looker(CHECK, path=place / "*")
    assert looks.look().bad() == {}
    shutil.rmtree(place / "first")
    assert looks.look().kept("crit_orphan").word("second:connected") == "crit orphan"
    shutil.rmtree(place / "full")
    assert looker(CHECK, path=place / "*").look().word("second:connected") == "crit orphan"


def test_an_incremental_beside_another_full_has_the_wrong_parent(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "other", "first")
    assert looker(CHECK, path=place / "*").look().word("first:connected") == "crit wrong_parent"


def test_a_damaged_link_shows_though_the_combined_backup_verifies(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full", "first")
    label = (place / "first" / "backup_label").read_text()
    assert re.search("INCREMENTAL FROM LSN", label)
    pages = max((one for one in (place / "first").rglob("INCREMENTAL.*")), key=lambda one: one.stat().st_size)
    flip(pages, pages.stat().st_size - 100)
    subprocess.run(
        [backed.server.programs / "pg_combinebackup", "full", "first", "-o", "whole"], cwd=place, check=True
    )
    subprocess.run([backed.server.programs / "pg_verifybackup", "-q", "whole"], cwd=place, check=True)
    (place / "whole").chmod(0o700)
    seen = looker(CHECK, path=place / "*", artefacts=1).look()
    assert seen.word("whole:unchanged") == "ok"
    assert seen.word("whole:connected") == "crit link_damaged"


def test_another_cluster_is_the_wrong_source(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    seen = looker(CHECK, path=place / "full", system="7").look()
    assert seen.bad() == {"full:true": "crit wrong_source"}


def test_a_backup_that_lacks_its_log_has_a_gap(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    segments = [one for one in (place / "full" / "pg_wal").iterdir() if one.is_file()]
    segments[0].write_bytes(b"\0" * segments[0].stat().st_size)
    assert looker(CHECK, path=place / "full").look().word("full:connected") == "crit gap"
    for one in segments:
        one.unlink()
    seen = looker(CHECK, path=place / "full").look().kept("unknown_no_log")
    assert seen.bad() == {"full:connected": "unknown not_recorded"}
    assert looker(CHECK, path=place / "full", log="archive").look().bad() == {}


def test_an_incremental_looked_at_alone_finds_its_parents_beside_it(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full", "first", "second")
    seen = looker(CHECK, path=place / "second").look()
    assert seen.bad() == {}
    assert len(seen.facts.artefacts) == 3


def test_its_root_is_that_of_any_tree(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    local = LocalPlace()
    base = looker(CHECK, path=place / "full").look().facts.artefacts[0].base
    assert base.sha256 == standing.digest(local, local.stat(str(place / "full"))).sha256


def test_the_facts_are_small(backed, looker, tmp_path):
    place = backed.copy(tmp_path / "pg", "full")
    assert len(json.dumps(to_json(looker(CHECK, path=place / "full").look().facts))) < 3000
