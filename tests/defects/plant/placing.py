"""D20-D33: place, rights, copies, sealing."""

import os
import shutil

import case as c
import files
import verify as v
import world as w

EVERYWHERE = (
    "pg-custom",
    "pg-directory",
    "pg-tar",
    "pg-plain",
    "pg-plain.gz",
    "pg-basebackup",
    "mariadb",
    "tree",
    "tar.gz",
    "zip",
    "age",
    "gpg",
    "openssl",
    "7z",
    "redis",
    "device-config",
)


@c.plants("D24", *EVERYWHERE, standing=True)
def readable_by_everybody(case):
    case.path.chmod(0o755 if case.path.is_dir() else case.random.choice([0o604, 0o644, 0o640 | 0o004]))


@c.plants("D25", *EVERYWHERE, standing=True)
def parent_writable(case):
    case.top.chmod(case.random.choice([0o777, 0o702, 0o757]))
    # All that lies in it is in danger.
    case.victims |= {path.name for path in case.made.days}


@c.plants("D27", "age", "gpg", "openssl", "zip", "7z")
def plain_under_an_encrypted_name(case):
    if case.kind in files.INNER:
        source = case.world.made(files.INNER[case.kind][0]).days[case.place]
        case.path.write_bytes(source.read_bytes())
        of_rows_alone(case)
    else:
        source = files.documents(case.world)[case.place]
        case.path.unlink()
        words = ["-tzip"] if case.kind == "zip" else ["-t7z"]
        w.run("7z", "a", "-bd", "-y", "-mx=1", *words, case.path, ".", cwd=source)
    files._finish(case.path, w.DAYS[case.place])


@c.plants("D28", "zip")
def zip_crypto(case):
    case.path.unlink()
    source = files.documents(case.world)[case.place]
    words = ["-tzip", "-mem=ZipCrypto", f"-p{files.PASSPHRASE}"]
    w.run("7z", "a", "-bd", "-y", "-mx=1", *words, case.path, ".", cwd=source)
    files._finish(case.path, w.DAYS[case.place])


def sealed_again(case, **how):
    """The right inner file, sealed otherwise."""
    source = case.world.made(files.INNER[case.base][0]).days[case.place]
    files.seal(case.world, case.base, source, case.path, w.DAYS[case.place], **how)
    of_rows_alone(case)


def of_rows_alone(case):
    """The job that made it recorded no bytes beside it that would tell."""
    import json

    for path in (one for one in case.beside() if one.suffix == ".json"):
        path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), "artefact": None}), "utf-8")


@c.plants("D29", "age", "gpg")
def not_for_escrow(case):
    sealed_again(case, to=("ops",))


@c.plants("D30", "age", "gpg", "openssl", "zip", "7z")
def wrong_key(case):
    if case.kind == "age":
        sealed_again(case, to=("stranger", "escrow"))
    elif case.kind == "gpg":
        # Ours was rotated, and only the new one is held: the newest is asked, whatever the place.
        case.asked, case.place = True, 2
        case.params |= {"sealed": {**case.made.params["sealed"], "secret": "stranger"}, "artefacts": 1}
    elif case.kind == "openssl":
        sealed_again(case, password="rotated")
    else:
        case.path.unlink()
        source = files.documents(case.world)[case.place]
        files.archive(case.kind, source, case.path, w.DAYS[case.place], password="rotated")


@c.plants("D31", "openssl/cbc", "openssl/ctr")
def flip_without_integrity(case):
    cipher = f"aes-256-{case.way}"
    # Those before it are sealed otherwise, and are not asked.
    case.place = 2
    sealed_again(case, cipher=cipher)
    data = case.path.read_bytes()
    where = case.offset(len(data))
    case.path.write_bytes(data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :])
    w.dated(case.path, w.DAYS[case.place])
    # Nothing was recorded of it when it was made.
    for path in case.beside():
        path.unlink()
    sealed = {**case.made.params["sealed"], "cipher": cipher}
    case.params |= {"sealed": sealed, "artefacts": 1}


@c.plants("D32", "age", "gpg", "openssl", "zip", "7z")
def empty_inside(case):
    empty = case.world.folder("empty") / "nothing"
    empty.mkdir(exist_ok=True)
    if case.kind in files.INNER:
        source = empty / case.path.name.removesuffix(files.ENDING[case.kind])
        source.write_bytes(b"")
        files.seal(case.world, case.kind, source, case.path, w.DAYS[case.place])
        of_rows_alone(case)
    else:
        (empty / "20260304.sql").write_bytes(b"")
        case.path.unlink()
        files.archive(case.kind, empty, case.path, w.DAYS[case.place])


COPIED = ("pg-custom", "pg-directory", "mariadb", "tree", "tar.gz", "age")
COPY_RULE = {"to": "there", "within": "2h", "equal": "sha256"}


def copied(case, change, away=None):
    """The second place, looked at by its own agent; `change(folder)` is what befell it. `away`: a directory
    on another device of the same machine, looked at by the same agent."""
    top = (away or case.world.folder("copies")) / case.base
    c.run_cp(case.top, top)
    case.change = lambda: change(top)
    pattern = str(top) + case.made.params["path"].removeprefix(str(case.top))
    case.policy |= {"copy": {**COPY_RULE, "equal": "tree" if case.base == "tree" else "sha256"}}
    vantage = "county-agent" if case.same_agent else "backup-server"

    def look(state, at):
        given = {**case.made.params, **case.params, "path": pattern}
        v.look(
            state,
            case.made.check,
            given,
            at,
            place="there",
            vantage=vantage,
            secrets=case.world.folder("state"),
        )

    case.checks.append(look)


@c.plants("D20", *COPIED, standing=True)
def copy_missing(case):
    # In the middle: where the newest is what is missing, the copy is behind.
    case.place = max(case.place - 1, 0)
    copied(case, lambda top: c.remove_alone(top / case.path.name))


@c.plants("D21", *COPIED, standing=True)
def copy_differs(case):
    def one_bit(top):
        path = top / case.victim().relative_to(case.top)
        where = case.offset(path.stat().st_size)
        held = path.stat()
        c.patch(path, where, bytes([path.read_bytes()[where] ^ 4]))
        os.utime(path, ns=(held.st_atime_ns, held.st_mtime_ns))

    copied(case, one_bit)


@c.plants(
    "D22",
    "pg-custom/symlink",
    "pg-custom/hardlink",
    "pg-custom/device",
    "tree/device",
    "tar.gz/symlink",
    "age/hardlink",
    standing=True,
)
def copy_not_elsewhere(case):
    def here(top):
        path = top / case.path.name
        if case.way != "symlink":
            # The other device is gone, and its place is a directory on the first.
            kept = case.world.folder("copies") / f"{case.base}-moved"
            c.run_cp(top, kept)
            remove_all(top)
            top.symlink_to(kept)
        if case.way != "device":
            c.remove(path)
            {"symlink": os.symlink, "hardlink": os.link}[case.way](case.path, path)
            os.utime(path, ns=(case.path.stat().st_mtime_ns,) * 2, follow_symlinks=False)

    # A link to the first can only be where the first is: on its machine, looked at by its agent.
    away = case.world.elsewhere()
    case.elsewhere = away is not None
    case.same_agent = True
    if case.way != "symlink":
        case.victims |= {path.name for path in case.made.days}
    copied(case, here, away)


def remove_all(path):
    """A directory, or a link to one."""
    path.unlink() if path.is_symlink() else shutil.rmtree(path)


@c.plants("D23", "pg-custom", "mariadb", "tree", "tar.gz", "age", standing=True)
def copy_behind(case):
    case.place = 2
    copied(case, lambda top: c.remove(top / case.path.name))
