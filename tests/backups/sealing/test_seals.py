"""Seals: what only claims to be one, opens for the wrong people, or hides damage, is found."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from checks.artefacts import sevenzip
from checks.artefacts.envelopes import age_ssh_name, seal_seen, spread
from checks.artefacts.packets import message

ID = "backup.archive"


def flip(path, at=None):
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2 if at is None else at] ^= 1
    path.write_bytes(raw)
    return path


def by_key(shop, tar):
    """Sealed for operations by a public key."""
    return (shop.age(tar, "ops"), "age"), (shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg")


@pytest.fixture
def sealed(verified, shop):
    """Words of one artefact that must be sealed."""

    def run(path, scheme="", *, key="ops", name="", secrets=None, **more):
        given = {"scheme": scheme, **({"secret": key} if key else {}), **more}
        known = shop.secrets if secrets is None else secrets
        return verified(ID, {"path": str(path), "sealed": given}, name=name, secrets=known)

    return run


@pytest.fixture
def tar(shop):
    return shop.packed("gzip", shop.tar(), "a.tar.gz", "-n")


def test_age_for_both_and_opened_is_good(shop, sealed, tar):
    path = shop.age(tar, "ops", "escrow")
    seen = sealed(path, "age", recipients=["ops", "escrow"], name="ok_age")
    assert seen.reasons == {}
    base = seen.facts.artefacts[0].base
    assert base.seal.recipients == ("X25519", "X25519")
    assert (base.seal.opened, base.seal.refused, base.seal.inner) == ("yes", "yes", "tar")
    assert base.fingerprint == seen.facts.artefacts[0].read.contents.root != ""


def test_the_envelope_alone_is_told_where_there_is_no_key(shop, sealed, tar):
    path = shop.age(tar, "ops", "escrow")
    for key in ("", "nobody"):
        seen = sealed(path, "age", key=key, name="unknown_no_key" if key else "")
        assert seen.reasons == {"well_formed": "no_key", "sealed": "no_key"}
        assert str(seen.result.state) == "unknown"
    other = sealed(shop.age(tar, "ops"), "age", key="", recipients=["ops", "escrow"])
    assert other.reasons["sealed"] == "recipient_missing"


def test_gpg_recipients_are_those_that_gpg_lists(shop, sealed, tar, key_ids):
    path = shop.gpg(tar, "--encrypt", "-r", "ops@example.org", "-r", "escrow@example.org")
    said = subprocess.run(
        ["gpg", "--homedir", shop.home, "--list-packets", "--list-only", path],
        capture_output=True,
        check=False,
    ).stdout.decode()
    assert list(message(path.read_bytes()[:65536]).recipients) == re.findall(r"keyid (\w{16})", said)
    assert sealed(path, "gpg", recipients=list(key_ids.values())).reasons == {}
    path = shop.gpg(tar, "--encrypt", "-r", "ops@example.org")
    seen = sealed(path, "gpg", recipients=list(key_ids.values()), name="crit_recipient_missing")
    assert seen.reasons == {"sealed": "recipient_missing"}
    hidden = shop.gpg(tar, "--encrypt", "-R", "ops@example.org")
    assert sealed(hidden, "gpg", recipients=list(key_ids.values())).reasons == {"sealed": "unsupported"}


def test_gpg_by_passphrase_and_armoured(shop, sealed, tar):
    word = shop.secrets["ops"]["passphrase"]
    path = shop.gpg(tar, "--symmetric", "--passphrase", word, "--armor")
    seen = sealed(path, "gpg")
    assert seen.reasons == {}
    assert seen.facts.artefacts[0].base.seal.recipients == ("passphrase",)
    assert sealed(path, "gpg", key="stranger").reasons["sealed"] == "does_not_open"


def test_zip_and_7z_and_openssl_with_a_recorded_digest(shop, sealed, tar):
    word = shop.secrets["ops"]["password"]
    for name, flags in (("s.zip", ("-mem=AES256",)), ("s.7z", ("-mhe=on",)), ("t.7z", ())):
        path = shop.zipped(name, f"-p{word}", *flags)
        assert sealed(path, name[2:]).reasons == {}
        assert sealed(path, name[2:]).facts.artefacts[0].read.contents.files >= 22
        assert sealed(path, name[2:], key="stranger").reasons["sealed"] == "does_not_open"
    path = shop.openssl(tar)
    shop.run("sha256sum", path, to=path.with_name(path.name + ".sha256"))
    assert sealed(path, "openssl", iterations=1000).reasons == {}
    path.unlink()
    sm4 = shop.openssl(tar, "sm4-cbc")
    shop.run("sha256sum", sm4, to=sm4.with_name(sm4.name + ".sha256"))
    assert sealed(sm4, "openssl", cipher="sm4-cbc", iterations=1000).reasons == {}


def test_plain_data_under_an_encrypted_name(shop, sealed, verified, tar):
    for ending in (".age", ".gpg", ".enc"):
        path = tar.with_name(tar.name + ending)
        path.write_bytes(tar.read_bytes())
        path.chmod(0o600)
        seen = verified(ID, {"path": str(path)}, name="crit_not_sealed" if ending == ".age" else "")
        assert seen.reasons == {"sealed": "not_sealed"}
    for name in ("p.zip", "p.7z"):
        assert sealed(shop.zipped(name), name[2:]).reasons["sealed"] == "not_sealed"


def test_a_right_envelope_around_plain_data(shop, sealed):
    path = shop.place / "fake.enc"
    path.write_bytes(b"Salted__12345678" + b"INSERT INTO t VALUES (1);\n" * 4000)
    path.chmod(0o600)
    seen = sealed(path, "openssl", key="")
    assert seen.reasons["sealed"] == "not_sealed"
    assert seen.facts.artefacts[0].base.seal.body_z > 1_000_000


def test_zipcrypto_is_weak(shop, sealed):
    path = shop.place / "weak.zip"
    subprocess.run(["zip", "-qr", "-P", "x", path, "."], cwd=shop.source, check=True)
    path.chmod(0o600)
    seen = sealed(path, "zip", key="")
    assert seen.reasons["sealed"] == "weak_seal"


def test_a_zip_cut_between_its_sealed_files_is_not_called_plain(shop, sealed):
    """Names and sizes that stand between the files are not even; what a cipher made of them is."""
    many = shop.source / "many"
    many.mkdir()
    for number in range(300):
        (many / f"a-long-enough-name-of-a-file-{number:05}.txt").write_bytes(os.urandom(200))
    path = shop.zipped("c.zip", "-mem=AES256", f"-p{shop.secrets['ops']['password']}", "-mx=1")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    seen = sealed(path, "zip")
    assert seen.facts.artefacts[0].base.seal.strength == "unknown"
    assert seen.reasons["well_formed"] == "truncated"
    assert seen.reasons.get("sealed") != "not_sealed"


@pytest.mark.parametrize("at", [4, 5])
def test_a_sealed_zip_that_seems_one_of_several_volumes_is_not_called_plain(shop, sealed, at):
    path = shop.zipped("v.zip", "-mem=AES256", f"-p{shop.secrets['ops']['password']}")
    raw = bytearray(path.read_bytes())
    raw[raw.rfind(b"PK\5\6") + at] ^= 1  # the number of this volume
    path.write_bytes(raw)
    seen = sealed(path, "zip")
    assert seen.reasons["well_formed"] == "unsupported"
    assert seen.reasons["sealed"] == "unsupported"


def test_one_plain_file_among_sealed_ones_is_no_seal(shop, sealed):
    path = shop.zipped("m.zip", "-mem=AES256", "-psecret")
    subprocess.run(["zip", "-q", path, "random.bin"], cwd=shop.source, check=True)
    assert sealed(path, "zip", key="").reasons["sealed"] == "not_sealed"


def test_the_wrong_key_does_not_open(shop, sealed, tar):
    for path, scheme in (
        (shop.age(tar, "ops"), "age"),
        (shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg"),
    ):
        seen = sealed(path, scheme, key="stranger", name="crit_does_not_open" if scheme == "age" else "")
        assert seen.reasons == {"well_formed": "not_read", "sealed": "does_not_open"}


def test_a_flip_behind_the_envelope(shop, sealed, tar):
    for path, scheme in (
        (shop.age(tar, "ops"), "age"),
        (shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg"),
    ):
        assert sealed(flip(path), scheme).reasons["sealed"] == "inner_damaged"
    for cipher in ("aes-256-cbc", "aes-256-ctr"):
        path = shop.openssl(tar, cipher)
        assert sealed(path, "openssl", cipher=cipher, iterations=1000).reasons == {"sealed": "no_integrity"}
        seen = sealed(flip(path), "openssl", cipher=cipher, iterations=1000)
        assert seen.reasons == {"well_formed": "not_read", "sealed": "inner_damaged"}


def test_a_cut_seal_is_truncated(shop, sealed, tar):
    for path, scheme in (
        (shop.age(tar, "ops"), "age"),
        (shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg"),
    ):
        for size in (path.stat().st_size - 1, path.stat().st_size // 2):
            os.truncate(path, size)
            assert sealed(path, scheme).reasons == {"well_formed": "truncated"}, (scheme, size)


def test_an_envelope_around_nothing(shop, sealed):
    nothing = shop.place / "nothing"
    nothing.touch()
    word = shop.secrets["ops"]["password"]
    packed = shop.packed("gzip", nothing, "nothing.gz")
    for path, scheme in (
        (shop.age(nothing, "ops"), "age"),
        (shop.age(packed, "ops"), "age"),
        (shop.gpg(nothing, "-e", "-r", "ops@example.org"), "gpg"),
    ):
        assert sealed(path, scheme).reasons == {"sealed": "inner_empty"}
    path = shop.openssl(nothing)
    assert sealed(path, "openssl", iterations=1000).reasons["sealed"] == "inner_empty"
    for name in ("e.zip", "e.7z"):
        made = shop.place / name
        flags = ("-mem=AES256",) if name.endswith("zip") else ()
        subprocess.run(
            ["7z", "a", "-bd", f"-p{word}", *flags, made, nothing], check=True, capture_output=True
        )
        made.chmod(0o600)
        assert sealed(made, name[2:]).reasons["sealed"] in ("inner_empty", "not_sealed")


def test_what_opens_without_a_key_is_no_secret(shop, sealed, tar):
    path = shop.place / "open.enc"
    shop.run("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-pass", "pass:", "-in", tar, "-out", path)
    path.chmod(0o600)
    secrets = {"ops": {"password": ""}}
    assert sealed(path, "openssl", secrets=secrets).reasons["sealed"] == "opens_for_anybody"


def test_no_key_stands_on_a_command_line_or_stays_behind(shop, sealed, tar, monkeypatch):
    log = shop.place / "argv"
    tools = shop.place / "bin"
    tools.mkdir()
    for name in ("age", "gpg", "openssl", "7z"):
        real = subprocess.run(["which", name], capture_output=True, check=True).stdout.decode().strip()
        (tools / name).write_text(
            f'#!/bin/sh\nprintf "%s\\n" "$0" "$@" >>{log}\nenv >>{log}\nexec {real} "$@"\n'
        )
        (tools / name).chmod(0o755)
    monkeypatch.setattr("agent.sources.backup_tools._PATH", f"{tools}:/usr/bin:/bin")
    word = shop.secrets["ops"]["password"]
    paths = [
        (shop.age(tar, "ops"), "age"),
        (shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg"),
        (shop.openssl(tar), "openssl"),
        (shop.zipped("a.7z", f"-p{word}"), "7z"),
    ]
    for path, scheme in paths:
        sealed(path, scheme, iterations=1000)
    said = log.read_text()
    assert all(str(tools / name) in said for name in ("age", "gpg", "openssl", "7z"))
    assert word not in said and "AGE-SECRET" not in said and "BEGIN PGP PRIVATE" not in said
    assert not [name for name in os.listdir("/dev/shm") if name.startswith(f"rs-gpg-{os.getpid()}-")]


def test_a_home_that_a_killed_look_left_goes_at_the_next(shop, sealed, tar):
    left = Path("/dev/shm/rs-gpg-4194305-left")  # a number that no process has
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("NOT TESTED: no /dev/shm here")
    left.mkdir(mode=0o700, exist_ok=True)
    (left / "key").write_text("secret")
    assert sealed(shop.gpg(tar, "-e", "-r", "ops@example.org"), "gpg").reasons == {}
    assert not left.exists()


def test_how_even_bytes_are(shop, tmp_path):
    even, text = tmp_path / "even", tmp_path / "text"
    even.write_bytes(os.urandom(3 << 20))
    text.write_bytes(b"INSERT INTO t VALUES (1);\n" * 100_000)
    with open(even, "rb") as file:
        assert all(abs(spread(file, [(0, 3 << 20)])) < 6000 for _ in range(5))
        assert spread(file, [(0, 100)]) is None
    with open(text, "rb") as file:
        assert spread(file, [(0, 2_600_000)]) > 1_000_000


def test_envelopes_by_their_first_bytes(shop, tar):
    def seen(path):
        with open(path, "rb") as file:
            return seal_seen(file, path.stat().st_size)

    assert seen(tar).scheme == ""
    armoured = shop.place / "a.asc"
    shop.run("age", "-a", "-r", shop.recipients["ops"], "-o", armoured, tar)
    assert (seen(armoured).scheme, seen(armoured).recipients) == ("age", ("X25519",))
    assert abs(seen(armoured).body_z) < 6000
    assert seen(shop.openssl(tar, "aes-256-cbc", "-a")).scheme == "openssl"
    assert abs(seen(shop.openssl(tar, "aes-256-cbc", "-a")).body_z) < 6000
    shop.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", shop.place / "id")
    public = (shop.place / "id.pub").read_text()
    shop.run("age", "-r", public.strip(), "-o", shop.place / "ssh.age", tar)
    assert seen(shop.place / "ssh.age").recipients == (age_ssh_name(public),)
    assert age_ssh_name("nobody") == ""


def test_a_7z_header_made_up_is_damage_and_no_crash(tmp_path):
    path = tmp_path / "x.7z"
    for number in range(50):
        path.write_bytes(sevenzip.MAGIC + os.urandom(26 + number * 7))
        with open(path, "rb") as file:
            assert sevenzip.look(file, path.stat().st_size).damage
    for number in range(200):
        message(bytes([0x84 + number % 60]) + os.urandom(200))
