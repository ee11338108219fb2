"""D01-D19: what can befall any artefact."""

import os
import shutil
import subprocess

import case as c
import world as w

DUMPS = ("pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz", "mariadb")
SEALED = ("age", "gpg", "openssl")
PACKED = ("tar.gz", "zip", "7z")
SMALL = ("redis", "device-config")
FILES = ("pg-custom", "pg-tar", "pg-plain", "pg-plain.gz", "mariadb", *PACKED, *SEALED, *SMALL)
REPOSITORIES = ("restic", "borg", "pgbackrest")
TREES = ("pg-directory", "pg-basebackup", "mariabackup", "tree")
DATED = (*FILES, *TREES, "pg-incremental")


@c.plants("D01", *DATED)
def missing(case):
    for path in (case.path, *case.beside()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@c.plants("D02", *FILES)
def zero_bytes(case):
    case.path.write_bytes(b"")
    w.dated(case.path, w.DAYS[case.place])


@c.plants("D03", "pg-plain.gz", "mariadb", "tar.gz")
def gzip_of_nothing(case):
    # What `failed_dump | gzip` leaves.
    case.path.write_bytes(subprocess.run(["gzip", "-n"], input=b"", capture_output=True, check=True).stdout)
    assert case.path.stat().st_size == 20
    w.dated(case.path, w.DAYS[case.place])


@c.plants(
    "D04", "pg-custom", "pg-directory", "pg-tar", "pg-plain.gz", "mariadb", *PACKED, "age", "gpg", "redis"
)
def temporary_name(case):
    ending = case.random.choice([".part", ".tmp"])
    case.path.rename(case.path.with_name(case.path.name + ending))


@c.plants("D05", "pg-directory", "pg-basebackup", "mariabackup", *REPOSITORIES, standing=True)
def part_missing(case):
    case.victim().unlink()


@c.plants(
    "D06",
    "pg-custom",
    "pg-directory",
    "pg-tar",
    "pg-plain",
    "pg-plain.gz",
    "mariadb",
    *PACKED,
    *SEALED,
    "redis",
)
def under_todays_name(case):
    for path in (case.path, *case.beside()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for old in (case.before, *case.beside(case.before)):
        new = old.with_name(old.name.replace(c.slot(case.before), c.slot(case.path), 1))
        subprocess.run(["cp", "-a", old, new], check=True)
        if old.suffix == ".sha256":
            new.write_text(old.read_text().replace(c.slot(case.before), c.slot(case.path)))
        w.dated(new, w.DAYS[case.place])


@c.plants("D08", *FILES, "pg-directory", "pg-basebackup", "tree")
def from_the_future(case):
    w.dated(case.path, w.NOW + w.timedelta(days=2, hours=case.random.randrange(100)))


@c.plants("D09", *FILES, *TREES, *REPOSITORIES, standing=True)
def cut_to_a_half(case):
    os.truncate(case.victim(), case.victim().stat().st_size // 2)


@c.plants("D10", *FILES, *TREES, *REPOSITORIES, standing=True)
def last_byte_missing(case):
    victim = case.victim()
    os.truncate(victim, victim.stat().st_size - 1)


@c.plants("D11", *FILES, *TREES, *REPOSITORIES, standing=True)
def one_bit(case):
    victim = case.victim()
    where = case.offset(victim.stat().st_size)
    byte = victim.read_bytes()[where]
    c.patch(victim, where, bytes([byte ^ 1 << case.random.randrange(8)]))


@c.plants("D12", *[k for k in FILES if k != "device-config"], *TREES, *REPOSITORIES, standing=True)
def block_zeroed(case):
    victim = case.victim()
    data = victim.read_bytes()
    size = min(4096, max(len(data) // 4, 1))
    held = [at for at in range(len(data) // 8, len(data) - size, 512) if any(data[at : at + size])]
    held = held or [at for at in range(0, len(data) - size + 1, 512) if any(data[at : at + size])]
    c.patch(victim, case.random.choice(held), bytes(size))


@c.plants("D13", *[k for k in FILES if k != "device-config"], *TREES, *REPOSITORIES, standing=True)
def blocks_swapped(case):
    victim = case.victim()
    data = victim.read_bytes()
    size = min(4096, max(len(data) // 8, 1))
    spots = [at for at in range(0, len(data) - size + 1, size) if any(data[at : at + size])]
    one = case.random.choice(spots)
    every = reversed(range(0, len(data) - size + 1, size))
    other = next(at for at in every if data[at : at + size] != data[one : one + size])
    c.patch(victim, one, data[other : other + size])
    c.patch(victim, other, data[one : one + size])


@c.plants("D14", *FILES, "pg-directory", "pg-basebackup", "tree", standing=True)
def bytes_appended(case):
    with open(case.victim(), "ab") as out:
        out.write(case.random.randbytes(case.random.randrange(1, 600)))


@c.plants("D15", *FILES, "pg-directory", "pg-basebackup", "tree", standing=True)
def replaced(case):
    victim = case.victim()
    held = victim.stat()
    other = victim.with_name(victim.name + ".new")
    data = bytearray(victim.read_bytes())
    where = case.offset(len(data), 16)
    data[where : where + 16] = case.random.randbytes(len(data[where : where + 16]))
    other.write_bytes(data)
    other.chmod(held.st_mode)
    os.chown(other, held.st_uid, held.st_gid)
    os.replace(other, victim)
    os.utime(victim, ns=(held.st_atime_ns, held.st_mtime_ns))
