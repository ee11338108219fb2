"""What stands at a place, with real files."""

import hashlib
import os
import shutil
import subprocess
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from agent.sources.backup import BackupLooks, open_backups
from agent.sources.backup_shelf import LocalShelf
from agent.sources.means import Means
from agent.sources.memory import Transient
from checks.api import ErrorKind, ObservationError, State
from checks.artefacts import basic, standing
from checks.artefacts.artefact import Artefact, Made
from checks.artefacts.levels import Outcome, by_level
from checks.artefacts.look import Look
from checks.artefacts.standing import pattern_of, read, remembered, survey, top_of

NOW = 1_800_000_000_000


@pytest.fixture
def kept() -> dict[str, object]:
    return {}


def backups(kept: dict[str, object]) -> BackupLooks:
    return open_backups(Transient(kept), Means(), NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backup"
    made.mkdir(mode=0o700)
    return made


def put(path: Path, data: bytes = b"rows", age_s: int = 60, mode: int = 0o600) -> Path:
    before = path.stat().st_ctime_ns if path.exists() else 0
    path.write_bytes(data)
    while path.stat().st_ctime_ns == before:  # the clock of the file system ticks slowly
        path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, ns=((NOW - age_s * 1000) * 1_000_000,) * 2)
    return path


def looked(kept: dict[str, object], params: Look) -> tuple[Artefact, ...]:
    source = backups(kept)
    with source.place(params) as place, remembered(source, "read") as memory:
        found = survey(place, params, memory)
        return tuple(read(place, found, entry, memory, params, source.now()) for entry in found.chosen)


def reasons(base: Artefact, params: Look) -> dict[str, str]:
    found = by_level(basic.judge_base(base, params, NOW, inner=False))
    return {
        level.word: one.reason or "good" for level, one in found.items() if one.outcome is not Outcome.GOOD
    }


def test_dates_in_a_pattern_fit_any_digits_and_names_are_below_the_fixed_part() -> None:
    assert pattern_of("/b/%Y%m%d-*.dmp") == "/b/" + "[0-9]" * 8 + "-*.dmp"
    assert pattern_of("/b/100%%") == "/b/100%"
    assert top_of("/b/c/*/x.dmp") == "/b/c"
    assert top_of("/x") == "/"


def test_the_newest_are_read_and_everything_that_fits_is_listed(
    kept: dict[str, object], folder: Path
) -> None:
    for day in range(1, 6):
        put(folder / f"2027010{day}.dmp", b"%d" % day, age_s=(6 - day) * 86_400)
    put(folder / "20270106.dmp.part")
    put(folder / "20270105.dmp.sha256")
    (folder / "latest.dmp").symlink_to("20270105.dmp")
    params = Look(path=f"{folder}/*.dmp", artefacts=2, rolling=0)
    source = backups(kept)
    with source.place(params) as place:
        found = survey(place, params)
    assert [one.name for one in found.stands.listed] == [f"2027010{day}.dmp" for day in (5, 4, 3, 2, 1)]
    assert [one.name for one in found.stands.unfinished] == ["20270106.dmp.part"]
    assert [one.path.rpartition("/")[2] for one in found.chosen] == ["20270105.dmp", "20270104.dmp"]


def test_only_a_temporary_name_is_unfinished_not_missing(kept: dict[str, object], folder: Path) -> None:
    put(folder / "a.dmp.part")
    params = Look(path=f"{folder}/*.dmp")
    with backups(kept).place(params) as place:
        (told,) = basic.judge_stands(survey(place, params).stands)
    assert (told.value, told.reason) == (0, "unfinished")


def test_a_file_not_moved_is_not_read_again_until_its_turn(kept: dict[str, object], folder: Path) -> None:
    put(folder / "a.dmp")
    params = Look(path=f"{folder}/a.dmp", rolling=3)
    first = looked(kept, params)[0]
    assert first.sha256 == hashlib.sha256(b"rows").hexdigest()
    times = []
    for later in range(1, 7):
        source = open_backups(Transient(kept), Means(), NOW + later)
        with source.place(params) as place, remembered(source, "read") as memory:
            found = survey(place, params, memory)
            times.append(read(place, found, found.chosen[0], memory, params, source.now()).read_at)
    assert len(set(times)) in (2, 3)  # two turns in six looks


def test_bytes_changed_under_the_same_size_and_time_are_changed(
    kept: dict[str, object], folder: Path
) -> None:
    path = put(folder / "a.dmp")
    params = Look(path=str(path))
    before = looked(kept, params)[0]
    assert "unchanged" not in reasons(before, params)
    put(path, b"ROWS")
    after = looked(kept, params)[0]
    assert after.recorded == before.sha256 != after.sha256
    assert reasons(after, params) == {"unchanged": "changed"}
    os.utime(put(path, b"new!"), ns=(NOW * 1_000_000,) * 2)
    assert reasons(looked(kept, params)[0], params) == {}  # another backup under the same name


@pytest.mark.parametrize("line", ["{}", "{}  a.dmp", "{} *dir/a.dmp", "0" * 64 + "  b.dmp\n{}  a.dmp"])
def test_a_digest_beside_it_counts(line: str, kept: dict[str, object], folder: Path) -> None:
    path = put(folder / "a.dmp")
    sidecar = put(folder / "a.dmp.sha256", line.format(hashlib.sha256(b"rows").hexdigest()).encode())
    params = Look(path=str(path), recorded=True)
    assert reasons(looked(kept, params)[0], params) == {}
    sidecar.write_bytes(line.format("f" * 64).encode())
    assert reasons(looked(kept, params)[0], params) == {"unchanged": "changed"}
    sidecar.unlink()
    assert reasons(looked({}, params)[0], params) == {"unchanged": "manifest_missing"}


def test_modes_owners_and_open_directories(kept: dict[str, object], folder: Path) -> None:
    path = put(folder / "a.dmp", mode=0o644)
    params = Look(path=str(path), owner=("backup",))
    shared = folder / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    inside = put(shared / "b.dmp")
    assert reasons(looked(kept, params)[0], params) == {"placed": "open_to_others"}
    path.chmod(0o640)
    assert reasons(looked(kept, params)[0], params) == {"placed": "wrong_owner"}
    params = Look(path=str(path), mode="0600")
    assert reasons(looked(kept, params)[0], params) == {"placed": "open_to_others"}
    params = Look(path=str(inside))
    assert reasons(looked(kept, params)[0], params) == {"placed": "parent_writable"}


def test_empty_late_and_future(kept: dict[str, object], folder: Path) -> None:
    params = Look(path=str(put(folder / "a.dmp", b"")), max_age_s=86_400)
    assert reasons(looked(kept, params)[0], params) == {"present": "empty"}
    put(folder / "a.dmp", age_s=90_000)
    assert reasons(looked(kept, params)[0], params) == {"fresh": "late"}
    put(folder / "a.dmp", age_s=-3600)
    assert reasons(looked(kept, params)[0], params) == {"fresh": "from_the_future"}
    old = Artefact("a", "full", 1, 1, NOW, made=Made(end=NOW - 90_000_000))
    assert reasons(old, params) == {"fresh": "old_inside"}


def test_a_directory_is_read_as_a_tree_and_its_copy_has_the_same_root(
    kept: dict[str, object], folder: Path
) -> None:
    for name in ("one.d", "two.d"):
        top = folder / name
        (top / "sub").mkdir(parents=True)
        put(top / "sub" / "x")
        put(top / "sub-x", b"")
        (top / "link").symlink_to("sub/x")
    params = Look(path=f"{folder}/*.d", artefacts=2)
    one, two = looked(kept, params)
    assert (one.sha256, one.parts, one.bytes) == (two.sha256, 2, 4)
    put(folder / "one.d" / "sub" / "x", b"ROWS")
    assert len({made.sha256 for made in looked(kept, params)}) == 2


def test_a_link_a_pipe_and_an_unreadable_one_are_trouble_of_their_own(
    kept: dict[str, object], folder: Path
) -> None:
    (folder / "a.dmp").symlink_to("/etc/hostname")
    os.mkfifo(folder / "b.dmp")
    put(folder / "c.dmp")
    found = looked(kept, Look(path=f"{folder}/*.dmp", artefacts=9))
    assert {one.name: one.trouble for one in found} == {
        "a.dmp": "not_a_file",
        "b.dmp": "not_a_file",
        "c.dmp": "",
    }
    said = {one.name: reasons(one, Look(path="/x")) for one in found}
    assert said["a.dmp"]["unchanged"] == "not_followed"
    assert said["b.dmp"]["unchanged"] == "not_a_file"
    assert "unchanged" not in said["c.dmp"]


def test_a_growing_file_is_moving(kept: dict[str, object], folder: Path) -> None:
    path = put(folder / "a.dmp", b"x" * (8 << 20))
    stop = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not stop.is_set():
                file.write(b"y" * 4096)
                file.flush()

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        base = looked(kept, Look(path=str(path)))[0]
    finally:
        stop.set()
        writer.join()
    assert (base.trouble, base.sha256, reasons(base, Look(path="/x"))) == (
        "moving",
        "",
        {"unchanged": "moving"},
    )


def test_names_in_gbk_are_kept_as_bytes(kept: dict[str, object], folder: Path) -> None:
    name = "办公.dmp".encode("gbk")
    with open(os.fsencode(folder) + b"/" + name, "wb") as file:
        file.write(b"rows")
    (found,) = looked(kept, Look(path=f"{folder}/*.dmp"))
    assert found.name == "%B0%EC%B9%AB.dmp"
    assert found.bytes == 4


def test_a_folder_that_may_not_be_listed_is_no_empty_one(kept: dict[str, object], folder: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("NOT TESTED: root may list every directory")
    folder.chmod(0)
    with pytest.raises(ObservationError) as caught:
        looked(kept, Look(path=f"{folder}/*.dmp"))
    folder.chmod(0o700)
    assert caught.value.kind is ErrorKind.DENIED


def test_past_the_budget_the_rest_is_timeout_and_what_was_read_stays(
    kept: dict[str, object], folder: Path
) -> None:
    put(folder / "a.dmp")
    put(folder / "b.dmp")
    params = Look(path=f"{folder}/*.dmp", artefacts=2)
    source = backups(kept)
    with source.place(params) as place, remembered(source, "read") as memory:
        found = survey(place, params, memory)
        first = read(place, found, found.chosen[0], memory, params, NOW)
        source.guard.at = 0.0
        with pytest.raises(TimeoutError):
            place.stat(found.chosen[1].path)
        from checks.artefacts.standing import digest

        assert digest(place, found.chosen[1]).trouble == "timeout"
    assert first.trouble == ""


def test_very_many_names_are_sorted_through_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agent.sources import backup_local

    monkeypatch.setattr(backup_local, "_AT_HAND", 50)
    for i in range(333):
        (folder / f"{i * 7919 % 333}").touch()
    (folder / "a").mkdir()
    (folder / "a-b").touch()
    found = [one.path for one in backup_local.LocalPlace().walk(str(folder))]
    assert len(found) == 335
    assert found == sorted(found, key=lambda path: path.encode() + b"/" * path.endswith("/a"))


def test_a_huge_sparse_file_uses_up_the_budget_and_nothing_else(
    kept: dict[str, object], folder: Path
) -> None:
    put(folder / "b.dmp", age_s=10)
    with (folder / "a.dmp").open("wb") as file:
        file.truncate(10 << 40)
    os.utime(folder / "a.dmp", ns=((NOW - 60_000) * 1_000_000,) * 2)
    found = looked(kept, Look(path=f"{folder}/*.dmp", artefacts=2, budget_s=1))
    assert [(one.name, one.trouble, bool(one.sha256)) for one in found] == [
        ("b.dmp", "", True),
        ("a.dmp", "timeout", False),
    ]
    assert found[1].bytes == 10 << 40
    assert reasons(found[1], Look(path="/x", mode="0777")) == {"unchanged": "timeout"}


def test_a_full_disk_under_the_shelf_is_told_and_leaves_what_was(tmp_path: Path) -> None:
    small = tmp_path / "state"
    small.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(small)]
    if os.geteuid() != 0 or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED: to fill a disk takes root and a tmpfs")
    try:
        shelf = LocalShelf(small, "key")
        with shelf.write("state") as file:
            file.write(b"old")
        with pytest.raises(ObservationError) as caught, shelf.write("state") as file:
            file.write(bytes(4 << 20))
        assert caught.value.kind is ErrorKind.DENIED
        assert list(shelf.names()) == ["state"]
        with closing(shelf.read("state")) as held:  # type: ignore[type-var]
            assert held.read() == b"old"
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_shelf_takes_plain_names_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no name"):
        LocalShelf(tmp_path, "key").read("../secrets.yaml")
    assert LocalShelf(tmp_path, "../../x").folder.parent == tmp_path / "backups"


def test_more_than_anybody_goes_through_is_no_whole_listing(
    kept: dict[str, object], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agent.sources import backup_match

    monkeypatch.setattr(backup_match, "MOST", 5)
    for day in range(1, 8):
        put(folder / f"2026030{day}.dmp", age_s=800 - day)
    source, params = backups(kept), Look(path=f"{folder}/*.dmp")
    with source.place(params) as place:
        stands = survey(place, params).stands
    # What is left out are the oldest, by the names that dates give.
    assert stands.cut and [one.name[6:8] for one in stands.listed] == ["07", "06", "05", "04", "03"]
    [reading] = basic.judge_stands(stands)
    assert (reading.state, reading.reason) == (State.UNKNOWN, "too_much")
    for day in (1, 2):
        (folder / f"2026030{day}.dmp").unlink()
    with backups(kept).place(params) as place:
        whole = survey(place, params).stands
    assert not whole.cut and [one.state for one in basic.judge_stands(whole)] == [State.OK]


def test_a_directory_above_that_cannot_be_looked_at_is_not_closed(folder: Path) -> None:
    held = put(folder / "a.dmp")
    with backups({}).place(Look(path=str(held))) as place:
        entry = place.stat(str(held))
        shutil.rmtree(folder)
        found = standing.placed(place, entry)
    assert found.parents_untold == (str(folder),) and str(folder) not in found.parents_open
    told = by_level(basic.judge_placed(replace(found, parents_open=()), Look(path="/x", mode="0777")))
    assert {str(one.outcome): one.reason for one in told.values()} == {"could_not_tell": "denied"}
