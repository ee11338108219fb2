"""The usual means: size, a listing, the tool's own check, a restore's exit status, row counts.

Each says whether it finds something wrong with the newest artefact: True, False, or None where it has nothing
to say about this kind.
"""

import gzip
import json
import subprocess
import zlib

import databases
import files
import mariadb
import physical
import world as w

MEANS = ("size", "list", "check", "restore", "counts")
NAMES = {
    "size": "size > 0",
    "list": "pg_restore -l, gzip -t",
    "check": "tool's own check",
    "restore": "restore exit code",
    "counts": "row counts",
}


def usual(case):
    """What each of the means says of the newest artefact."""
    path = case.made.newest
    found = dict.fromkeys(MEANS)
    found["size"] = not path.exists() or (path.is_file() and path.stat().st_size == 0)
    if not path.exists():
        return found | {name: True for name in MEANS[1:] if name in _OF.get(case.base, {})}
    for name, how in _OF.get(case.base, {}).items():
        try:
            found[name] = how(case, path)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError, EOFError, zlib.error):
            found[name] = True
    return found


def fails(*words, **more):
    """Whether a program ends with an error."""
    return w.run(*words, check=False, timeout=300, **more).returncode != 0


def listing(case, path):
    return fails(databases.days(case.world).programs / "pg_restore", "-l", path)


def gzip_t(case, path):
    return fails("gzip", "-t", path)


def _restored(case, path, database):
    pg = databases.days(case.world)
    pg.sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)", f"CREATE DATABASE {database}")
    where = ("-h", "127.0.0.1", "-p", pg.port, "-U", "postgres", "-d", database)
    if case.base.startswith("pg-plain"):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return fails(
            pg.programs / "psql", "-X", "-q", *where, "-v", "ON_ERROR_STOP=1", input=text, env=_no_lo(pg)
        )
    return fails(pg.programs / "pg_restore", "--exit-on-error", "--no-owner", "--no-acl", *where, path)


def _no_lo(_):
    return {"PGOPTIONS": "-c client_min_messages=error"}


def restore(case, path):
    return _restored(case, path, "usual")


def counts(case, path):
    """Restored, and each table's rows counted beside the source's."""
    if _restored(case, path, "usual"):
        return True
    held = json.loads(case.world.folder("counted").joinpath("pg.json").read_text())
    pg = databases.days(case.world)
    try:
        return any(
            pg.sql(f"SELECT count(*) FROM ONLY {name}", database="usual")[0][0] != n
            for name, n in held.items()
        )
    except Exception:  # a table that is not there
        return True


def counted(world):
    """The source's counts, as somebody would have noted them."""
    pg = databases.days(world)
    rows = pg.sql(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname IN ('oa', 'public')",
        database=databases.NAME,
    )
    found = {
        name: pg.sql(f"SELECT count(*) FROM ONLY {name}", database=databases.NAME)[0][0] for (name,) in rows
    }
    world.folder("counted").joinpath("pg.json").write_text(json.dumps(found))


def _maria(case, path):
    maria = mariadb.server(case.world)
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    maria.sql("DROP DATABASE IF EXISTS usual", "CREATE DATABASE usual CHARACTER SET utf8mb4", database=None)
    return fails(
        w.tool("mariadb"), "--no-defaults", f"--socket={maria.socket}", "-uroot", "usual", input=data
    )


def _maria_counts(case, path):
    if _maria(case, path):
        return True
    maria = mariadb.server(case.world)
    try:
        return any(
            maria.sql(f"SELECT COUNT(*) FROM `{table}`", database="usual")
            != maria.sql(f"SELECT COUNT(*) FROM `{table}`")
            for table in ("订单", "item", "empty_one", "staff")
        )
    except Exception:  # a table that is not there
        return True


def _unpacked(case, path):
    return fails("tar", "-xzOf", path)


def _seven(case, path):
    return fails("7z", "t", f"-p{files.PASSPHRASE}", path)


def _age(case, path):
    return fails("age", "-d", "-i", files.keys(case.world) / "ops.age", "-o", "/dev/null", path)


def _gpg(case, path):
    return fails(
        "gpg",
        "--homedir",
        files.keys(case.world) / "ops.gpg",
        "--batch",
        "-o",
        "/dev/null",
        "--yes",
        "-d",
        path,
    )


def _openssl(case, path):
    return fails(
        "openssl",
        "enc",
        "-d",
        "-aes-256-cbc",
        "-pbkdf2",
        "-iter",
        "10000",
        "-pass",
        "stdin",
        "-in",
        path,
        "-out",
        "/dev/null",
        input=files.PASSPHRASE.encode(),
    )


def _verifybackup(case, path):
    return fails(physical.days(case.world).programs / "pg_verifybackup", "-n", path)


def _restic(case, path):
    import repositories

    repositories.restic(path, "check")
    return False


def _borg(case, path):
    import repositories

    repositories.borg("check", "--archives-only", path, base=case.world.folder("borg-base"))
    return False


def _rdb(case, path):
    return fails("redis-check-rdb", path)


_DUMP = {"list": listing, "restore": restore, "counts": counts}
_OF = {
    "pg-custom": _DUMP,
    "pg-directory": _DUMP,
    "pg-tar": _DUMP,
    "pg-plain": {"restore": restore, "counts": counts},
    "pg-plain.gz": {"list": gzip_t, "restore": restore, "counts": counts},
    "pg-basebackup": {"check": _verifybackup},
    "pg-incremental": {"check": _verifybackup},
    "mariadb": {"restore": _maria, "counts": _maria_counts},
    "tar.gz": {"list": gzip_t, "restore": _unpacked},
    "zip": {"check": _seven},
    "7z": {"check": _seven},
    "age": {"check": _age},
    "gpg": {"check": _gpg},
    "openssl": {"check": _openssl},
    "restic": {"check": _restic},
    "borg": {"check": _borg},
    "redis": {"check": _rdb},
}


def counted_if_needed(world, kind):
    """Note the source's counts while it is as the good dumps hold it."""
    if kind.startswith("pg-") and kind in databases.FORMATS:
        world.once("counted", counted)
