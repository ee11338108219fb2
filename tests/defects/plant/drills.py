"""D53 at the drill, D64; and what a drill must not mind (B10, B12, B15, B16)."""

import hashlib
import json
import shutil
import subprocess

import case as c
import databases
import verify as v
import world as w


def drilled(case, kind="postgres", **params):
    """A restore drill of the newest artefact after the usual look: that one is hit, whatever the place."""
    case.place = 2
    state_of = case.world.folder("state")

    def look(state, at):
        given = {"path": case.made.params["path"], "kind": kind, "artefacts": 1, **params}
        v.look(state, "backup.drill", given, at, secrets=state_of)

    case.checks.append(look)


@c.plants("D64", "drill/target")
def into_the_source(case):
    """The scratch directory lies within the source's own."""
    case.asked = True
    drilled(case, source={"directory": str(case.world.folder("state"))})


@c.plants("D64", "drill/compared")
def compared_with_another(case):
    """What is compared is another instance's fingerprint."""
    case.asked = True
    pg = databases.days(case.world)
    case.world.once(
        "hr pg",
        lambda _: (
            pg.sql("CREATE DATABASE hr_db")
            or pg.sql(
                "CREATE TABLE staff AS SELECT g, md5(g::text) FROM generate_series(1, 4000) g",
                database="hr_db",
            )
        ),
    )
    other = case.world.folder("empty") / "hr.dump"
    other.write_bytes(b"")
    databases.write_fingerprint(pg, other, "hr_db")
    drilled(case, source={"database": databases.NAME}, fingerprint=str(other) + ".fingerprint.json")
    # Another's rows are not these, of course.
    case.ignored |= {"table_missing", "table_extra", "rows_missing", "rows_extra", "rows_differ"}


@c.plants("D64", "drill/overran")
def overran(case):
    """One second was agreed."""
    case.asked = True
    drilled(case, restore_within_s=1)


@c.plants("D64", "drill/rolled-back")
def rolled_back(case):
    """All of it in a transaction that is taken back; the client reports success."""
    case.place = 2
    source = case.world.made("pg-plain").newest
    # pg_dump puts large objects into a transaction of their own: its COMMIT would keep all that came before.
    text = source.read_bytes().replace(b"\nBEGIN;\n", b"\n").replace(b"\nCOMMIT;\n", b"\n")
    place = plain(case, b"BEGIN;\n" + text + b"\nROLLBACK;\n")
    held = source.with_name(source.name + ".fingerprint.json")
    shutil.copy2(held, place.with_name(place.name + ".fingerprint.json"))
    drilled(case, path=str(place))
    case.ignored |= {"nothing_in_it", "table_missing", "large_objects_missing"}


def plain(case, text):
    """A plain dump of its own for the drill alone."""
    place = case.top / "other"
    place.mkdir(mode=0o700, exist_ok=True)
    path = place / f"{c.slot(case.path)}.sql"
    path.write_bytes(text)
    path.chmod(0o600)
    w.dated(path, w.DAYS[case.place])
    return path


def base_backup(case):
    """The newest base backup, beside the dumps."""
    source = case.world.made("pg-basebackup").newest
    place = case.top / "base"
    place.mkdir(mode=0o700, exist_ok=True)
    c.run_cp(source, place / source.name)
    return place / source.name


@c.plants("D53", "drill")
def page_flipped_at_the_source(case):
    """Damaged before it was backed up: the manifest fits."""
    path = base_backup(case)
    pg = sys_pg(case)
    node = pg.sql("SELECT pg_relation_filepath('oa.document')", database="oa_db")[0][0]
    victim = path / node
    data = bytearray(victim.read_bytes())
    where = 8192 * case.random.randrange(len(data) // 8192) + 8000
    data[where] ^= 32
    old = hashlib.sha256(victim.read_bytes()).hexdigest()
    victim.write_bytes(data)
    manifest = path / "backup_manifest"
    text = manifest.read_text()
    assert old in text and json.loads(text)
    body, _, _ = text.replace(old, hashlib.sha256(data).hexdigest()).rpartition('"Manifest-Checksum"')
    manifest.write_text(body + f'"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n')
    drilled(case, kind="basebackup", path=str(path), compare="none")


def sys_pg(case):
    import physical

    return physical.days(case.world)


@c.benign("B10", "drill")
def unlogged_is_empty(case):
    drilled(case, kind="basebackup", path=str(base_backup(case)), compare="none")


@c.benign("B12", "drill")
def no_bloat(case):
    drilled(case)


@c.benign("B16", "drill")
def no_roles(case):
    """The dump grants to roles that the drill host has not."""
    drilled(case, globals="")


@c.benign("B15", "drill")
def extension_missing(case):
    case.place = 2
    source = case.world.made("pg-plain").newest
    text = source.read_bytes().replace(
        b"CREATE SCHEMA oa;\n", b"CREATE EXTENSION zhparser;\n\nCREATE SCHEMA oa;\n", 1
    )
    assert text != source.read_bytes()
    drilled(case, path=str(plain(case, text)), compare="none")


def make(world, kind):
    """The dumps of pg-custom again, for drills."""
    source = world.made("pg-custom")
    top = world.folder("good") / kind
    shutil.rmtree(top, ignore_errors=True)
    subprocess.run(["cp", "-a", source.top, top], check=True)
    params = {**source.params, "path": str(top / "%Y%m%d.dump"), "globals": str(top / "globals.sql")}
    days = [top / path.name for path in source.days]
    return w.Made(kind, top, days, source.check, params, dict(source.facts))
