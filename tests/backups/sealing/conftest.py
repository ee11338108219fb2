"""Real archives and sealed files: tar, gzip, zstd, xz, zip, 7z, age, gpg, openssl."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "not-a-real-Secret-7"


@dataclass
class Workshop:
    """Makes them below `place`; `secrets` opens them, `others` does not."""

    place: Path
    source: Path
    recipients: dict[str, str]
    home: Path
    secrets: dict[str, dict[str, str]]

    def run(self, *words: object, to: Path | None = None, stdin: bytes | None = None) -> bytes:
        """Run a tool; its output."""
        program = shutil.which(str(words[0]))
        if program is None:
            pytest.skip(f"NOT TESTED: {words[0]} is not installed")
        made = subprocess.run(
            [program, *map(str, words[1:])], input=stdin, capture_output=True, check=True, timeout=300
        ).stdout
        if to is not None:
            to.write_bytes(made)
            to.chmod(0o600)
        return made

    def tar(self, name: str = "a.tar") -> Path:
        """The source's directory."""
        path = self.place / name
        self.run("tar", "-C", self.source, "--sort=name", "-cf", path, ".")
        path.chmod(0o600)
        return path

    def packed(self, tool: str, path: Path, to: str, *flags: str) -> Path:
        """`path` through a compressor."""
        made = self.place / to
        self.run(tool, "-c", *flags, path, to=made)
        return made

    def age(self, path: Path, *names: str) -> Path:
        """`path` sealed for these."""
        made = path.with_name(path.name + ".age")
        made.unlink(missing_ok=True)
        self.run("age", *(word for one in names for word in ("-r", self.recipients[one])), "-o", made, path)
        made.chmod(0o600)
        return made

    def gpg(self, path: Path, *words: str) -> Path:
        """`path` through gpg."""
        made = path.with_name(path.name + ".gpg")
        made.unlink(missing_ok=True)
        options = ("--batch", "--trust-model", "always", "--pinentry-mode", "loopback")
        self.run("gpg", "--homedir", self.home, *options, *words, "-o", made, path)
        made.chmod(0o600)
        return made

    def openssl(self, path: Path, cipher: str = "aes-256-cbc", *words: str) -> Path:
        """`path` through openssl enc."""
        made = path.with_name(path.name + ".enc")
        options = ("-pbkdf2", "-iter", "1000", "-pass", f"pass:{PASSWORD}")
        self.run("openssl", "enc", f"-{cipher}", *options, *words, "-in", path, "-out", made)
        made.chmod(0o600)
        return made

    def zipped(self, name: str, *words: str) -> Path:
        """The source's directory by 7z, as zip or 7z by its ending."""
        made = self.place / name
        made.unlink(missing_ok=True)
        if shutil.which("7z") is None:
            pytest.skip("NOT TESTED: 7z is not installed")
        program = str(shutil.which("7z"))
        subprocess.run(
            [program, "a", "-bd", "-y", *words, str(made), "."],
            cwd=self.source,
            check=True,
            capture_output=True,
        )
        if made.exists():  # else in volumes
            made.chmod(0o600)
        return made


@pytest.fixture(scope="session")
def _keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    top = tmp_path_factory.mktemp("keys")
    for name in ("age-keygen", "age", "gpg"):
        if shutil.which(name) is None:
            pytest.skip(f"NOT TESTED: {name} is not installed")
    shop = Workshop(top, top, {}, top / "g", {})
    shop.home.mkdir(mode=0o700)
    identities = {}
    for name in ("ops", "escrow", "stranger"):
        identities[name] = shop.run("age-keygen").decode()
        shop.recipients[name] = next(
            line.split(": ")[1] for line in identities[name].splitlines() if "public key" in line
        )
        shop.run("gpg", "--homedir", shop.home, "--batch", "--passphrase", "", "--quick-gen-key",
                 f"{name}@example.org", "rsa2048", "encrypt", "never")  # fmt: skip

    def exported(name: str) -> str:
        asked = ("gpg", "--homedir", shop.home, "--batch", "--armor", "--export-secret-keys")
        return shop.run(*asked, f"{name}@example.org").decode()

    words = {"ops": PASSWORD, "stranger": "another-Secret-8"}
    shop.secrets = {
        name: {"identity": identities[name], "key": exported(name), "password": word, "passphrase": word}
        for name, word in words.items()
    }
    yield shop
    subprocess.run(["gpgconf", "--homedir", str(shop.home), "--kill", "all"], check=False)


@pytest.fixture
def shop(_keys: Workshop, tmp_path: Path) -> Workshop:
    """A workshop of this test's own, with keys that all share."""
    tmp_path.chmod(0o700)
    source, place = tmp_path / "source", tmp_path / "backup"
    place.mkdir(mode=0o700)
    (source / "处室").mkdir(parents=True)
    for number in range(20):
        (source / "处室" / f"文件{number}.txt").write_bytes(f"{number} 通知\n".encode() * 900)
    (source / "random.bin").write_bytes(os.urandom(200_000))
    (source / "empty").touch()
    (source / "link").symlink_to("random.bin")
    os.link(source / "random.bin", source / "random.hard")
    with open(os.fsencode(source) + "/报告.txt".encode("gbk"), "wb") as out:
        out.write(b"GBK\n")
    return Workshop(place, source, _keys.recipients, _keys.home, _keys.secrets)


@pytest.fixture
def key_ids(_keys: Workshop) -> dict[str, str]:
    """Name -> id of the gpg key that opens for it."""
    found = {}
    for name in ("ops", "escrow"):
        said = _keys.run(
            "gpg", "--homedir", _keys.home, "--with-colons", "--list-keys", f"{name}@example.org"
        )
        rows = [line.split(":") for line in said.decode().splitlines()]
        found[name] = next(row[4] for row in rows if row[0] in ("pub", "sub") and "e" in row[11])
    return found
