"""Archives read to their end: what is cut, joined, appended, edited or dangerous shows."""

import gzip
import io
import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from agent.sources.backup_local import LocalPlace
from checks.artefacts.standing import digest

ID = "backup.archive"


def cut(path: Path, size: int) -> Path:
    os.truncate(path, size if size >= 0 else path.stat().st_size + size)
    return path


def flipped(path: Path, at: int | None = None) -> Path:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 if at is None else at] ^= 1
    path.write_bytes(raw)
    return path


@pytest.fixture
def reasons(verified, shop):
    """Words of one artefact."""

    def run(path, name="", **params):
        seen = verified(ID, {"path": str(path), **params}, name=name, secrets=shop.secrets)
        assert "stands" not in seen.reasons
        return seen.reasons

    return run


@pytest.mark.parametrize(
    ("tool", "ending", "flags"),
    [
        ("gzip", "gz", ()),
        ("bzip2", "bz2", ()),
        ("xz", "xz", ()),
        ("zstd", "zst", ("-q",)),
        ("gzip", "tgz", ("-1",)),
    ],
)
def test_a_good_archive_is_good_however_it_is_packed(shop, verified, tool, ending, flags):
    path = shop.packed(tool, shop.tar(), f"b.tar.{ending}" if ending != "tgz" else "b.tgz", *flags)
    seen = verified(ID, {"path": str(path)}, name="ok_tar_gz" if ending == "gz" else "")
    assert seen.reasons == {}
    found = seen.facts.artefacts[0].read
    assert (found.content, found.contents.files) == ("tar", 24)
    assert found.contents.root == digest(LocalPlace(), LocalPlace().stat(str(shop.source))).sha256


def test_zip_and_7z_hold_the_same_content_as_the_tar(shop, verified):
    subprocess.run(["zip", "-qry", str(shop.place / "a.zip"), "."], cwd=shop.source, check=True)
    (shop.place / "a.zip").chmod(0o600)
    shop.zipped("a.7z", "-snl", "-snh")
    roots = {}
    for name in ("a.zip", "a.7z"):
        seen = verified(ID, {"path": str(shop.place / name)})
        assert seen.reasons == {}
        roots[name] = seen.facts.artefacts[0].read.contents
    # Info-ZIP keeps the GBK name's bytes, as tar does; 7z reads them as text.
    assert roots["a.zip"].root == digest(LocalPlace(), LocalPlace().stat(str(shop.source))).sha256
    assert roots["a.7z"].files == 24


def test_an_archive_that_breaks_off_is_truncated(shop, reasons):
    for tool, ending in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
        for size in (-1, 30_000):
            path = cut(shop.packed(tool, shop.tar(), f"c.tar.{ending}"), size)
            assert reasons(path)["well_formed"] == "truncated", (tool, size)
    assert reasons(cut(shop.tar("d.tar"), 100_000), name="crit_truncated")["well_formed"] == "truncated"
    assert reasons(cut(shop.tar("e.tar"), -1))["well_formed"] == "truncated"
    assert reasons(cut(shop.zipped("f.7z"), -1))["well_formed"] == "truncated"
    assert reasons(cut(shop.zipped("f.zip"), -1))["well_formed"] == "truncated"


def test_a_tar_without_its_end_is_truncated_although_every_file_is_whole(shop, reasons):
    path = shop.tar()
    with tarfile.open(path) as tar:
        last = max(one.offset_data + -(-one.size // 512) * 512 for one in tar)
    assert reasons(cut(path, last))["well_formed"] == "truncated"


def test_rubbish_in_the_middle_is_damage_and_not_the_end(shop, reasons):
    path = shop.tar()
    with tarfile.open(path) as tar:
        middle = sorted(one.offset for one in tar)[10]
    raw = bytearray(path.read_bytes())
    raw[middle : middle + 512] = b"x" * 512
    path.write_bytes(raw)
    assert reasons(path)["well_formed"] == "damaged"


def test_a_flipped_byte_shows_where_there_is_a_checksum(shop, reasons):
    for tool, ending in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
        assert reasons(flipped(shop.packed(tool, shop.tar(), f"c.tar.{ending}")))["well_formed"] == "damaged"
    assert reasons(flipped(shop.zipped("f.zip", "-mx=0")))["well_formed"] == "damaged"
    assert "well_formed" in reasons(flipped(shop.zipped("f.7z")))


def test_two_members_are_found_and_a_parallel_compressors_blocks_are_none(shop, reasons):
    path = shop.packed("gzip", shop.tar(), "two.tar.gz")
    whole = path.read_bytes()
    path.write_bytes(whole + whole)
    assert reasons(path)["well_formed"] == "several_members"
    # A tar's own end is in the middle then, so its second half is no part of it.
    assert reasons(path, several=True)["well_formed"] == "several_members"
    tar = shop.tar().read_bytes()
    blocks = [tar[at : at + 65_280] for at in range(0, len(tar), 65_280)]
    path.write_bytes(b"".join(gzip.compress(one) for one in blocks))
    assert "well_formed" not in reasons(path)


def test_bytes_behind_the_end_are_found_and_padding_is_none(shop, reasons):
    for tool, ending in (("gzip", "gz"), ("bzip2", "bz2"), ("xz", "xz"), ("zstd", "zst")):
        path = shop.packed(tool, shop.tar(), f"t.tar.{ending}")
        whole = path.read_bytes()
        path.write_bytes(whole + b"rubbish behind it")
        assert reasons(path)["well_formed"] in ("trailing_bytes", "several_members"), tool
        if tool == "gzip":
            path.write_bytes(whole + b"\0" * 4096)
            assert "well_formed" not in reasons(path)
    for path in (shop.zipped("t.zip"), shop.zipped("t.7z"), shop.tar("t.tar")):
        path.write_bytes(path.read_bytes() + b"rubbish behind it")
        assert reasons(path)["well_formed"] == "trailing_bytes"


def test_what_carries_no_checksum_is_a_finding_unless_a_digest_was_recorded(shop, reasons):
    path = shop.packed("zstd", shop.tar(), "n.tar.zst", "-q", "--no-check")
    assert reasons(path)["well_formed"] == "no_checksum"
    assert reasons(shop.packed("xz", shop.tar(), "n.tar.xz", "--check=none"))["well_formed"] == "no_checksum"
    shop.run("sha256sum", path, to=path.with_name(path.name + ".sha256"))
    assert reasons(path) == {}


def test_nothing_packed_is_nothing(shop, reasons):
    (shop.place / "nothing").touch()
    path = shop.packed("gzip", shop.place / "nothing", "nothing.gz")
    assert path.stat().st_size < 40
    assert reasons(path, name="crit_nothing_inside")["present"] == "nothing_inside"
    empty = shop.place / "empty.tar"
    with tarfile.open(empty, "w"):
        pass
    empty.chmod(0o600)
    assert reasons(empty)["present"] == "nothing_inside"


def test_names_that_would_leave_the_directory_are_a_finding(shop, reasons):
    path = shop.place / "names.tar"
    for names in (["../../etc/passwd"], ["/etc/passwd"], ["c:\\windows\\x"]):
        with tarfile.open(path, "w") as tar:
            for name in names:
                entry = tarfile.TarInfo(name)
                entry.size = 1
                tar.addfile(entry, io.BytesIO(b"x"))
        path.chmod(0o600)
        assert reasons(path)["well_formed"] == "unsafe_names", names
    with tarfile.open(path, "w") as tar:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
        entry = tarfile.TarInfo("out/passwd")
        tar.addfile(entry)
    assert reasons(path)["well_formed"] == "unsafe_names"


def test_a_local_header_that_says_something_else_is_damage(shop, reasons):
    path = shop.place / "h.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.txt", "x" * 1000)
        made.writestr("b.txt", "y" * 1000)
    path.chmod(0o600)
    assert reasons(path) == {}
    raw = bytearray(path.read_bytes())
    raw[30:35] = b"b.txt"
    path.write_bytes(raw)
    assert reasons(path)["well_formed"] == "damaged"


def test_a_bomb_is_not_unpacked_to_its_end_and_nothing_is_told(shop, verified):
    path = shop.place / "bomb.gz"
    asked = ["head", "-c", "200M", "/dev/zero"]
    with open(path, "wb") as out, subprocess.Popen(asked, stdout=subprocess.PIPE) as zeros:
        subprocess.run(["gzip", "-1"], stdin=zeros.stdout, stdout=out, check=True)
    path.chmod(0o600)
    seen = verified(ID, {"path": str(path), "limits": {"bytes": 10_000_000}}, name="unknown_bomb")
    assert seen.reasons == {"well_formed": "too_much"}
    assert str(seen.result.state) == "unknown"
    with zipfile.ZipFile(shop.place / "b.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a", bytes(20_000_000))
    (shop.place / "b.zip").chmod(0o600)
    found = verified(ID, {"path": str(shop.place / "b.zip"), "limits": {"bytes": 10_000_000}})
    assert found.reasons == {"well_formed": "too_much"}


def test_hostile_headers_end_in_words(shop, reasons):
    path = shop.place / "evil.tar"
    entry = tarfile.TarInfo("a")
    for change in (
        lambda raw: raw[:124] + b"\xff" * 12 + raw[136:],  # a negative size
        lambda raw: raw[:156] + b"x" + raw[157:],  # a header whose records are the next block
        lambda raw: raw[:156] + b"L" + raw[157:],
        lambda raw: raw[:124] + b"77777777777\0" + raw[136:156] + b"x" + raw[157:],  # eight GiB of header
    ):
        raw = change(entry.tobuf())
        total = sum(raw[:148]) + 8 * 32 + sum(raw[156:])
        raw = raw[:148] + b"%06o\0 " % total + raw[156:]
        path.write_bytes(raw + os.urandom(1024) + bytes(1024))
        path.chmod(0o600)
        assert reasons(path)["well_formed"] in ("damaged", "truncated")


def test_yesterdays_file_under_todays_name(shop, verified):
    first = shop.packed("gzip", shop.tar(), "20260302.tar.gz", "-n")
    second = shop.place / "20260303.tar.gz"
    second.write_bytes(first.read_bytes())
    second.chmod(0o600)
    os.utime(first, (1_700_000_000, 1_700_000_000))
    memory = {}
    params = {"path": str(shop.place / "%Y%m%d.tar.gz"), "artefacts": 2}
    verified(ID, params, memory=memory)
    seen = verified(ID, {**params, "artefacts": 1}, memory=memory)
    assert seen.of("20260303.tar.gz") == {"fresh": "same_as_before"}


def test_what_did_not_move_is_not_read_again_and_what_changed_in_silence_is(shop, verified):
    path = shop.packed("gzip", shop.tar(), "s.tar.gz")
    memory, params = {}, {"path": str(path), "rolling": 0}
    first = verified(ID, params, memory=memory, now=1_900_000_000_000)
    again = verified(ID, params, memory=memory, now=1_900_000_100_000)
    assert again.facts.artefacts[0].base.read_at == 1_900_000_000_000
    assert again.facts.artefacts[0].read == first.facts.artefacts[0].read
    times = path.stat()
    flipped(path, 5)  # a byte of the header's time: the content is what it was
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    seen = verified(ID, params, memory=memory)
    assert seen.reasons == {"unchanged": "changed"}


def test_volumes_are_one_artefact_and_a_missing_one_shows(shop, verified):
    password = shop.secrets["ops"]["password"]
    shop.zipped("v.7z", "-v60k", f"-p{password}", "-mhe=on")
    whole = shop.packed("gzip", shop.tar(), "w.tar.gz").read_bytes()
    for number, at in enumerate(range(0, len(whole), 70_000), 1):
        (shop.place / f"w.tar.gz.{number:03}").write_bytes(whole[at : at + 70_000])
    (shop.place / "w.tar.gz").unlink()
    for path in shop.place.iterdir():
        path.chmod(0o600)
    params = {"path": str(shop.place / "v.7z.*"), "sealed": {"scheme": "7z", "secret": "ops"}}
    seen = verified(ID, params, secrets=shop.secrets)
    one = seen.facts.artefacts[0]
    assert seen.reasons == {} and seen.facts.stands.count == 1
    assert (one.base.name, one.base.parts, one.read.contents.files) == ("v.7z", 4, 24)
    plain = verified(ID, {"path": str(shop.place / "w.tar.gz.*")})
    assert plain.reasons == {} and plain.facts.artefacts[0].read.contents.files == 24
    (shop.place / "v.7z.002").unlink()
    (shop.place / "w.tar.gz.002").unlink()
    assert verified(ID, params, secrets=shop.secrets).reasons["present"] == "part_missing"
    plain = verified(ID, {"path": str(shop.place / "w.tar.gz.*")}, name="crit_part_missing")
    assert plain.reasons["present"] == "part_missing"
