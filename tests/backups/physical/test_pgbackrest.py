"""Repositories of a real pgBackRest, broken one way at a time; its own commands exit 0 over most."""

import gzip
import os
import shutil
import zlib

import pytest

from agent.sources.backup import open_backups
from agent.sources.memory import Transient
from checks import registry
from checks.api import ErrorKind, ObservationError, Seen
from checks.artefacts.pgbackrest import GarbledError, read_said, sections
from checks.codec import from_json

CHECK = "backup.pgbackrest"
CIPHER = "not-a-real-Cipher-7"


@pytest.fixture
def repository(repositories, tmp_path):
    """A copy of the plain one."""
    return repositories.copy(tmp_path)


@pytest.fixture
def looks(looker, repository):
    """A looker at all of it."""
    return looker(CHECK, path=repository, artefacts=4, rolling=0)


def labels(repository):
    """Full, incremental, differential, second full."""
    return sorted(
        one.name
        for one in (repository / "backup/main").iterdir()
        if one.name[0] == "2" and not one.is_symlink()
    )


def stored(repository, label):
    """The biggest file of a backup."""
    return max((repository / "backup/main" / label).rglob("*.gz"), key=lambda one: one.stat().st_size)


def segments(repository):
    return sorted(one for one in (repository / "archive/main").rglob("0*-*"))


def inflated(raw):
    """What comes out of a gzip file, None of a broken one."""
    try:
        return gzip.decompress(raw)
    except (EOFError, OSError, zlib.error):
        return None


def flip(path):
    """One bit that changes what comes out: within a run, a wrong distance gives the same bytes again."""
    raw = path.read_bytes()
    right = inflated(raw) if path.suffix == ".gz" else None
    for at in range(200, len(raw)):
        wrong = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        if right is None or inflated(wrong) != right:
            path.write_bytes(wrong)
            return
    raise AssertionError(f"no bit of {path} matters")


def test_a_repository_is_good_by_its_own_files(looks, repository):
    seen = looks.look(fulls=2, archive_timeout_s=3600).kept("ok")
    assert seen.bad() == {}
    first, *_ = labels(repository)
    kinds = {one.base.id: one.base.kind for one in seen.facts.artefacts}
    assert sorted(kinds.values()) == ["full", "full", "incremental"]
    assert kinds[first] == "full" and seen.facts.stanzas[0].system == seen.facts.artefacts[0].base.made.system
    assert seen.facts.artefacts[0].checked.unchecked == 0 and seen.facts.stanzas[0].said == ""
    assert looks.look().bad() == {}


def test_the_tool_is_judged_by_its_words(looks, repository):
    seen = looks.look(tool="always")
    assert seen.bad() == {} and seen.facts.stanzas[0].said == "ok"
    assert {one.said for one in seen.facts.artefacts} == {"valid"}
    flip(stored(repository, labels(repository)[-1]))
    seen = looks.look(tool="always")
    assert seen.facts.stanzas[0].said == "error"
    assert seen.bad()[f"main/{labels(repository)[-1]}:unchanged"] == "crit changed"


def test_a_flipped_file_is_found_and_spoils_what_is_built_on_it(looks, repository):
    full, incr, _ = labels(repository)
    flip(stored(repository, full))
    seen = looks.look().kept("crit_changed")
    assert seen.bad() == {
        f"main/{full}:unchanged": "crit changed",
        f"main/{incr}:connected": "crit link_damaged",
    }


def test_a_missing_file_is_a_missing_part(looks, repository):
    *_, last = labels(repository)
    stored(repository, last).unlink()
    assert looks.look().bad() == {f"main/{last}:present": "crit part_missing"}


def test_a_full_backup_that_is_gone_leaves_orphans(looks, repository):
    full, incr, _ = labels(repository)
    shutil.rmtree(repository / "backup/main" / full)
    seen = looks.look(fulls=2).kept("crit_orphan")
    assert seen.word(f"main/{full}:present") == "crit missing"
    assert seen.word(f"main/{incr}:connected") == "crit orphan"
    assert seen.word("main:fulls") == "crit retention_short"


def test_a_segment_gone_from_the_middle_is_a_gap_though_verify_says_ok(looks, repository):
    segments(repository)[4].unlink()
    seen = looks.look(tool="always").kept("crit_gap")
    assert seen.facts.stanzas[0].said == "ok"
    assert seen.bad() == {"main/archive:connected": "crit gap"}


def test_a_flipped_segment_and_an_archive_that_stopped_are_found(looks, repository):
    looks.late_ms = 7_200_000
    assert looks.look(archive_timeout_s=600).bad() == {"main/archive:connected": "crit log_stopped"}
    looks.late_ms = 0
    flip(segments(repository)[3])
    assert looks.look().bad() == {"main/archive:well_formed": "crit damaged"}


def test_another_repository_at_the_same_path_is_found(looks, repository):
    assert looks.look().bad() == {}
    info = repository / "backup/main/backup.info"
    system = looks.look().facts.stanzas[0].system
    for path in (info, info.with_suffix(".info.copy")):
        path.write_text(path.read_text().replace(system, "7000000000000000001"))
    assert "crit wrong_repository" in looks.look().bad().values()
    assert "crit wrong_repository" in looks.look(system="8").bad().values()


def test_pages_that_were_damaged_when_they_were_copied_are_found(looks, repository):
    info = repository / "backup/main/backup.info"
    for path in (info, info.with_suffix(".info.copy")):
        path.write_text(path.read_text().replace('"backup-error":false', '"backup-error":true'))
    assert set(looks.look().bad().values()) >= {"crit damaged"}


def test_one_copy_of_the_info_is_enough_and_none_is_not(looks, repository):
    info = repository / "backup/main/backup.info"
    os.truncate(info, 100)
    assert looks.look().bad() == {}
    os.truncate(info.with_suffix(".info.copy"), 100)
    seen = looks.look()
    assert seen.facts.stanzas[0].trouble == "damaged" and seen.state != "ok"


def test_an_encrypted_repository_is_told_by_the_tool_with_its_key(repositories, tmp_path, looker):
    repository = repositories.copy(tmp_path, "sealed")
    seen = looker(CHECK, path=repository).look().kept("unknown_no_key")
    assert seen.state == "unknown" and seen.facts.stanzas[0].trouble == "sealed"
    assert "unknown no_key" in seen.bad().values()

    class Key:
        def secret(self, name):
            if name != "cipher":
                raise ObservationError(ErrorKind.DENIED, name)
            return {"passphrase": CIPHER}

    check = registry.get(CHECK)
    params = from_json(check.params, {"path": str(repository), "key": "cipher", "fulls": 1}, "params")

    def judged(key=Key):
        now = 1_900_000_000_000
        found = list(
            check.judge(Seen(check.observe(open_backups(Transient({}), key(), now), params), now), params)
        )
        return {r.name.rpartition(":")[2]: str(r.state) for r in found if "archive" not in r.name}

    class Wrong(Key):
        def secret(self, name):
            return {"passphrase": "another"}

    assert judged()["unchanged"] == "ok"
    # With another passphrase nothing can be told: damage would look alike.
    found = judged(Wrong)
    assert "crit" not in found.values() and found["well_formed"] == found["fulls"] == "unknown"
    flip(max((repository / "backup").rglob("bundle/*"), key=lambda one: one.stat().st_size))
    assert judged()["unchanged"] == "crit"


def test_a_stanza_that_was_never_here_can_not_be_told_and_one_that_was_is_missing(looks, repository):
    failed = looks.fails(stanza="mian")
    assert str(failed.kind) == "unreachable" and "there are main" in failed.detail
    assert looks.look(stanza="main").bad() == {}
    shutil.rmtree(repository / "backup/main")
    shutil.rmtree(repository / "archive/main")
    (repository / "archive/other").mkdir()
    assert looks.look(stanza="main").state == "crit"


def test_nothing_there_is_missing(looker, tmp_path):
    assert looker(CHECK, path=tmp_path / "none").look().state == "crit"
    tmp_path.chmod(0o700)
    (tmp_path / "repository").mkdir(mode=0o700)
    assert looker(CHECK, path=tmp_path / "repository").look().state == "crit"


def test_files_that_are_cut_or_garbled_end_in_one_error():
    whole = b'[backrest]\nbackrest-checksum="x"\n'
    assert sections(b"[a]\nb=1\n" + whole)["a"] == {"b": 1}
    assert sections(b'[a]\nname=with={"x":1}\n' + whole)["a"] == {"name=with": {"x": 1}}
    for raw in (b"", b"[a]\nb=1\n", b"b=1\n" + whole, b"[a]\nb={\n" + whole, b"[a]\nx\n" + whole):
        with pytest.raises(GarbledError):
            sections(raw)
    said = read_said("status: ok\n  backup: a, status: missing manifest, total")
    assert said.labels == {"a": "missing_manifest"} and read_said("x\n").status == ""
