"""Archives as other tools and options write them: neither a wrong alarm nor a wrong word of praise."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ID = "backup.archive"


@pytest.fixture
def words(verified, shop):
    """Words of one artefact."""
    return lambda path, **params: verified(ID, {"path": str(path), **params}, secrets=shop.secrets).reasons


def made(shop, *argv: object, name: str = "", cwd: Path | None = None) -> Path:
    """What a tool made at the workshop's place."""
    if shutil.which(str(argv[0])) is None:
        pytest.skip(f"NOT TESTED: {argv[0]} is not installed")
    subprocess.run([*map(str, argv)], cwd=cwd or shop.place, check=True, capture_output=True)
    path = shop.place / name
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("tool", ["zip", "7z"])
@pytest.mark.parametrize("size", [1 << 20, (8 << 20) + 2, 3 << 20])
def test_a_zip_of_a_file_that_shrinks_a_thousandfold_is_whole(shop, words, tool, size):
    (shop.place / "zeros").write_bytes(bytes(size))
    argv = ("zip", "-q") if tool == "zip" else ("7z", "a", "-bd", "-y", "-tzip")
    path = made(shop, *argv, "z.zip", "zeros", name="z.zip")
    assert words(path) == {}
    os.truncate(path, path.stat().st_size // 2)
    cut = words(path)
    assert cut.pop("well_formed") == "truncated"
    assert cut in ({}, {"sealed": "unsupported"})  # never `not_sealed`: nobody asked for a seal


def test_a_flip_in_an_open_7z_is_damage(shop, words):
    path = shop.zipped("a.7z")
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)
    assert words(path) == {"well_formed": "damaged"}


def test_the_first_volume_stands_for_all_of_them(shop, words):
    path = shop.zipped("v 50%.7z", "-v8k").with_name("v 50%.7z.001")
    for one in shop.place.glob("v 50%.7z.*"):
        one.chmod(0o600)
    assert words(path) == {}
    shop.place.joinpath("v 50%.7z.002").unlink()
    assert words(path)["present"] == "part_missing"


def test_the_last_of_several_zip_volumes_cannot_be_told(shop, words):
    (shop.place / "random").write_bytes(os.urandom(200_000))
    path = made(shop, "zip", "-q", "-s", "64k", "s.zip", "random", name="s.zip")
    assert shop.place.joinpath("s.z01").exists()
    assert words(path) == {"well_formed": "unsupported"}


def test_a_zip_behind_a_program_that_unpacks_it_is_a_zip(shop, words):
    (shop.place / "text").write_text("text\n" * 99)
    path = made(shop, "zip", "-q", "x.zip", "text", name="x.zip")
    path.write_bytes(b"#!/bin/sh\nexec unzip -q $0\n" + path.read_bytes())
    subprocess.run(["zip", "-qA", path], check=True)
    assert words(path) == {}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ((), {}),
        (("-BX", "--no-frame-crc"), {}),  # each block has a checksum of its own
        (("--content-size",), {}),
        (("--no-frame-crc",), {"well_formed": "no_checksum"}),
        (("-l",), {"well_formed": "no_checksum"}),
    ],
)
def test_lz4_says_whether_a_flip_would_show(shop, words, flags, said):
    path = shop.place / "t.tar.lz4"
    made(shop, "lz4", "-q", "-f", *flags, shop.tar(), path, name="t.tar.lz4")
    assert words(path) == said
    with path.open("ab") as file:
        file.write(b"rest of another file")
    assert words(path)["well_formed"] in ("trailing_bytes", "truncated", "damaged")


def test_two_lz4_streams_are_several(shop, words):
    one = made(shop, "lz4", "-q", "-f", shop.tar(), shop.place / "t.tar.lz4", name="t.tar.lz4")
    one.write_bytes(one.read_bytes() * 2)
    assert words(one)["well_formed"] == "several_members"


@pytest.mark.parametrize("flags", [("-p", "1"), ("-p", "4"), ("-1",), ("-12", "-p", "3")])
def test_frames_of_a_parallel_zstd_are_one_whole_and_two_files_joined_are_not(shop, words, flags):
    (shop.place / "big").write_bytes(os.urandom(9 << 20) + bytes(11 << 20))
    (shop.place / "small").write_bytes(os.urandom(50_000))
    packed = []
    for name in ("big", "small"):
        tar = made(shop, "tar", "-cf", f"{name}.tar", name, name=f"{name}.tar")
        packed.append(
            made(shop, "pzstd", "-q", "-f", *flags, tar, "-o", f"{tar}.zst", name=f"{name}.tar.zst")
        )
        assert words(packed[-1]) == {}
    big, small = (path.read_bytes() for path in packed)
    for joined in (small * 2, small + big, big + small + big):
        packed[0].write_bytes(joined)
        assert words(packed[0])["well_formed"] == "several_members"
    packed[0].write_bytes(big[: len(big) // 2] + big)
    assert words(packed[0])["well_formed"] in ("truncated", "damaged", "several_members")


def test_bytes_that_only_begin_like_openpgp_are_nobodys_seal(shop, words):
    path = shop.place / "20270114.dat"
    path.write_bytes(bytes.fromhex("d28a03b3c683850c") + os.urandom(50_000))
    path.chmod(0o600)
    assert words(path) == {"well_formed": "unsupported"}


@pytest.fixture
def gpg(verified, shop):
    """Words of what gpg sealed, with the key of `ops`."""
    given = {"sealed": {"scheme": "gpg", "secret": "ops"}}
    return lambda path: verified(ID, {"path": str(path), **given}, secrets=shop.secrets).reasons


def test_a_seal_by_passphrase_that_opens_tells_a_flip_from_a_cut(shop, gpg):
    word = shop.secrets["ops"]["passphrase"]
    path = shop.gpg(shop.tar(), "--symmetric", "--s2k-count", "1024", "--passphrase", word)
    whole = path.read_bytes()
    assert gpg(path) == {}
    half = bytearray(whole)
    half[len(half) // 2] ^= 4
    path.write_bytes(half)
    assert gpg(path)["sealed"] == "inner_damaged"
    path.write_bytes(whole[: len(whole) // 2])
    assert gpg(path) == {"well_formed": "truncated"}


def test_a_signature_of_somebody_unknown_spoils_no_seal(shop, gpg, tmp_path):
    home = tmp_path / "signer"
    home.mkdir(mode=0o700)
    asked = ("gpg", "--homedir", home, "--batch", "--trust-model", "always")
    ours = shop.run("gpg", "--homedir", shop.home, "--export", "ops@example.org")
    shop.run(*asked, "--import", stdin=ours)
    shop.run(*asked, "--passphrase", "", "--quick-gen-key", "sign@example.org", "ed25519", "sign", "never")
    path = shop.place / "a.tar.gpg"
    shop.run(*asked, "-s", "-e", "-r", "ops@example.org", "-o", path, shop.tar())
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    path.chmod(0o600)
    assert gpg(path) == {}
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 4
    path.write_bytes(raw)
    assert gpg(path)["sealed"] == "inner_damaged"
