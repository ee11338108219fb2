"""Trees and their copies: what a manifest says, and what is found against it."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checks.api import ErrorKind, ObservationError, Seen
from checks.artefacts import hashes
from checks.artefacts.manifest import ManifestError, content_of, decoded, encoded, replay, summary
from checks.backup import manifest, tree


def test_a_copy_that_is_as_its_source_was_is_good_at_every_level(two_days) -> None:
    assert two_days.bad() == {}
    found = two_days.looked().artefacts[0]
    assert found.base.fingerprint == found.base.expected == two_days.facts.artefacts[0].base.fingerprint
    assert (found.chain, found.files, found.base.made.end) == (2, 42, two_days.now)


def test_a_day_manifest_holds_what_changed_and_the_chain_comes_to_the_tree(two_days) -> None:
    day = two_days.facts.artefacts[0]
    assert (day.base.kind, day.added, day.changed, day.deleted) == ("incremental", 1, 2, 1)
    chain = [lambda p=p: [p.read_bytes()] for p in sorted(two_days.manifests.glob("*.manifest.gz"))]
    assert summary(chain[1]).parent == summary(chain[0]).digest == day.base.parent
    names = [path for path, _ in replay(chain)]
    assert names == sorted(names)
    assert b"1/doc5.txt" not in names and b"new.txt" in names
    # Only what moved was read: of one directory each, and the file, the time or the digest.
    assert day.read_files == 2 + sum((zlib_turn(path) for path in names), 0)


def zlib_turn(path: bytes) -> int:
    import zlib

    if path in (b"new.txt", b"0/doc4.txt") or path.endswith(b"/"):
        return 0
    return (zlib.crc32(path) + 2) % 28 == 0


def test_replaying_the_chain_gives_the_same_root_as_a_full_one(two_days) -> None:
    day = two_days.facts.artefacts[0]
    two_days.source_kept.clear()
    again = two_days.made()
    assert (again.base.kind, again.root, again.base.fingerprint) == ("full", day.root, day.base.fingerprint)


def missing(site) -> None:
    (site.copy / "2" / "doc6.txt").unlink()


def extra(site) -> None:
    (site.copy / "2" / "stranger").write_bytes(b"")


def flipped(site) -> None:
    path = site.copy / "3" / "doc39.txt"
    data = bytearray(path.read_bytes())
    data[100] ^= 4
    kept = path.stat()
    while path.stat().st_ctime_ns == kept.st_ctime_ns:  # the clock of the file system ticks slowly
        path.write_bytes(data)
    os.utime(path, ns=(kept.st_atime_ns, kept.st_mtime_ns))


def shorter(site) -> None:
    path = site.copy / "3" / "doc39.txt"
    path.write_bytes(path.read_bytes()[:-1])


def not_deleted(site) -> None:
    (site.copy / "1" / "doc5.txt").write_bytes(b"5 " * 250)


def other_kind(site) -> None:
    (site.copy / "2" / "doc6.txt").unlink()
    (site.copy / "2" / "doc6.txt").symlink_to("doc10.txt")


def no_manifest(site) -> None:
    shutil.rmtree(site.top / "server" / "manifests")


def no_parent(site) -> None:
    min((site.top / "server" / "manifests").glob("*.gz")).unlink()


def cut_manifest(site) -> None:
    path = max((site.top / "server" / "manifests").glob("*.gz"))
    path.write_bytes(path.read_bytes()[:-20])


def edited_manifest(site) -> None:
    flipped(site)
    path = min((site.top / "server" / "manifests").glob("*.gz"))
    text = gzip.decompress(path.read_bytes())
    import hashlib

    old = hashlib.sha256(b"39 " * 1950).hexdigest().encode()
    new = hashlib.sha256((site.copy / "3" / "doc39.txt").read_bytes()).hexdigest().encode()
    assert old in text
    path.write_bytes(gzip.compress(text.replace(old, new)))


def edited_newest(site) -> None:
    path = max((site.top / "server" / "manifests").glob("*.gz"))
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"-\t1/doc5.txt\n", b"")))


def all_gone(site) -> None:
    shutil.rmtree(site.copy)
    site.copy.mkdir(mode=0o700)


def open_to_all(site) -> None:
    site.copy.chmod(0o755)


def of_tomorrow(site) -> None:
    os.utime(site.copy / "new.txt", ns=((site.now + 86_400_000) * 1_000_000,) * 2)


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (missing, {"true": "files_missing"}),
        (extra, {"true": "files_extra"}),
        (flipped, {"unchanged": "changed", "true": "files_differ"}),
        (shorter, {"unchanged": "changed", "true": "files_differ"}),
        (not_deleted, {"true": "deletion_not_carried"}),
        (other_kind, {"unchanged": "changed", "true": "files_differ"}),
        (no_manifest, {"unchanged": "manifest_missing"}),
        (no_parent, {"unchanged": "manifest_missing"}),
        (cut_manifest, {"unchanged": "manifest_edited"}),
        (edited_manifest, {"unchanged": "manifest_edited"}),
        (edited_newest, {"unchanged": "manifest_edited", "true": "files_missing"}),
        (all_gone, {"present": "empty", "true": "files_missing"}),
        (open_to_all, {"placed": "open_to_others"}),
        (of_tomorrow, {"fresh": "from_the_future"}),
    ],
)
def test_what_is_planted_in_a_copy_is_found(two_days, plant, expected) -> None:
    assert two_days.bad() == {}
    plant(two_days)
    assert two_days.bad() == expected


def test_an_unmoved_file_is_not_read_again_until_its_turn_and_none_stays_unread_for_long(two_days) -> None:
    first = two_days.looked(rolling=5).artefacts[0]
    assert first.read_files == first.files == 42
    reads = []
    for _ in range(5):
        two_days.next_day()
        found = two_days.looked(rolling=5).artefacts[0]
        reads.append(found.read_files)
        assert found.base.fingerprint == first.base.fingerprint
    assert sum(reads) == 42
    assert found.oldest_read > first.oldest_read
    assert found.oldest_read >= two_days.now - 4 * 86_400_000


def test_silent_damage_is_found_within_the_rolling_time(two_days) -> None:
    two_days.looked(rolling=4)
    path = two_days.copy / "3" / "doc39.txt"
    data = path.read_bytes().replace(b"39", b"38", 1)
    before = path.stat()
    while path.stat().st_ctime_ns == before.st_ctime_ns:
        path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # ctime moves all the same
    assert two_days.bad(rolling=4) == {"unchanged": "changed", "true": "files_differ"}


def test_content_that_changes_under_the_same_times_at_the_source_is_told(site, monkeypatch) -> None:
    from checks.artefacts import treemake

    site.made()
    monkeypatch.setattr(treemake.Turn, "of", lambda self, path: True)
    # Nothing in user space can keep ctime: the state is made to say what the file says.
    path = site.put("0/doc4.txt", b"X" * 400, mtime_ns=(site.source / "0" / "doc8.txt").stat().st_mtime_ns)
    state = max((site.top / "state" / "backups" / "manifest-oa").glob("state-*"))
    found = path.stat()
    lines = state.read_bytes().split(b"\n")
    for i, line in enumerate(lines):
        if line.startswith(b"0/doc4.txt\t"):
            fields = line.split(b"\t")
            fields[2:4] = [b"400", b"%d" % found.st_mtime_ns]
            fields[-2:] = [b"%d" % found.st_ctime_ns, b"%d" % found.st_ino]
            lines[i] = b"\t".join(fields)
    state.write_bytes(b"\n".join(lines))
    made = site.made()
    assert made.silent == ("0/doc4.txt",)
    readings = list(manifest.judge(Seen(site.facts, site.now), manifest.Params(path="/x")))
    assert [r.reason for r in readings if r.name == "files:unchanged"] == ["changed"]


def test_links_hard_links_sparse_files_and_odd_names_are_as_they_were(site) -> None:
    site.put("办公/报告 1%.txt".encode("gbk"))
    site.put("办公/报告.txt")
    site.put("new\nline\ttab")
    (site.source / "dangling").symlink_to("/outside/没有")
    (site.source / "loop").symlink_to(".")
    os.link(site.put("hard1", b"x" * 100), site.source / "hard2")
    with open(site.source / "sparse", "wb") as file:
        file.truncate(64 << 20)
    (site.source / "empty-folder").mkdir()
    os.mkfifo(site.source / "pipe")
    made = site.made()

    site.copy.parent.mkdir(exist_ok=True)
    subprocess.run(["cp", "-a", site.source, site.copy], check=True)
    site.copy.chmod(0o700)
    site.carry_manifests()
    assert site.bad(strict=False) == {}
    found = site.looked().artefacts[0]
    assert (found.base.fingerprint, found.metadata.count) == (made.base.fingerprint, 0)
    text = gzip.decompress(next(site.manifests.glob("*.manifest.gz")).read_bytes())
    assert b"%B0%EC%B9%AB/%B1%A8%B8%E6%201%25.txt" in text
    assert b"\th:hard1" in text
    assert b"sparse\tf\t67108864\t" in text and b"\ts\tb:" in text


@pytest.mark.parametrize("name", [b"plain", b"100%", b"\xb0\xec", b"a b\tc\nd", "办公".encode(), b"%41"])
def test_a_name_survives_its_line(name: bytes) -> None:
    assert decoded(encoded(name)) == name
    assert not set(encoded(name)) & set(b"\t\n ")


def test_a_weekend_without_a_change_is_an_empty_increment_that_is_stated(two_days) -> None:
    top = two_days.top / "server" / "inc"
    day = top / "20270116d"
    two_days.looked()
    two_days.next_day()
    made = two_days.made(rolling=0)
    assert (made.added, made.changed, made.deleted) == (0, 0, 0)
    day.mkdir(parents=True, mode=0o700)
    two_days.carry_manifests()
    shutil.copy2(max(two_days.manifests.glob("*.manifest.gz")), f"{day}.manifest.gz")
    pool = f"{two_days.top}/server/manifests/*.manifest.gz"
    assert two_days.bad(path=f"{top}/%Y%m%dd", layout="increments", manifests=pool) == {}
    (day / "stranger").write_bytes(b"1")
    assert two_days.bad(path=f"{top}/%Y%m%dd", layout="increments", manifests=pool) == {"true": "files_extra"}


def increment_of(site, name: str, files: tuple[str, ...]) -> Path:
    day = site.top / "server" / "inc" / name
    day.mkdir(parents=True, mode=0o700)
    for file in files:
        (day / file).parent.mkdir(exist_ok=True)
        shutil.copy2(site.source / file, day / file)
    site.carry_manifests()
    (day / ".roundseal").mkdir()
    shutil.copy2(max(site.manifests.glob("*.manifest.gz")), day / ".roundseal")
    return day


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (("0/doc4.txt", "new.txt"), {}),
        (("new.txt",), {"true": "files_missing"}),
        (("0/doc4.txt", "new.txt", "0/doc8.txt"), {"true": "files_extra"}),
    ],
)
def test_an_increment_holds_what_its_day_manifest_says(two_days, files, expected) -> None:
    increment_of(two_days, "20270116d", files)
    pool = f"{two_days.top}/server/manifests/*.manifest.gz"
    path = f"{two_days.top}/server/inc/%Y%m%dd"
    assert two_days.bad(path=path, layout="increments", manifests=pool) == expected
    found = two_days.looked(path=path, layout="increments", manifests=pool).artefacts[0]
    assert found.base.kind == "incremental"
    assert found.base.fingerprint == ("" if expected else two_days.facts.artefacts[0].base.fingerprint)


def test_a_file_that_moves_while_it_is_read_is_excused_and_alarms_after_three_days(site) -> None:
    path = site.put("growing.log", b"x")
    os.truncate(path, 96 << 20)
    writer = subprocess.Popen(["sh", "-c", 'while :; do printf y >>"$0"; done', str(path)])
    told: dict[int, str] = {}
    try:
        for _ in range(40):  # a busy machine may let the writer wait for a whole reading
            site.next_day()
            made = site.made()
            readings = list(manifest.judge(Seen(site.facts, site.now), manifest.Params(path="/x")))
            told[made.longest_moving] = next(r.reason for r in readings if r.name == "files:true")
            if made.longest_moving == 3:
                break
    finally:
        writer.kill()
        writer.wait()
    assert made.moving == 1
    assert {times: told[times] for times in (1, 2, 3)} == {1: "", 2: "", 3: "moving"}
    site.carried()
    assert site.bad() == {}
    (site.copy / "growing.log").unlink()
    assert site.bad() == {}


def test_blake3_is_named_in_the_manifest_and_finds_the_same(site) -> None:
    pytest.importorskip("blake3", reason="NOT TESTED: no package blake3 here")
    site.made(digest="blake3")
    site.next_day()
    site.put("large.bin", os.urandom(17 << 20))
    made = site.made(digest="blake3")
    assert (made.base.kind, made.digest) == ("incremental", "blake3")
    site.carried()
    assert site.bad() == {}
    found = site.looked().artefacts[0]
    assert (found.digest, found.chain, found.base.fingerprint) == ("blake3", 2, made.base.fingerprint)
    sample = {"sample_ppm": 999_000, "miss_ppm": 100, "seed": "s", "seed_from": "checkpoint"}
    assert site.looked(**sample).artefacts[0].sample.blocks.bad == 0
    flipped(site)
    assert site.bad() == {"unchanged": "changed", "true": "files_differ"}


def test_another_digest_begins_a_new_full_manifest_and_what_was_read_before_is_read_again(site) -> None:
    pytest.importorskip("blake3", reason="NOT TESTED: no package blake3 here")
    site.made()
    site.carried()
    assert site.bad() == {}
    site.next_day()
    assert site.made(digest="blake3").base.kind == "full"
    site.carry_manifests()
    first, second = site.looked().artefacts[0], site.looked().artefacts[0]
    assert (first.files, first.read_files, first.differ.count) == (42, 42, 0)
    assert second.read_files < 42
    site.next_day()
    assert site.made().base.kind == "full"


def test_without_the_package_blake3_is_unsupported_and_nothing_is_said_of_the_copy(site, monkeypatch) -> None:
    site.made()
    site.carried()
    monkeypatch.setitem(sys.modules, "blake3", None)  # as where it is not installed
    hashes._empty.cache_clear()
    try:
        with pytest.raises(ObservationError, match="needs the Python package blake3") as told:
            site.made(digest="blake3")
        assert told.value.kind == ErrorKind.UNSUPPORTED
    finally:
        hashes._empty.cache_clear()


def test_a_missing_state_begins_anew_with_a_full_manifest(two_days) -> None:
    for path in two_days.manifests.glob("state-*"):
        path.unlink()
    assert two_days.made().base.kind == "full"


def test_a_lost_result_leaves_no_hole_in_the_chain(two_days) -> None:
    kept = dict(two_days.source_kept)
    two_days.next_day()
    two_days.put("lost.txt")
    lost = two_days.made()
    two_days.source_kept = kept  # the agent died before the result was recorded
    two_days.next_day()
    again = two_days.made()
    assert again.base.parent == lost.base.parent
    assert again.added == 1
    two_days.carried()
    assert two_days.bad() == {}


def test_a_full_one_begins_anew_after_so_many_days(site) -> None:
    kinds = []
    for _ in range(5):
        kinds.append(site.made(base_every=2).base.kind)
        site.next_day()
    assert kinds == ["full", "incremental", "incremental", "full", "incremental"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"hello\n",
        b"roundseal-manifest\t1\n",
        b"roundseal-manifest\t1\nobject\tx\ntree\t/x\nmade\t1\nparent\t-\n",
        b"roundseal-manifest\t1\nobject\tx\ntree\t/x\nmade\tx\nparent\t-\nend\t\t\t0\t0\n",
        b"roundseal-manifest\t1\nobject\tx\ntree\t/x\nmade\t1\nparent\t-\n+\tb\n+\ta\nend\t\t\t0\t0\n",
        b"roundseal-manifest\t1\nobject\tx\ntree\t/x\nmade\t1\nparent\t-\nend\t\t\t0\t0\n+\ta\n",
        b"roundseal-manifest\t1\nobject\tx\ntree\t/x\nmade\t1\nparent\t-\n+\ta\nend\t\t\t0\t0",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_no_whole_manifest_is_an_error(text: bytes, pack) -> None:
    with pytest.raises(ManifestError):
        summary(lambda: [pack(text)])


def test_content_of_a_line_leaves_out_times_and_modes() -> None:
    line = b"a%20b\tf\t3\t17\t644\troot:root\t" + b"0" * 64 + b"\ts"
    assert content_of(line) == b"a%20b\tf\t3\t" + b"0" * 64 + b"\n"
    assert content_of(b"l\tl\t\t17\t777\troot:root\t\t>:to") == b"l\tl\tto\n"


def test_params_that_cannot_be_are_refused() -> None:
    for wrong in ({"layout": "odd"}, {"sample_ppm": 1}, {"sample_ppm": 1000}, {"seed_from": "me"}):
        with pytest.raises(ValueError):
            tree.Params(path="/x", **wrong)


def test_what_was_changed_just_now_is_read_again(two_days, monkeypatch) -> None:
    import time

    monkeypatch.setattr(type(two_days), "next_day", lambda self: None)
    two_days.now = time.time_ns() // 1_000_000
    two_days.put("just-now")
    two_days.made(rolling=0)
    two_days.now = time.time_ns() // 1_000_000 + 60_000
    assert two_days.made(rolling=0).read_files >= 1
    two_days.now += 60_000
    assert two_days.made(rolling=0).read_files == 0


@pytest.fixture
def three_copies(site) -> Path:
    """A directory a day with its manifest beside it, each manifest resting on the one before."""
    top = site.top / "server" / "days"
    top.mkdir(mode=0o700)
    for number in range(1, 4):
        site.put(f"new{number}.txt", b"%d" % number)
        site.made()
        shutil.copytree(site.source, top / f"2027011{number}d", copy_function=shutil.copy2)
        (top / f"2027011{number}d").chmod(0o700)
        newest = max(site.manifests.glob("2*"), key=lambda path: path.name)
        shutil.copy2(newest, top / f"2027011{number}d.manifest.gz")
        site.next_day()
    return top


def words_of_days(site, top: Path) -> dict[str, str]:
    found = site.looked(path=f"{top}/*d", artefacts=3)
    readings = tree.judge(Seen(found, site.now), site.params)
    return {r.name[6:8]: r.reason for r in readings if r.name.endswith(":unchanged") and r.reason}


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_day_whose_manifest_is_gone_is_not_called_edited_nor_are_those_after_it(
    site, three_copies, seen_before
) -> None:
    if seen_before:
        assert words_of_days(site, three_copies) == {}
    (three_copies / "20270112d.manifest.gz").unlink()
    assert words_of_days(site, three_copies) == {"12": "manifest_missing", "13": "manifest_missing"}
    # Nothing was compared, so no size is known: that of a directory is not that of its files.
    unread = [one.base for one in site.looked(path=f"{three_copies}/*d", artefacts=3).artefacts[:2]]
    assert [one.bytes for one in unread] == [0, 0]


def test_a_day_that_is_gone_with_its_manifest_was_not_edited_if_it_was_seen(site, three_copies) -> None:
    assert words_of_days(site, three_copies) == {}
    shutil.rmtree(three_copies / "20270112d")
    (three_copies / "20270112d.manifest.gz").unlink()
    assert words_of_days(site, three_copies) == {"13": "manifest_missing"}


@pytest.mark.parametrize("seen_before", [True, False])
def test_a_manifest_that_was_edited_is_called_so(site, three_copies, seen_before) -> None:
    if seen_before:
        assert words_of_days(site, three_copies) == {}
    path = three_copies / "20270112d.manifest.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"new2.txt", b"new9.txt")))
    assert words_of_days(site, three_copies) == {"12": "manifest_edited", "13": "manifest_edited"}
