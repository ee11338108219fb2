"""D16-D19: what stands beside an artefact, and its size."""

import gzip
import json
import subprocess

import case as c
import databases
import files
import mariadb
import small
import world as w


@c.plants("D16", "mariadb", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz")
def fingerprint_edited(case):
    """The rows were changed, and the sidecar was made to fit: by its own program, as who knows it would."""
    other_rows(case, "one row changed", fingerprint=True)


@c.plants("D17", "mariadb", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz", "tar.gz")
def nothing_beside(case):
    for path in case.beside():
        path.unlink()
    if case.kind == "tar.gz":
        case.params |= {"recorded": True}


@c.plants("D16", "tar.gz", standing=True)
def digest_edited(case):
    """The file was changed where it lies, and its recorded digest after it."""
    data = bytearray(case.path.read_bytes())
    plain = bytearray(gzip.decompress(bytes(data)))
    plain[case.offset(len(plain))] ^= 1
    packed = subprocess.run(["gzip", "-n"], input=bytes(plain), capture_output=True, check=True).stdout
    case.path.write_bytes(packed)
    w.noted(case.path)


def other_rows(case, what, *, fingerprint=False, statements=None):
    """The dump of a database that differs, in the place of the right one."""
    at = w.DAYS[case.place]
    kept = {path: path.read_bytes() for path in case.beside() if path.suffix == ".json"}
    c.remove(case.path)
    if case.base == "mariadb":
        mariadb.variant(case.world, case.path, at, what, fingerprint=fingerprint)
    else:
        databases.variant(case.world, case.base, case.path, at, what, fingerprint=fingerprint)
    if not fingerprint:
        for path, data in kept.items():
            path.write_bytes(_told(path, data, case.path))
            path.chmod(0o600)
            w.dated(path, at + w.timedelta(minutes=1))


def _told(path, data, artefact):
    # The job that made the bad dump recorded the bad dump's bytes: only rows tell.
    held = json.loads(data)
    held["artefact"] = None
    return json.dumps(held).encode()


@c.plants("D18", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz", "mariadb")
def a_third_of_the_rows(case):
    other_rows(case, "a third")


@c.plants("D19", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "pg-plain.gz", "mariadb")
def four_times_the_rows(case):
    other_rows(case, "fourfold")


@c.plants("D18", "tar.gz", "zip", "7z")
def a_third_of_the_files(case):
    source = files.documents(case.world)[case.place]
    part = case.world.folder("empty") / "third"
    subprocess.run(["rm", "-rf", part], check=True)
    subprocess.run(["cp", "-a", source, part], check=True)
    # A third of what packs well, and a third of what does not: so much of the whole, whatever lies where.
    for packs in (True, False):
        mine = [p for p in part.rglob("*") if p.is_file() and (p.suffix == ".txt") is packs]
        left = sum(p.stat().st_size for p in mine) // 3
        for path in sorted(mine):
            left -= path.stat().st_size
            if left < 0:
                path.unlink()
    again(case, part)


@c.plants("D19", "tar.gz", "zip", "7z")
def four_times_the_files(case):
    source = files.documents(case.world)[case.place]
    more = case.world.folder("empty") / "more"
    subprocess.run(["rm", "-rf", more], check=True)
    more.mkdir()
    for number in range(4):
        subprocess.run(["cp", "-a", source, more / str(number)], check=True)
        for path in (p for p in (more / str(number)).rglob("*") if number and p.is_file()):
            # Not the same bytes again, which would pack to nothing; but such that they pack as well.
            packs = path.suffix == ".txt"
            path.write_bytes(files._body(case.random, path.stat().st_size, packed=not packs))
    again(case, more)


def again(case, source):
    """Pack another directory in the artefact's place."""
    c.remove(case.path)
    files.archive(case.kind, source, case.path, w.DAYS[case.place])


@c.plants("D18", "age")
def sealed_third(case):
    sealed_other(case, "a third")


@c.plants("D19", "age")
def sealed_fourfold(case):
    sealed_other(case, "fourfold")


def sealed_other(case, what):
    """Another dump inside the envelope; the fingerprint tells of rows alone."""
    for path in case.beside():
        if path.suffix == ".json":
            path.write_bytes(_told(path, path.read_bytes(), case.path))
    inner = case.world.folder("empty") / case.path.name.removesuffix(".age")
    databases.variant(case.world, "pg-custom", inner, w.DAYS[case.place], what, fingerprint=False)
    files.seal(case.world, "age", inner, case.path, w.DAYS[case.place])


@c.plants("D18", "redis")
def fewer_keys(case):
    given = [_third(one) for one in small.commands(case.world, case.place)]
    small.redis(case.world, given, case.path, w.DAYS[case.place])


def _third(command):
    """One key of three."""
    if command[0] != "MSET":
        return command
    pairs = list(zip(command[1::2], command[2::2], strict=True))[::3]
    return ("MSET", *(word for pair in pairs for word in pair))


@c.plants("D19", "redis")
def more_keys(case):
    given = list(small.commands(case.world, case.place))
    count = sum((len(one) - 1) // 2 for one in given if one[0] == "MSET")
    more = [("SET", f"more:{n}", f"{case.random.getrandbits(256):064x}") for n in range(3 * count)]
    small.redis(case.world, [*given, *more], case.path, w.DAYS[case.place])


@c.plants("D18", "device-config")
def fewer_lines(case):
    case.path.write_text(small.config("2026-03-04 02:00:00", ports=4))
    small.finish(case.path, w.DAYS[case.place])


@c.plants("D19", "device-config")
def more_lines(case):
    case.path.write_text(small.config("2026-03-04 02:00:00", ports=113))
    small.finish(case.path, w.DAYS[case.place])


@c.plants("D07", "pg-custom", "pg-directory", "pg-tar", "pg-plain", "mariadb", "redis", "age")
def dumped_yesterday(case):
    """Made a day ago, and put there today under today's name."""
    then, now = w.DAYS[case.place - 1] - w.timedelta(hours=2), w.DAYS[case.place]
    c.remove(case.path)
    if case.kind == "redis":
        small.redis(case.world, small.commands(case.world, case.place), case.path, then)
    elif case.kind == "age":
        inner = case.world.folder("empty") / case.path.name.removesuffix(".age")
        databases.variant(case.world, "pg-custom", inner, then, "as it is", fingerprint=False)
        files.seal(case.world, "age", inner, case.path, now)
    elif case.kind == "mariadb":
        mariadb.variant(case.world, case.path, then, "as it is", fingerprint=True)
    else:
        databases.variant(case.world, case.base, case.path, then, "as it is", fingerprint=True)
    for one in (case.path, *case.beside()):
        w.dated(one, now + w.timedelta(minutes=1))
