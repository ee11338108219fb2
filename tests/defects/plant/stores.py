"""D60-D63 and what else befalls repositories, trees, retention."""

import shutil
import subprocess

import case as c
import files
import repositories
import world as w


@c.plants("D60", "restic", "borg", standing=True)
def pack_flipped(case):
    victim = case.victim()
    where = case.offset(victim.stat().st_size)
    c.patch(victim, where, bytes([victim.read_bytes()[where] ^ 8]))


@c.plants("D61", "restic", "borg", standing=True)
def swapped(case):
    """Another repository with snapshots of the same days stands at its place."""
    other = case.world.folder("swap", case.base) / "repository"
    if not other.exists():
        files.live(case.world, files.documents(case.world)[2])
        if case.base == "restic":
            repositories.restic(other, "init")
            repositories.restic_days(case.world, other)
        else:
            base = case.world.folder("borg-base")
            repositories.borg("init", "-e", "repokey-blake2", other, base=base)
            repositories.borg_days(case.world, other)
    c.run_cp(other, case.path)
    case.ignored |= {"vanished", "eating_good", "retention_short"}


@c.plants("D30", "restic", "borg")
def wrong_password(case):
    case.params |= {"password": "stranger"}
    case.asked = True


@c.plants("D07", "restic", "borg")
def old_data_again(case):
    """The job ran last night on a mount of the day before: what it made says so."""
    if case.base == "restic":
        repositories.restic(case.path, "forget", "latest", "--tag", "daily")
        repositories.restic_day(case.world, case.path, 1)
    else:
        base = case.world.folder("borg-base")
        name = f"{case.path}::oa-{w.DAYS[2]:%Y%m%d}"
        repositories.borg("delete", name, base=base)
        repositories.borg_day(case.world, case.path, 1, name=f"oa-{w.DAYS[2]:%Y%m%d}")
    # Only the newest is asked: older ones are as old as they should be.
    case.params |= {"max_age_s": 26 * 3600, "artefacts": 1}


@c.plants("D62", "restic/omitted", "borg/omitted")
def file_omitted(case):
    """The snapshot of last night lacks a file that the source's manifest names."""
    top = files.live(case.world, files.documents(case.world)[2])
    victim = case.random.choice(sorted(p for p in top.rglob("*.txt") if p.stat().st_size))
    victim.unlink()
    if case.base == "restic":
        repositories.restic(case.path, "forget", "latest", "--tag", "daily")
        repositories.restic_day(case.world, case.path, 2, live=False)
    else:
        name = f"oa-{w.DAYS[2]:%Y%m%d}"
        repositories.borg("delete", f"{case.path}::{name}", base=case.world.folder("borg-base"))
        repositories.borg_day(case.world, case.path, 2, name=name, live=False)


@c.plants("D62", "tree/omitted")
def omitted(case):
    case.random.choice(sorted(p for p in case.path.rglob("*") if p.is_file() and p.stat().st_size)).unlink()


@c.plants("D62", "tree/deletion")
def deletion_not_carried(case):
    """rsync without --delete: what the source deleted yesterday still stands in the copy."""
    held = {p.relative_to(case.before) for p in case.before.rglob("*") if p.is_file()}
    gone = sorted(name for name in held if not (case.path / name).exists())
    assert gone
    for name in gone:
        shutil.copy2(case.before / name, case.path / name)


@c.plants("D16", "tree")
def tree_manifest_edited(case):
    """A file changed, and a manifest made that fits it; the source's agent signed another one."""
    victim = case.victim()
    held = victim.stat()
    c.patch(victim, case.offset(held.st_size), b"#")
    again_manifest(case)


def again_manifest(case):
    """A manifest of the copy as it is now, by the product's own program, in the old one's place."""
    sources = [*files.documents(case.world)[: case.place], case.path]
    sources += [case.path] * (len(w.DAYS) - len(sources))
    made, _ = files.manifests(case.world, sources, "oa-files", shelf=f"forged-{case.seed}")
    shutil.copy2(made[case.place], case.top / f"{c.slot(case.path)}.manifest.gz")


@c.plants("D17", "tree")
def tree_manifest_missing(case):
    case.top.joinpath(f"{c.slot(case.path)}.manifest.gz").unlink()


@c.plants("D16", "pg-basebackup", standing=True)
def base_manifest_edited(case):
    """A data file changed, and its line in backup_manifest after it, with the manifest's own digest."""
    import hashlib
    import json

    victim = case.victim()
    where = case.offset(victim.stat().st_size)
    c.patch(victim, where, bytes([victim.read_bytes()[where] ^ 1]))
    path = case.path / "backup_manifest"
    held = path.read_text()
    name = str(victim.relative_to(case.path))
    old = next(one["Checksum"] for one in json.loads(held)["Files"] if one.get("Path") == name)
    text = held.replace(old, hashlib.sha256(victim.read_bytes()).hexdigest())
    body, _, _ = text.rpartition('"Manifest-Checksum"')
    path.write_text(body + f'"Manifest-Checksum": "{hashlib.sha256(body.encode()).hexdigest()}"}}\n')


@c.plants("D17", "pg-basebackup")
def base_manifest_missing(case):
    (case.path / "backup_manifest").unlink()
    w.dated(case.path, w.DAYS[case.place] + w.timedelta(minutes=1))


@c.plants("D63", "pg-custom", "pg-incremental", "tree", standing=True)
def retention_short(case):
    """The oldest day was purged, though three months were promised."""
    case.place = 0
    (c.remove_alone if case.base == "tree" else c.remove)(case.path)
    case.victims |= {path.name for path in case.made.days}
    case.ignored |= {"vanished", "eating_good"}


@c.plants("D05", "7z")
def volume_missing(case):
    """Packed in volumes, and one of them never came."""
    source = files.documents(case.world)[case.place]
    c.remove(case.path)
    w.run(
        "7z",
        "a",
        "-bd",
        "-mx=1",
        "-y",
        "-t7z",
        "-mhe=on",
        f"-p{files.PASSPHRASE}",
        f"-v{_third(case)}b",
        case.path,
        ".",
        cwd=source,
    )
    volumes = sorted(case.path.parent.glob(case.path.name + ".*"))
    volumes[1].unlink()
    for path in volumes[:1] + volumes[2:]:
        path.chmod(0o600)
        w.dated(path, w.DAYS[case.place] + w.timedelta(minutes=1))
    case.params |= {"path": case.made.params["path"] + "*"}


def _third(case):
    return max(case.before.stat().st_size // 3, 1000)


@c.plants("D26", "pg-custom", "tree")
def deletable(case):
    """Who runs production owns the backups' directory as well."""
    import verify as v

    subprocess.run(["chown", "nobody", case.top], check=True)
    case.victims |= {path.name for path in case.made.days}

    def look(state, at):
        given = {"path": case.made.params["path"], "refused": ["nobody"], "services": False}
        v.look(state, "backup.access", given, at)

    case.checks.append(look)


@c.plants("D33", "device-config")
def plain_ftp(case):
    case.params |= {"transport": "ftp"}
    case.asked = True
    case.victims |= {path.name for path in case.made.days}


@c.plants("D33", "pg-custom")
def ftp_server(case):
    """The machine that holds them offers FTP."""
    import socket

    import verify as v

    case.asked = True
    case.victims |= {path.name for path in case.made.days}

    def look(state, at):
        with socket.socket() as server:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                server.bind(("0.0.0.0", 21))
            except OSError as problem:
                raise w.Missing(f"port 21: {problem}") from problem
            server.listen()
            v.look(state, "backup.access", {"path": case.made.params["path"], "services": True}, at)

    case.checks.append(look)
